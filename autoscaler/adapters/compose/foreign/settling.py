"""What somebody else is doing to one service, from snapshots and events, until it has settled. Pure.

The snapshots are the truth. Events make it known sooner, and tell of a stop before the container has ended.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from autoscaler.adapters.compose.clone.obstacles import being_recreated
from autoscaler.adapters.compose.foreign.engine_event import ContainerEvent
from autoscaler.adapters.compose.foreign.snapshot_diff import differences, in_words
from autoscaler.adapters.compose.replicas import Replica
from autoscaler.adapters.docker.own_actions import Mine

LONGEST_STOP_SECONDS = 120.0  # what was told to end, or is half done, is waited for no longer
MOST_HEARD = 100  # events that are kept for the account
MOST_DEATHS = 20


@dataclass(frozen=True, slots=True)
class OngoingChange:
    """Somebody else is at work. Times in seconds of a monotonic clock."""

    last: float  # the latest sign of it
    sign: str  # what that was, in words
    before: tuple[Replica, ...]  # the service as it was
    stopping: Mapping[str, float] = field(default_factory=dict)  # told to end and not ended: since when
    container_event: tuple[ContainerEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class Settled:
    """What somebody else has done is over: the service before and after, and what was heard meanwhile."""

    before: tuple[Replica, ...]
    after: tuple[Replica, ...]
    container_event: tuple[ContainerEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class WatchedService:
    """One service as it is known."""

    seen: tuple[Replica, ...] | None = None  # None: not seen yet
    ongoing: OngoingChange | None = None
    deaths: tuple[ContainerEvent, ...] = ()  # the latest ones: the next snapshot shows whether they stay dead


def see(
    watched: WatchedService, replicas: Iterable[Replica], mine: Mine, now: float, settle_seconds: float
) -> tuple[WatchedService, Settled | None]:
    """Take a snapshot in; return what has settled with it, if anything has.

    The first snapshot is the beginning: what was before is not known, and so has not changed.
    """
    after = tuple(replicas)
    changes = () if watched.seen is None else differences(watched.seen, after, mine)
    ongoing = _begun(watched, now, in_words(changes)) if changes else watched.ongoing
    watched = replace(watched, seen=after, ongoing=None)
    if ongoing is None:
        return watched, None
    running = {replica.id for replica in after if replica.alive}
    ongoing = replace(ongoing, stopping={key: at for key, at in ongoing.stopping.items() if key in running})
    if now < quiet_at(ongoing, after, settle_seconds):
        return replace(watched, ongoing=ongoing), None
    proven = tuple(replica for replica in after if replica.id not in mine.starting)
    return watched, Settled(ongoing.before, proven, ongoing.container_event)


def hear(watched: WatchedService, container_event: ContainerEvent, mine: Mine, now: float) -> WatchedService:
    """Take an event in. Before the first snapshot it says nothing: nobody knows what it changes."""
    if watched.seen is None or container_event.container in mine.ending:
        return watched
    if container_event.action in {"die", "oom"}:
        watched = replace(watched, deaths=(*watched.deaths, container_event)[-MOST_DEATHS:])
    ongoing = (
        _begun(watched, now, container_event.in_words) if container_event.by_somebody_else(mine) else watched.ongoing
    )
    return watched if ongoing is None else replace(watched, ongoing=_told(ongoing, container_event, now))


def _told(ongoing: OngoingChange, container_event: ContainerEvent, now: float) -> OngoingChange:
    ended = container_event.container in ongoing.stopping
    stopping = {key: at for key, at in ongoing.stopping.items() if key != container_event.container}
    if container_event.stops:
        stopping[container_event.container] = now
    return replace(
        ongoing,
        last=now if ended else ongoing.last,
        stopping=stopping,
        container_event=(*ongoing.container_event, container_event)[-MOST_HEARD:],
    )


def quiet_at(ongoing: OngoingChange, replicas: Iterable[Replica], settle_seconds: float) -> float:
    """Return when it has settled, if nothing more happens."""
    ends = [at + LONGEST_STOP_SECONDS for at in ongoing.stopping.values()]
    begun = [ongoing.last + LONGEST_STOP_SECONDS] if any(map(_is_half_done, replicas)) else []
    return max([ongoing.last + settle_seconds, *ends, *begun])


def _is_half_done(replica: Replica) -> bool:
    """Return whether Compose is about to start it or to give it its name; it may wait for another service first."""
    return being_recreated(replica) or (replica.state == "created" and not replica.clone)


def _begun(watched: WatchedService, now: float, sign: str) -> OngoingChange:
    """Return the unrest that is known already, or a new one, with a sign of it as of now."""
    if watched.ongoing is not None:
        return replace(watched.ongoing, last=now, sign=sign)
    return OngoingChange(now, sign, watched.seen or (), container_event=watched.deaths)
