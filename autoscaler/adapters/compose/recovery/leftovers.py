"""Which replicas an interrupted operation has left behind: not started, exited, starting for ever, or drained. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby
from operator import attrgetter

from autoscaler.adapters.compose.replicas import Replica
from autoscaler.adapters.compose.timing import USUAL
from autoscaler.ports.fleet import ServiceRef


class LeftoverKind(StrEnum):
    """What is the matter with a replica; the words that an operator reads."""

    NEVER_STARTED = "it was made and never started"
    EXITED = "it had exited while others of the service run"
    NEVER_READY = "it did not become ready, and no operation waits for it"
    LEAVING = "its removal was begun, and no operation goes on with it"
    DRAINED = "its drain was begun, and no operation goes on with it"  # as far as a list call shows: it is unhealthy


_BY_STATE = {"created": LeftoverKind.NEVER_STARTED, "exited": LeftoverKind.EXITED, "dead": LeftoverKind.EXITED}


@dataclass(frozen=True, slots=True)
class Limits:
    """How long what may last before it counts as left over."""

    settle_seconds: float = USUAL.leftover_seconds  # of what does not run: somebody may be about to start it
    start_seconds: Callable[[ServiceRef], float] = field(default=lambda _: 60.0)  # of what starts


@dataclass(frozen=True, slots=True)
class Suspect:
    """A replica that may be left over, and since when it has looked like that (monotonic seconds)."""

    matter: LeftoverKind
    since: float


Suspects = Mapping[str, Suspect]  # by container id


def suspects(before: Suspects, replicas: Iterable[Replica], now: float, busy: Callable[[ServiceRef], bool]) -> Suspects:
    """Return who is under suspicion after another look at all services.

    A service that is `busy` (with an operation of ours, or somebody else's work) is above suspicion, and so is one of
    which nothing runs: after `docker compose stop` the clones are Compose's to start.
    """
    found: dict[str, Suspect] = {}
    for ref, group in groupby(replicas, key=attrgetter("ref")):
        members = list(group)
        if not busy(ref) and any(replica.alive for replica in members):
            found |= {each.id: each_found for each in members if (each_found := _suspect(before, each, now))}
    return found


def _suspect(before: Suspects, replica: Replica, now: float) -> Suspect | None:
    known = before.get(replica.id)
    matter = _matter(replica, known)
    if matter is None:
        return None
    return known if known is not None and known.matter is matter else Suspect(matter, now)


def _matter(replica: Replica, known: Suspect | None) -> LeftoverKind | None:
    """Return what may be the matter. Compose's own are our affair only where we may have drained them."""
    if (replica.clone or replica.leaving) and replica.state in _BY_STATE:
        return _BY_STATE[replica.state]
    started_and_not_ready = known is not None and known.matter is LeftoverKind.NEVER_READY and not replica.ready
    starting = replica.state == "running" and replica.health == "starting"
    if replica.clone and (starting or started_and_not_ready):
        return LeftoverKind.NEVER_READY
    if replica.state == "running" and replica.health == "unhealthy":
        return LeftoverKind.DRAINED
    return LeftoverKind.LEAVING if replica.leaving and replica.ready else None


def left_over(suspected: Suspects, replicas: Iterable[Replica], now: float, limits: Limits) -> list[Replica]:
    """Return those that have been suspects for too long; a clone that starts and turns unhealthy, at once."""
    return [each for each in replicas if each.id in suspected and _due(each, suspected[each.id], now, limits)]


def _due(replica: Replica, suspect: Suspect, now: float, limits: Limits) -> bool:
    if suspect.matter is not LeftoverKind.NEVER_READY:
        return now >= suspect.since + limits.settle_seconds
    return replica.health == "unhealthy" or now >= suspect.since + limits.start_seconds(replica.ref)
