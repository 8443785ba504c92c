"""What somebody else is doing to one service, from snapshots and events, until it has settled. Pure.

The snapshots are the truth. Events make it known sooner, and tell of a stop before the container has ended.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from autoscaler.adapters.compose.clone.obstacles import being_recreated
from autoscaler.adapters.compose.ours import Mine
from autoscaler.adapters.compose.peace.heard import Heard
from autoscaler.adapters.compose.peace.sight import differences, in_words
from autoscaler.adapters.compose.replicas import Replica

LONGEST_STOP_SECONDS = 120.0  # what was told to end, or is half done, is waited for no longer
MOST_HEARD = 100  # events that are kept for the account
MOST_DEATHS = 20


@dataclass(frozen=True, slots=True)
class Unrest:
    """Somebody else is at work. Times in seconds of a monotonic clock."""

    last: float  # the latest sign of it
    sign: str  # what that was, in words
    before: tuple[Replica, ...]  # the service as it was
    stopping: Mapping[str, float] = field(default_factory=dict)  # told to end and not ended: since when
    heard: tuple[Heard, ...] = ()


@dataclass(frozen=True, slots=True)
class Settled:
    """What somebody else has done is over: the service before and after, and what was heard meanwhile."""

    before: tuple[Replica, ...]
    after: tuple[Replica, ...]
    heard: tuple[Heard, ...] = ()


@dataclass(frozen=True, slots=True)
class Watched:
    """One service as it is known."""

    seen: tuple[Replica, ...] | None = None  # None: not seen yet
    unrest: Unrest | None = None
    deaths: tuple[Heard, ...] = ()  # the latest ones: the next snapshot shows whether they stay dead


def see(
    watched: Watched, replicas: Iterable[Replica], mine: Mine, now: float, settle_seconds: float
) -> tuple[Watched, Settled | None]:
    """Take a snapshot in; return what has settled with it, if anything has.

    The first snapshot is the beginning: what was before is not known, and so has not changed.
    """
    after = tuple(replicas)
    changes = () if watched.seen is None else differences(watched.seen, after, mine)
    unrest = _begun(watched, now, in_words(changes)) if changes else watched.unrest
    watched = replace(watched, seen=after, unrest=None)
    if unrest is None:
        return watched, None
    running = {replica.id for replica in after if replica.alive}
    unrest = replace(unrest, stopping={key: at for key, at in unrest.stopping.items() if key in running})
    if now < quiet_at(unrest, after, settle_seconds):
        return replace(watched, unrest=unrest), None
    proven = tuple(replica for replica in after if replica.id not in mine.starting)
    return watched, Settled(unrest.before, proven, unrest.heard)


def hear(watched: Watched, heard: Heard, mine: Mine, now: float) -> Watched:
    """Take an event in. Before the first snapshot it says nothing: nobody knows what it changes."""
    if watched.seen is None or heard.container in mine.ending:
        return watched
    if heard.action in {"die", "oom"}:
        watched = replace(watched, deaths=(*watched.deaths, heard)[-MOST_DEATHS:])
    unrest = _begun(watched, now, heard.in_words) if heard.by_somebody_else(mine) else watched.unrest
    return watched if unrest is None else replace(watched, unrest=_told(unrest, heard, now))


def _told(unrest: Unrest, heard: Heard, now: float) -> Unrest:
    ended = heard.container in unrest.stopping
    stopping = {key: at for key, at in unrest.stopping.items() if key != heard.container}
    if heard.stops:
        stopping[heard.container] = now
    return replace(
        unrest, last=now if ended else unrest.last, stopping=stopping, heard=(*unrest.heard, heard)[-MOST_HEARD:]
    )


def quiet_at(unrest: Unrest, replicas: Iterable[Replica], settle_seconds: float) -> float:
    """Return when it has settled, if nothing more happens."""
    ends = [at + LONGEST_STOP_SECONDS for at in unrest.stopping.values()]
    begun = [unrest.last + LONGEST_STOP_SECONDS] if any(map(_is_half_done, replicas)) else []
    return max([unrest.last + settle_seconds, *ends, *begun])


def _is_half_done(replica: Replica) -> bool:
    """Return whether Compose is about to start it or to give it its name; it may wait for another service first."""
    return being_recreated(replica) or (replica.state == "created" and not replica.clone)


def _begun(watched: Watched, now: float, sign: str) -> Unrest:
    """Return the unrest that is known already, or a new one, with a sign of it as of now."""
    if watched.unrest is not None:
        return replace(watched.unrest, last=now, sign=sign)
    return Unrest(now, sign, watched.seen or (), heard=watched.deaths)
