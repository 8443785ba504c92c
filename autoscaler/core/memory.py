"""State kept between decisions, and for how long. Pure: each function returns a new Memory."""

from dataclasses import dataclass, replace
from itertools import pairwise

from autoscaler.core.model import Change, Moment, Replicas
from autoscaler.core.policy import Policy
from autoscaler.core.sizing.learned import Learned

LONGEST_START_SECONDS = 180.0  # a replica that is not ready by then no longer delays decisions
_START_SMOOTHING = 0.3
_AWAY_INTERVALS = 3.0  # a gap of more usual intervals counts as not observed


@dataclass(frozen=True, slots=True)
class Memory:
    """The past as far as a decision needs it; bounded by the policy's horizon."""

    recommendations: tuple[Moment, ...] = ()  # unstabilized, oldest first
    changes: tuple[Moment, ...] = ()  # replicas added (> 0) or removed (< 0)
    last_seen: Moment | None = None  # the count at the last decision
    interval_seconds: float | None = None  # between the last two decisions
    blind_since: float | None = None
    change: Change | None = None  # the latest one
    start_seconds: float | None = None  # measured: from the decision until the new replicas were ready
    burst_until: float | None = None
    surge: Moment | None = None  # the replicas that empty a queue; `at` is the end of the surge
    learned: Learned | None = None


def observe_count(memory: Memory, replicas: Replicas, now: float, policy: Policy) -> Memory:
    """Record the present count; a difference to the last one is a change at that time.

    Changes are observed, not decided: a failed operation uses no rate budget, a foreign change does. A new memory
    starts from the present count, as HPA's does, so that nothing is lowered before a whole window was observed. So
    does a memory after a gap, and after the service was stopped.
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
    return _note_effect(seen, replicas, now)


def _beginning(memory: Memory, count: int, now: float) -> tuple[Moment, ...]:
    """Return the present count as first recommendation if the time before was not observed; none while stopped."""
    last, usual_seconds = memory.last_seen, memory.interval_seconds
    away = last is not None and usual_seconds is not None and now - last.at > _AWAY_INTERVALS * usual_seconds
    begins = last is None or last.replicas == 0 or away
    return (Moment(now, count),) if begins and count > 0 else ()


def _note_effect(memory: Memory, replicas: Replicas, now: float) -> Memory:
    """Record when the latest change is complete and all replicas are ready; measure the start time from it.

    They became ready at some time since the last look.
    """
    change = memory.change
    if change is None or change.ready_at is not None:
        return memory
    waited_seconds = now - change.decided_at
    done = replicas.current == replicas.count and replicas.ready >= replicas.count
    if not done and waited_seconds < LONGEST_START_SECONDS:
        return memory
    start_seconds = memory.start_seconds
    if change.raised and waited_seconds < LONGEST_START_SECONDS:
        took_seconds = waited_seconds - (memory.interval_seconds or 0.0) / 2.0
        before = took_seconds if start_seconds is None else start_seconds
        start_seconds = before + _START_SMOOTHING * (took_seconds - before)
    return replace(memory, change=replace(change, ready_at=now), start_seconds=start_seconds)


def recommend(memory: Memory, replicas: int, now: float, policy: Policy) -> Memory:
    """Record the wanted count before stabilization.

    A run of equal recommendations is kept as its latest one. A recommendation that neither the up window (it needs its
    least) nor the down window (a later one is as high) can need is dropped.
    """
    up_edge = now - policy.scale_up.stabilization_window_seconds
    kept = recent(memory.recommendations, now, policy.horizon_seconds)
    if kept and kept[-1].replicas == replicas:
        kept = kept[:-1]
    if any(moment.at <= up_edge and moment.replicas <= replicas for moment in kept):
        kept = tuple(moment for moment in kept if moment.at > up_edge or moment.replicas > replicas)
    return replace(memory, recommendations=(*kept, Moment(now, replicas)))


def observe_blindness(memory: Memory, now: float, *, blind: bool) -> Memory:
    """Record since when there is no usable reading."""
    if blind == (memory.blind_since is not None):
        return memory
    return replace(memory, blind_since=now if blind else None)


def recent(moments: tuple[Moment, ...], now: float, window_seconds: float) -> tuple[Moment, ...]:
    """Return the moments within the window that ends now, without its far edge, as in HPA."""
    edge = now - window_seconds
    if not moments or moments[0].at > edge:
        return moments
    return tuple(moment for moment in moments if moment.at > edge)


def reversals(changes: tuple[Moment, ...], now: float, period_seconds: float) -> int:
    """Return how often the direction changed within the period."""
    within = recent(changes, now, period_seconds)
    return sum((earlier.replicas > 0) != (later.replicas > 0) for earlier, later in pairwise(within))
