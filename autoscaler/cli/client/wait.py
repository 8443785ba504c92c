"""Waits until the running daemon has brought a service to the count of an override."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import typer

from autoscaler.cli.client.daemon_client import Api, service_path
from autoscaler.cli.client.evaluations import has_looked
from autoscaler.cli.client.operator import Answer, send, warn
from autoscaler.cli.client.wait_outlook import Ends, decision_about, delay, hopeless, is_ready, passes_soon
from autoscaler.core.model import Direction
from autoscaler.events import OperationFinished
from autoscaler.formats import format_duration

ASK_EVERY_SECONDS = 0.5
# A daemon that was killed still leads for some 10 s, until another daemon has noticed and may act; the next two
# evaluations see it.
GRACE_SECONDS, GRACE_CYCLES = 15.0, 2
REASON = "override"
Json = dict[str, Any]


@dataclass(slots=True)
class Patience:
    """How long to wait, for all services together: until `deadline` (monotonic seconds).

    What passes soon or not at all is given `grace_seconds` only. `say` tells the operator what is waited for.
    """

    deadline: float
    timeout_seconds: float  # as it was asked for
    grace_seconds: float
    say: Callable[[str], None]
    _said: set[tuple[str, str]] = field(default_factory=set)

    def waits_for(self, service: str, kind: str, why: str) -> None:
        """Say what is waited for, once of each kind."""
        if (service, kind) not in self._said:
            self._said.add((service, kind))
            self.say(f"waiting: {service}: {why}")


def grace_seconds(api: Api) -> float:
    """Return how long to wait for what passes soon or not at all.

    Raises:
        DaemonUnavailable: the daemon does not answer.
    """
    return GRACE_SECONDS + GRACE_CYCLES * float(api.daemon()["interval_seconds"])


def await_service(api: Api, service: str, patience: Patience) -> None:
    """Wait until the daemon knows the service, or has at least looked; right after its start it has not.

    Raises:
        DaemonUnavailable: the daemon does not answer any more.
    """
    while time.monotonic() < patience.deadline:
        if service in api.names() or has_looked(api):
            return
        patience.waits_for(service, "unseen", "the daemon has just started, and has not seen its services yet")
        time.sleep(ASK_EVERY_SECONDS)


def await_replicas(api: Api, told: Answer, patience: Patience) -> OperationFinished:
    """Return what became of the override: its count is ready, or `error` says why it is not.

    Raises:
        DaemonUnavailable: the daemon does not answer any more.
    """
    started = well_at = time.monotonic()
    ends = Ends()
    while True:
        found: Json = api.get(service_path(told.service)) or {}
        now = time.monotonic()
        ends = ends.and_then(decision_about(found, told))
        if not passes_soon(found):
            well_at = now
        problem = hopeless(found, told, ends) or _too_long(found, ends, patience, now, well_at)
        if problem is not None or is_ready(ends):
            return _result(told.service, ends, now - started, problem)
        if (waits := delay(found, ends)) is not None:
            patience.waits_for(told.service, *waits)
        time.sleep(ASK_EVERY_SECONDS)


def _too_long(found: Json, ends: Ends, patience: Patience, now: float, well_at: float) -> str | None:
    """Return that the time is over, if so, and what it was waited for."""
    if is_ready(ends):
        return None
    _, why = delay(found, ends) or ("", "")
    if why and now - well_at > patience.grace_seconds:
        return why
    if now <= patience.deadline:
        return None
    because = f": {why}" if why else ""
    return f"not ready within {format_duration(patience.timeout_seconds)}{because}; the daemon goes on"


def _result(service: str, ends: Ends, seconds: float, error: str | None) -> OperationFinished:
    if ends.first is None or ends.last is None:
        return OperationFinished(service, Direction.NONE, REASON, 0, 0, time.time(), seconds, error)
    before, after = ends.first["replicas"]["current"], ends.last["replicas"]["current"]
    at = ends.first["at"]
    return OperationFinished(service, Direction.between(before, after), REASON, before, after, at, seconds, error)


def scale_and_wait(api: Api, service: str, body: Json, timeout_seconds: float) -> list[OperationFinished]:
    """Tell the daemon, and wait: for a daemon that has just started to know its services, then for the replicas."""
    deadline = time.monotonic() + timeout_seconds
    patience = Patience(deadline, timeout_seconds, grace_seconds(api), say=lambda line: typer.echo(line, err=True))
    await_service(api, service, patience)
    told = send(api, service, "scale", body)
    warn(told)
    return [_awaited(api, each, patience) for each in told]


def _awaited(api: Api, told: Answer, patience: Patience) -> OperationFinished:
    if told.error is not None:
        return OperationFinished(told.service, Direction.NONE, REASON, 0, 0, 0.0, 0.0, told.error)
    return await_replicas(api, told, patience)
