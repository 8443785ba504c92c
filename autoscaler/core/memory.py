"""What is remembered between decisions, and for how long. Pure: each function returns a new Memory."""

from dataclasses import replace

from autoscaler.core.model import Memory, Moment


def see_count(memory: Memory, count: int, now: float, horizon_seconds: float) -> Memory:
    """Note the count as it stands; a difference to the last one is a change of that time.

    Changes are taken from what happened, not from what was decided: a failed operation costs no rate budget, and
    somebody else's scaling does. A fresh memory starts from the present count, as HPA's does, so that nothing is
    lowered before a whole window has been seen.
    """
    seen = replace(memory, last_seen=Moment(now, count), changes=recent(memory.changes, now, horizon_seconds))
    if memory.last_seen is None:
        return replace(seen, recommendations=(Moment(now, count),))
    difference = count - memory.last_seen.replicas
    if difference == 0:
        return seen
    return replace(seen, changes=(*seen.changes, Moment(memory.last_seen.at, difference)))


def recommend(memory: Memory, replicas: int, now: float, horizon_seconds: float) -> Memory:
    """Note what was wanted before stabilization. A run of equal wishes is kept as its latest moment."""
    kept = recent(memory.recommendations, now, horizon_seconds)
    if kept and kept[-1].replicas == replicas:
        kept = kept[:-1]
    return replace(memory, recommendations=(*kept, Moment(now, replicas)))


def see_blindness(memory: Memory, now: float, *, blind: bool) -> Memory:
    """Note since when there has been no usable reading at all."""
    if not blind:
        return replace(memory, blind_since=None)
    return memory if memory.blind_since is not None else replace(memory, blind_since=now)


def recent(moments: tuple[Moment, ...], now: float, window_seconds: float) -> tuple[Moment, ...]:
    """Return the moments within the window that ends now; its far edge is outside, as in HPA."""
    return tuple(moment for moment in moments if moment.at > now - window_seconds)
