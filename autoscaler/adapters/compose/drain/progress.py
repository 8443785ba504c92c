"""The progress of a drain: begun -> Traefik routes no new request to it -> its last requests are over. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from autoscaler.events import DrainEnd

IN_A_ROW = 2  # probes without an open connection, until the last requests are over

_DRAINING = re.compile(r"draining: (\d+) open connections")


@dataclass(frozen=True, slots=True)
class Probe:
    """One entry of the health log: when it began, and how many connections it saw; None: unknown."""

    began: str
    connections: int | None


@dataclass(frozen=True, slots=True)
class Limits:
    """How long each step may take, in seconds."""

    notice_seconds: float  # until the engine calls it unhealthy
    throttle_seconds: float  # until Traefik routes no request to it
    timeout_seconds: float  # until its last requests are over


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress; times are monotonic seconds."""

    asked_at: float
    unhealthy_at: float | None = None  # or when the wait for that ended
    unrouted_at: float | None = None
    seen: str | None = None  # the last probe before that
    connections: int | None = None  # of the last probe
    end: DrainEnd | None = None


def advanced(progress: Progress, now: float, *, unhealthy: bool, probes: Sequence[Probe], limits: Limits) -> Progress:
    """Return the progress after another look."""
    progress = replace(progress, connections=probes[-1].connections if probes else None)
    if progress.unhealthy_at is None:
        noticed = unhealthy or now >= progress.asked_at + limits.notice_seconds
        return replace(progress, unhealthy_at=now) if noticed else progress
    if progress.unrouted_at is None:
        if now < progress.unhealthy_at + limits.throttle_seconds:
            return progress
        progress = replace(progress, unrouted_at=now, seen=probes[-1].began if probes else None)
    if _over(progress, probes):
        return replace(progress, end=DrainEnd.IDLE)
    timed_out = now >= (progress.unrouted_at or now) + limits.timeout_seconds
    return replace(progress, end=DrainEnd.TIMEOUT) if timed_out else progress


def _over(progress: Progress, probes: Sequence[Probe]) -> bool:
    """Return whether the last probes, since Traefik routes no request to it, saw no connection."""
    began = [probe.began for probe in probes]
    since = probes[began.index(progress.seen) + 1 :] if progress.seen in began else probes
    last = since[-IN_A_ROW:]
    return len(last) == IN_A_ROW and all(probe.connections == 0 for probe in last)


def probes_of(container: Mapping[str, Any]) -> list[Probe]:
    """Return the health log of an inspected container, oldest first."""
    log = (container["State"].get("Health") or {}).get("Log") or []
    return [Probe(str(entry["Start"]), _connections(str(entry.get("Output", "")))) for entry in log]


def being_drained(container: Mapping[str, Any]) -> bool:
    """Return whether an inspected container is unhealthy because of the marker."""
    health = container["State"].get("Health") or {}
    log = health.get("Log") or []
    return bool(log) and str(log[-1].get("Output", "")).startswith("draining: ")


def _connections(output: str) -> int | None:
    found = _DRAINING.match(output)
    return int(found.group(1)) if found else None
