"""The progress of a drain: begun -> Traefik routes no new request to it -> its last requests are over. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from autoscaler.adapters.compose.traefik_view import Hiding
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
    instance: str | None = None  # of the view that has left it out
    doubtful_at: float | None = None  # since then the view does not confirm it


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


def advanced_by_view(
    progress: Progress, now: float, hiding: Hiding | None, limits: Limits, longest_seconds: float | None
) -> Progress:
    """Return the progress after the view's answer; None: there was none.

    Only a view that confirms its own order at this moment lets the drain go on: one that has been restarted has shown
    the replica meanwhile. `longest_seconds`: every request of the past was over within; None if that is unknown.
    """
    looked_seconds = hiding.looked_seconds if hiding is not None and hiding.hidden else None
    if hiding is None or looked_seconds is None:
        since = progress.doubtful_at
        if since is None:
            since = progress.asked_at if progress.unhealthy_at is None else now
        if hiding is not None:
            progress = replace(progress, unhealthy_at=None, unrouted_at=None)  # Traefik sees it
        end = DrainEnd.TAKEN_BACK if now >= since + limits.notice_seconds else None
        return replace(progress, doubtful_at=since, end=end)
    if progress.unhealthy_at is None or progress.instance != hiding.instance:
        progress = replace(progress, instance=hiding.instance, unhealthy_at=now - looked_seconds, unrouted_at=None)
    progress = replace(progress, doubtful_at=None)
    if progress.unrouted_at is None:
        if now < (progress.unhealthy_at or now) + limits.throttle_seconds:
            return progress
        progress = replace(progress, unrouted_at=now)
    known = longest_seconds is not None and longest_seconds <= limits.timeout_seconds
    wait_seconds = longest_seconds or 0.0 if known else limits.timeout_seconds
    if now < (progress.unrouted_at or now) + wait_seconds:
        return progress
    return replace(progress, end=DrainEnd.IDLE if known else DrainEnd.TIMEOUT)


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
