"""What is remembered between decisions, and for how long. Pure: each function returns a new Memory."""

from dataclasses import dataclass, replace

from autoscaler.core.model import Change, Moment, Replicas
from autoscaler.core.policy import Policy
from autoscaler.core.sizing import Learned

LONGEST_START_SECONDS = 180.0  # a replica that is not ready by then will not hold up decisions any longer
_START_SMOOTHING = 0.3


@dataclass(frozen=True, slots=True)
class Memory:
    """What a decision must know of the past; bounded by the policy's horizon."""

    recommendations: tuple[Moment, ...] = ()  # unstabilized, oldest first
    changes: tuple[Moment, ...] = ()  # replicas added (> 0) or removed (< 0)
    last_seen: Moment | None = None  # the count at the last decision
    blind_since: float | None = None
    change: Change | None = None  # the latest one
    start_seconds: float | None = None  # measured: from the decision until the new replicas are ready
    burst_until: float | None = None
    learned: Learned | None = None


def see_count(memory: Memory, replicas: Replicas, now: float, policy: Policy) -> Memory:
    """Note the count as it stands; a difference to the last one is a change of that time.

    Changes are taken from what happened, not from what was decided: a failed operation costs no rate budget, and
    somebody else's scaling does. A fresh memory starts from the present count, as HPA's does, so that nothing is
    lowered before a whole window has been seen.
    """
    count = replicas.count
    kept_seconds = max(policy.horizon_seconds, policy.reversals.period_seconds)
    seen = replace(memory, last_seen=Moment(now, count), changes=recent(memory.changes, now, kept_seconds))
    if memory.last_seen is None:
        return replace(seen, recommendations=(*memory.recommendations, Moment(now, count)))
    difference = count - memory.last_seen.replicas
    if difference != 0:
        at = memory.last_seen.at
        seen = replace(seen, changes=(*seen.changes, Moment(at, difference)), change=Change(at, difference > 0))
    return _see_effect(seen, replicas, now)


def _see_effect(memory: Memory, replicas: Replicas, now: float) -> Memory:
    """Note when all replicas of the latest change are ready, and learn from it how long a start takes."""
    change = memory.change
    if change is None or change.ready_at is not None:
        return memory
    waited_seconds = now - change.decided_at
    if replicas.ready < replicas.count and waited_seconds < LONGEST_START_SECONDS:
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
    if not blind:
        return memory if memory.blind_since is None else replace(memory, blind_since=None)
    return memory if memory.blind_since is not None else replace(memory, blind_since=now)


def recent(moments: tuple[Moment, ...], now: float, window_seconds: float) -> tuple[Moment, ...]:
    """Return the moments within the window that ends now; its far edge is outside, as in HPA."""
    edge = now - window_seconds
    if not moments or moments[0].at > edge:
        return moments
    return tuple(moment for moment in moments if moment.at > edge)


def reversals(changes: tuple[Moment, ...], now: float, period_seconds: float) -> int:
    """Return how often the direction changed within the period."""
    ups = [change.replicas > 0 for change in recent(changes, now, period_seconds)]
    return sum(earlier != later for earlier, later in zip(ups, ups[1:], strict=False))
