"""Replicas that an interrupted operation has left behind: not started, exited, never ready, or drained. Pure."""

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby
from operator import attrgetter

from autoscaler.adapters.compose.replicas import Replica
from autoscaler.adapters.compose.timing import USUAL
from autoscaler.ports.fleet import ServiceRef


class LeftoverKind(StrEnum):
    """Why a replica is left over, as operators read it."""

    NEVER_STARTED = "it was created and never started"
    EXITED = "it had exited while others of the service run"
    NEVER_READY = "it did not become ready, and no operation waits for it"
    LEAVING = "its removal was interrupted"
    DRAINED = "its drain was interrupted"  # perhaps: a list call only shows that it is unhealthy


_BY_STATE = {"created": LeftoverKind.NEVER_STARTED, "exited": LeftoverKind.EXITED, "dead": LeftoverKind.EXITED}


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a state may last before the replica counts as left over, in seconds."""

    settle_seconds: float = USUAL.leftover_seconds  # of a container that does not run: it may be started yet
    start_seconds: Callable[[ServiceRef], float] = field(default=lambda _: 60.0)  # of one that starts


@dataclass(frozen=True, slots=True)
class Suspect:
    """A replica that may be left over: why, and since when (monotonic seconds)."""

    kind: LeftoverKind
    since: float


Suspects = Mapping[str, Suspect]  # by container id


def suspects(before: Suspects, replicas: Iterable[Replica], now: float, at_work: Container[str]) -> Suspects:
    """Return the suspects after another look at all services; no operation is at work on them.

    There are none in a service of which nothing runs: after `docker compose stop`, `start` starts the clones again.
    """
    found: dict[str, Suspect] = {}
    for _, group in groupby(replicas, key=attrgetter("ref")):
        members = list(group)
        if any(replica.alive for replica in members):
            left = [each for each in members if each.id not in at_work]
            found |= {each.id: each_found for each in left if (each_found := _suspect(before, each, now))}
    return found


def _suspect(before: Suspects, replica: Replica, now: float) -> Suspect | None:
    known = before.get(replica.id)
    kind = _kind(replica, known)
    if kind is None:
        return None
    return known if known is not None and known.kind is kind else Suspect(kind, now)


def _kind(replica: Replica, known: Suspect | None) -> LeftoverKind | None:
    """Return why it may be left over. Of Compose's own replicas, only drained and leaving ones may be."""
    if (replica.clone or replica.leaving) and replica.state in _BY_STATE:
        return _BY_STATE[replica.state]
    started_and_not_ready = known is not None and known.kind is LeftoverKind.NEVER_READY and not replica.ready
    starting = replica.state == "running" and replica.health == "starting"
    if replica.clone and (starting or started_and_not_ready):
        return LeftoverKind.NEVER_READY
    if replica.state == "running" and replica.health == "unhealthy":
        return LeftoverKind.DRAINED
    return LeftoverKind.LEAVING if replica.leaving and replica.ready else None


def left_over(suspected: Suspects, replicas: Iterable[Replica], now: float, limits: Limits) -> list[Replica]:
    """Return the replicas that have been suspects for too long; a starting clone that turns unhealthy is so at once."""
    return [each for each in replicas if each.id in suspected and _due(each, suspected[each.id], now, limits)]


def _due(replica: Replica, suspect: Suspect, now: float, limits: Limits) -> bool:
    if suspect.kind is not LeftoverKind.NEVER_READY:
        return now >= suspect.since + limits.settle_seconds
    return replica.health == "unhealthy" or now >= suspect.since + limits.start_seconds(replica.ref)
