"""What is remembered between decisions, and for how long. Pure: each function returns a new Memory."""

from dataclasses import dataclass, replace
from itertools import pairwise

from autoscaler.core.model import Change, Moment, Replicas
from autoscaler.core.policy import Policy
from autoscaler.core.sizing.learned import Learned

LONGEST_START_SECONDS = 180.0  # a replica that is not ready by then will not hold up decisions any longer
_START_SMOOTHING = 0.3
_AWAY_INTERVALS = 3.0  # after so many times the usual pause, what happened meanwhile is not known


@dataclass(frozen=True, slots=True)
class Memory:
    """What a decision must know of the past; bounded by the policy's horizon."""

    recommendations: tuple[Moment, ...] = ()  # unstabilized, oldest first
    changes: tuple[Moment, ...] = ()  # replicas added (> 0) or removed (< 0)
    last_seen: Moment | None = None  # the count at the last decision
    interval_seconds: float | None = None  # between the last two decisions
    blind_since: float | None = None
    change: Change | None = None  # the latest one
    start_seconds: float | None = None  # measured: from the decision until the new replicas are ready
    burst_until: float | None = None
    surge: Moment | None = None  # the replicas that empty a queue, and until when they are wanted
    learned: Learned | None = None


def see_count(memory: Memory, replicas: Replicas, now: float, policy: Policy) -> Memory:
    """Note the count as it stands; a difference to the last one is a change of that time.

    Changes are taken from what happened, not from what was decided: a failed operation costs no rate budget, and
    somebody else's scaling does. A fresh memory starts from the present count, as HPA's does, so that nothing is
    lowered before a whole window has been seen; so does one after a gap, and after the service was stopped.
    """
    if memory.last_seen is not None and now < memory.last_seen.at:
        memory = Memory(start_seconds=memory.start_seconds, learned=memory.learned)  # the clock was set back
    count, last = replicas.count, memory.last_seen
    kept_seconds = max(policy.horizon_seconds, policy.reversals.period_seconds)
    seen = replace(
        memory,
        recommendations=(*memory.recommendations, *_beginning(memory, count, now)),
        changes=recent(memory.changes, now, kept_seconds),
        last_seen=Moment(now, count),
        interval_seconds=None if last is None else now - last.at,
    )
    if last is not None and count != last.replicas:
        change = Moment(last.at, count - last.replicas)
        seen = replace(seen, changes=(*seen.changes, change), change=Change(last.at, change.replicas > 0))
    return _see_effect(seen, replicas, now)


def _beginning(memory: Memory, count: int, now: float) -> tuple[Moment, ...]:
    """Return the present count as the first recommendation, if the time before was not watched; not while stopped."""
    last, usual_seconds = memory.last_seen, memory.interval_seconds
    away = last is not None and usual_seconds is not None and now - last.at > _AWAY_INTERVALS * usual_seconds
    begins = last is None or last.replicas == 0 or away
    return (Moment(now, count),) if begins and count > 0 else ()


def _see_effect(memory: Memory, replicas: Replicas, now: float) -> Memory:
    """Note when the latest change is done and all replicas are ready; learn from it how long a start takes."""
    change = memory.change
    if change is None or change.ready_at is not None:
        return memory
    waited_seconds = now - change.decided_at
    done = replicas.current == replicas.count and replicas.ready >= replicas.count
    if not done and waited_seconds < LONGEST_START_SECONDS:
        return memory
    learned = change.raised and waited_seconds < LONGEST_START_SECONDS
    start_seconds = _smoothed(memory.start_seconds, waited_seconds) if learned else memory.start_seconds
    return replace(memory, change=replace(change, ready_at=now), start_seconds=start_seconds)


def _smoothed(before: float | None, measured: float) -> float:
    return measured if before is None else before + _START_SMOOTHING * (measured - before)


def recommend(memory: Memory, replicas: int, now: float, policy: Policy) -> Memory:
    """Note what was wanted before stabilization.

    A run of equal wishes is kept as its latest moment, and what neither the up window needs (its least) nor the down
    window can need (a later wish was as high) is dropped.
    """
    up_edge = now - policy.scale_up.stabilization_window_seconds
    kept = recent(memory.recommendations, now, policy.horizon_seconds)
    if kept and kept[-1].replicas == replicas:
        kept = kept[:-1]
    if any(moment.at <= up_edge and moment.replicas <= replicas for moment in kept):
        kept = tuple(moment for moment in kept if moment.at > up_edge or moment.replicas > replicas)
    return replace(memory, recommendations=(*kept, Moment(now, replicas)))


def see_blindness(memory: Memory, now: float, *, blind: bool) -> Memory:
    """Note since when there has been no usable reading at all."""
    if blind == (memory.blind_since is not None):
        return memory
    return replace(memory, blind_since=now if blind else None)


def recent(moments: tuple[Moment, ...], now: float, window_seconds: float) -> tuple[Moment, ...]:
    """Return the moments within the window that ends now; its far edge is outside, as in HPA."""
    edge = now - window_seconds
    if not moments or moments[0].at > edge:
        return moments
    return tuple(moment for moment in moments if moment.at > edge)


def reversals(changes: tuple[Moment, ...], now: float, period_seconds: float) -> int:
    """Return how often the direction changed within the period."""
    within = recent(changes, now, period_seconds)
    return sum((earlier.replicas > 0) != (later.replicas > 0) for earlier, later in pairwise(within))
