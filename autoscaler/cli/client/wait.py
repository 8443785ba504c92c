"""Waits until the running daemon has brought a service to the count of an override."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import typer

from autoscaler.cli.client.daemon_client import DaemonClient, service_path
from autoscaler.cli.client.evaluations import has_evaluated
from autoscaler.cli.client.operator import Answer, send, warn
from autoscaler.cli.client.wait_outlook import (
    OverrideDecisions,
    decision_about,
    failure,
    is_ready,
    passes_soon,
    pending_reason,
)
from autoscaler.core.model import Direction
from autoscaler.events import OperationFinished
from autoscaler.formats import format_duration, visible

ASK_EVERY_SECONDS = 0.5
# A daemon that was killed still leads for some 10 s, until another one acts; the next two evaluations show it.
GRACE_SECONDS, GRACE_CYCLES = 15.0, 2
REASON = "override"
Json = dict[str, Any]


@dataclass(slots=True)
class WaitLimit:
    """How long to wait, for all services together: until `deadline` (monotonic seconds).

    What passes soon or not at all gets `grace_seconds` only. `say` prints a line for the operator.
    """

    deadline: float
    timeout_seconds: float  # of the command line
    grace_seconds: float
    say: Callable[[str], None]
    _said: set[tuple[str, str]] = field(default_factory=set)

    def report(self, service: str, kind: str, why: str) -> None:
        """Print the reason to wait, once of each kind."""
        if (service, kind) not in self._said:
            self._said.add((service, kind))
            self.say(f"waiting: {service}: {why}")


def grace_seconds(api: DaemonClient) -> float:
    """Return how long to wait for a reason that passes soon or not at all.

    Raises:
        DaemonUnavailable: the daemon does not answer.
    """
    return GRACE_SECONDS + GRACE_CYCLES * float(api.status()["interval_seconds"])


def await_service(api: DaemonClient, service: str, limit: WaitLimit) -> None:
    """Wait until the daemon knows the service, or its first cycle is over.

    Raises:
        DaemonUnavailable: the daemon does not answer any more.
    """
    while time.monotonic() < limit.deadline:
        if service in api.names() or has_evaluated(api):
            return
        limit.report(service, "unseen", "the daemon has just started, and has not seen its services yet")
        time.sleep(ASK_EVERY_SECONDS)


def await_replicas(api: DaemonClient, answer: Answer, limit: WaitLimit) -> OperationFinished:
    """Return the result of the override: its count is ready, or `error` says why it is not.

    Raises:
        DaemonUnavailable: the daemon does not answer any more.
    """
    if answer.error is not None:
        return OperationFinished(answer.service, Direction.NONE, REASON, 0, 0, 0.0, 0.0, answer.error)
    started = well_at = time.monotonic()
    decisions = OverrideDecisions()
    while True:
        found: Json = api.get(service_path(answer.service)) or {}
        now = time.monotonic()
        decisions = decisions.with_latest(decision_about(found, answer))
        if not passes_soon(found):
            well_at = now
        problem = failure(found, answer, decisions) or _too_long(found, decisions, limit, now, well_at)
        if problem is not None or is_ready(decisions):
            return _result(answer.service, decisions, now - started, problem)
        if (pending := pending_reason(found, decisions)) is not None:
            limit.report(answer.service, *pending)
        time.sleep(ASK_EVERY_SECONDS)


def _too_long(found: Json, decisions: OverrideDecisions, limit: WaitLimit, now: float, well_at: float) -> str | None:
    if is_ready(decisions):
        return None
    _, why = pending_reason(found, decisions) or ("", "")
    if why and now - well_at > limit.grace_seconds:
        return why
    if now <= limit.deadline:
        return None
    because = f": {why}" if why else ""
    return f"not ready within {format_duration(limit.timeout_seconds)}{because}; the daemon goes on"


def _result(service: str, decisions: OverrideDecisions, seconds: float, error: str | None) -> OperationFinished:
    if decisions.first is None or decisions.last is None:
        return OperationFinished(service, Direction.NONE, REASON, 0, 0, time.time(), seconds, error)
    before, after = decisions.first["replicas"]["current"], decisions.last["replicas"]["current"]
    at = decisions.first["at"]
    return OperationFinished(service, Direction.between(before, after), REASON, before, after, at, seconds, error)


def scale_and_wait(api: DaemonClient, service: str, body: Json, timeout_seconds: float) -> list[OperationFinished]:
    """Send the override, once the daemon knows the service, and wait for the replicas."""
    deadline = time.monotonic() + timeout_seconds
    limit = WaitLimit(deadline, timeout_seconds, grace_seconds(api), say=_say)
    await_service(api, service, limit)
    answers = send(api, service, "scale", body)
    warn(answers)
    return [await_replicas(api, each, limit) for each in answers]


def _say(line: str) -> None:
    typer.echo(visible(line), err=True)
