"""Clones that failed -> one sentence for the operator: which, why, and what to do. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from autoscaler.adapters.docker.errors import Conflict, EngineError, Forbidden, NotFound
from autoscaler.errors import ScaleFailed
from autoscaler.formats import MOST_CHARACTERS, one_line, visible

_WHAT_TO_DO: Mapping[str, str] = {
    r"no space left on device": "the engine's disk is full; see docker system df, and free some",
    r"no available (IPv4 |IPv6 )?address": (
        "a network has no address left; give it a larger subnet in the Compose file, or lower replicas.max"
    ),
    r"port is already allocated|all ports are allocated|address already in use": (
        "a host port is taken; publish a wider range of ports in the Compose file, or none, or lower replicas.max"
    ),
    r"network \S+ not found": "a network is gone; run docker compose up",
    r"bind source path does not exist": "the host directory of a bind mount is gone; create it again",
    r"cannot allocate memory|memory limit|cgroup|CPUs are not available|no such device|resource temporarily": (
        "the host does not give what the service's limits and devices ask for; lower them, or free some"
    ),
}


@dataclass(frozen=True, slots=True)
class Failure:
    """One clone that failed at a stage; the sentence is `before`, its name, `after`. One clause for each `kind`."""

    stage: str
    name: str
    before: str
    after: str
    kind: str


class CloneFailed(Exception):
    """A clone could not be started, and is removed."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.after)
        self.failure = failure


def has_vanished(failed: CloneFailed) -> bool:
    """Return whether a foreign change has removed the clone before its start, or is removing it."""
    cause = failed.__cause__
    if not isinstance(cause, EngineError):
        return False
    gone = isinstance(cause, NotFound) and "No such container" in str(cause)
    return gone or (isinstance(cause, Conflict) and "marked for removal" in str(cause))


def refused(stage: str, name: str, error: EngineError, image: str, undone: str = "") -> Failure:
    """Return the failure of a clone that the engine or its proxy refused at a stage (create, connect, start)."""
    found = _advice(stage, error, image)
    why = f"{error}{f' ({found})' if found else ''}"
    return Failure(stage, name, f"cannot {stage} ", f": {why}{undone}", found or str(error))


def _advice(stage: str, error: EngineError, image: str) -> str | None:
    text = str(error)
    found = next((what for sign, what in _WHAT_TO_DO.items() if re.search(sign, text, re.IGNORECASE)), None)
    if found is not None:
        return found
    if isinstance(error, Forbidden):
        return f"let the proxy allow the call that is to {stage} a container"
    if stage == "create" and isinstance(error, NotFound):
        return f"its image {image} is gone; pull or build it and run docker compose up"
    return None


def given_up(name: str, why: str) -> Failure:
    """Return the failure of a clone that was started and did not become ready."""
    return Failure("ready", name, "", f" {why}", f"{name}{why}")


def summed_up(failures: Iterable[Failure]) -> ScaleFailed:
    """Return all failures as one error, with one clause for each kind; the stage is that of the first."""
    failures = list(failures)
    order = {failure.kind: index for index, failure in reversed(list(enumerate(failures)))}
    groups = groupby(sorted(failures, key=lambda failure: order[failure.kind]), key=lambda failure: failure.kind)
    return ScaleFailed(failures[0].stage, "; ".join(_clause(list(group)) for _, group in groups))


def _clause(failures: list[Failure]) -> str:
    names = ", ".join(sorted(failure.name for failure in failures))
    return f"{failures[0].before}{names}{failures[0].after}"


def last_output(inspect: Mapping[str, Any], log: str, most: int = MOST_CHARACTERS) -> str:
    """Return in brackets how a container ended, the output of its healthcheck, and the end of its log."""
    state = inspect["State"]
    lines = (visible(line).strip() for line in log.split("\n"))
    output = one_line(" | ".join(filter(None, lines)), most, end=True)
    parts = [
        *([] if state["Running"] else [f"exit code {state['ExitCode']}"]),
        *_restarts(inspect),
        *_probe(state.get("Health") or {}, most),
        *([f"last lines: {output}"] if output else []),
    ]
    return f" ({', '.join(parts)})" if parts else ""


def _restarts(inspect: Mapping[str, Any]) -> list[str]:
    count = inspect.get("RestartCount") or 0
    return [f"restarted {count} times"] if count > 1 else ["restarted once"] if count else []


def _probe(health: Mapping[str, Any], most: int) -> list[str]:
    failed = [probe for probe in health.get("Log") or [] if probe.get("ExitCode")]
    output = one_line(str(failed[-1].get("Output") or ""), most, end=True) if failed else ""
    return [f"healthcheck: {output}"] if output else []
