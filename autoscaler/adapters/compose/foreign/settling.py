"""The foreign change of one service, from snapshots and events, until it has settled. Pure.

The snapshots are the truth. Events come sooner, and show a stop before the container has ended.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from autoscaler.adapters.compose.clone.obstacles import being_recreated
from autoscaler.adapters.compose.foreign.engine_event import ContainerEvent
from autoscaler.adapters.compose.foreign.snapshot_diff import differences, in_words
from autoscaler.adapters.compose.replicas import Replica
from autoscaler.adapters.docker.own_actions import OwnContainers

LONGEST_STOP_SECONDS = 120.0  # a stop or a recreation that takes longer is not waited for
MOST_EVENTS = 100  # kept for the classification
MOST_DEATHS = 20


@dataclass(frozen=True, slots=True)
class OngoingChange:
    """A foreign change that is under way. Times in monotonic seconds."""

    last: float  # the latest sign of it
    sign: str  # the same, in words
    before: tuple[Replica, ...]  # the service as it was
    stopping: Mapping[str, float] = field(default_factory=dict)  # containers with a signal to end: since when
    events: tuple[ContainerEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class Settled:
    """A foreign change that has settled: the service before and after, and the events meanwhile."""

    before: tuple[Replica, ...]
    after: tuple[Replica, ...]
    events: tuple[ContainerEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class WatchedService:
    """One service, by its snapshots and events."""

    seen: tuple[Replica, ...] | None = None  # None: before the first snapshot
    ongoing: OngoingChange | None = None
    deaths: tuple[ContainerEvent, ...] = ()  # the latest ones: the next snapshot shows whether they stay dead


def take_snapshot(
    watched: WatchedService, replicas: Iterable[Replica], own: OwnContainers, now: float, settle_seconds: float
) -> tuple[WatchedService, Settled | None]:
    """Take in a snapshot; return the foreign change that has settled with it, if there is one.

    The first snapshot is the beginning: nothing has changed before it.
    """
    after = tuple(replicas)
    changes = () if watched.seen is None else differences(watched.seen, after, own)
    ongoing = _begun(watched, now, in_words(changes)) if changes else watched.ongoing
    watched = replace(watched, seen=after, ongoing=None)
    if ongoing is None:
        return watched, None
    running = {replica.id for replica in after if replica.alive}
    ongoing = replace(ongoing, stopping={key: at for key, at in ongoing.stopping.items() if key in running})
    if now < quiet_at(ongoing, after, settle_seconds):
        return replace(watched, ongoing=ongoing), None
    proven = tuple(replica for replica in after if replica.id not in own.starting)
    return watched, Settled(ongoing.before, proven, ongoing.events)


def take_event(watched: WatchedService, event: ContainerEvent, own: OwnContainers, now: float) -> WatchedService:
    """Take in an event. Before the first snapshot it is dropped."""
    if watched.seen is None or event.container in own.ending:
        return watched
    if event.action in {"die", "oom"}:
        watched = replace(watched, deaths=(*watched.deaths, event)[-MOST_DEATHS:])
    ongoing = _begun(watched, now, event.in_words) if event.is_foreign(own) else watched.ongoing
    return watched if ongoing is None else replace(watched, ongoing=_with_event(ongoing, event, now))


def _with_event(ongoing: OngoingChange, event: ContainerEvent, now: float) -> OngoingChange:
    last = now if event.container in ongoing.stopping else ongoing.last
    stopping = {key: at for key, at in ongoing.stopping.items() if key != event.container}
    if event.stops:
        stopping[event.container] = now
    return replace(ongoing, last=last, stopping=stopping, events=(*ongoing.events, event)[-MOST_EVENTS:])


def quiet_at(ongoing: OngoingChange, replicas: Iterable[Replica], settle_seconds: float) -> float:
    """Return when the change settles, if nothing more happens."""
    ends = [at + LONGEST_STOP_SECONDS for at in ongoing.stopping.values()]
    begun = [ongoing.last + LONGEST_STOP_SECONDS] if any(map(_is_half_done, replicas)) else []
    return max([ongoing.last + settle_seconds, *ends, *begun])


def _is_half_done(replica: Replica) -> bool:
    """Return whether Compose has yet to start or rename it; it may wait for another service first."""
    return being_recreated(replica) or (replica.state == "created" and not replica.clone)


def _begun(watched: WatchedService, now: float, sign: str) -> OngoingChange:
    if watched.ongoing is not None:
        return replace(watched.ongoing, last=now, sign=sign)
    return OngoingChange(now, sign, watched.seen or (), events=watched.deaths)
