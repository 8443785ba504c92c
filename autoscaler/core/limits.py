"""The limits on the way from the wanted to the desired count: each may change it, and says why."""

from collections.abc import Callable, Iterable

from autoscaler.core.memory import recent, reversals
from autoscaler.core.model import AppliedLimit, Limit
from autoscaler.core.policy import SelectPolicy
from autoscaler.core.rates import scale_down_limit, scale_up_limit
from autoscaler.core.situation import Situation

Outcome = tuple[int, str]  # the allowed count, and why in words
LimitFunction = Callable[[Situation, int], Outcome]


def stabilization(situation: Situation, wanted: int) -> Outcome:
    """Follow the least of the up window and the greatest of the down window (HPA's stabilizeRecommendation)."""
    count = situation.replicas.count
    least = min(_recommended(situation, up=True), default=wanted)
    greatest = max(_recommended(situation, up=False), default=wanted)
    if count < least:
        stabilized = least
    elif count > greatest:
        stabilized = greatest
    else:
        stabilized = count
    if stabilized == wanted:
        return wanted, ""
    return stabilized, _stabilization_note(situation, up=wanted > count)


def _recommended(situation: Situation, *, up: bool) -> list[int]:
    window_seconds = _window_seconds(situation, up=up)
    latest = situation.memory.recommendations[-1:]
    in_window = recent(situation.memory.recommendations, situation.now, window_seconds)
    return [moment.replicas for moment in (*in_window, *latest)]


def _stabilization_note(situation: Situation, *, up: bool) -> str:
    window_seconds = _window_seconds(situation, up=up)
    if not up and situation.sizing is not None and situation.sizing.hold_seconds is not None:
        return f"the learned hold keeps the most of the last {window_seconds:g} s"
    return f"{'scale_up' if up else 'scale_down'}.stabilization_window holds for {window_seconds:g} s"


def _window_seconds(situation: Situation, *, up: bool) -> float:
    return situation.policy.scale_up.stabilization_window_seconds if up else situation.down_window_seconds


def surge(situation: Situation, wanted: int) -> Outcome:
    """Want no fewer than what empties a queue; after stabilization, so that it is not held for a whole window."""
    seen = situation.memory.surge
    if seen is None or situation.now >= seen.at:
        return wanted, ""
    enough = seen.replicas if situation.cap is None else min(seen.replicas, situation.cap[0])
    if enough <= wanted:
        return wanted, ""
    return enough, f"most answers were slow, so a queue has formed that {enough} empty"


def rate(situation: Situation, wanted: int) -> Outcome:
    """Go no further than the rate policies of that direction allow."""
    count = situation.replicas.count
    if wanted == count:
        return wanted, ""
    up = wanted > count
    behavior = situation.policy.behavior(up=up)
    limit = (scale_up_limit if up else scale_down_limit)(count, behavior, situation.memory.changes, situation.now)
    if limit is None or (wanted <= limit if up else wanted >= limit):
        return wanted, ""
    return limit, _rate_note(behavior.select_policy, limit, up=up)


def _rate_note(select_policy: SelectPolicy, limit: int, *, up: bool) -> str:
    name = "scale_up" if up else "scale_down"
    if select_policy is SelectPolicy.DISABLED:
        return f"{name}.select_policy is disabled"
    return f"{name}.policies allow {limit} now"


def bounds(situation: Situation, wanted: int) -> Outcome:
    """Stay within the policy's replicas."""
    limits = situation.bounds
    if wanted > limits.high:
        return limits.high, f"replicas.max is {limits.high}{by_schedule(limits.high_by)}"
    if wanted < limits.low:
        return limits.low, f"replicas.min is {limits.low}{by_schedule(limits.low_by)}"
    return wanted, ""


def by_schedule(schedule: str) -> str:
    """Say whose bound it is, if it is a schedule's."""
    return f" (schedule {schedule})" if schedule else ""


def few_reversals(situation: Situation, wanted: int) -> Outcome:
    """Lower no more once the direction has changed too often; raising is always allowed."""
    count, allowed = situation.replicas.count, situation.policy.reversals
    if wanted >= count:
        return wanted, ""
    seen = reversals(situation.memory.changes, situation.now, allowed.period_seconds)
    if seen < allowed.limit:
        return wanted, ""
    return count, f"nothing is lowered after {seen} changes of direction within {allowed.period_seconds:g} s"


LIMITS: tuple[tuple[Limit, LimitFunction], ...] = (
    (Limit.STABILIZATION, stabilization),
    (Limit.SURGE, surge),
    (Limit.RATE, rate),
    (Limit.REVERSALS, few_reversals),
    (Limit.BOUNDS, bounds),  # again: what is remembered may be of other bounds
)


def apply_limits(
    stages: Iterable[tuple[Limit, LimitFunction]], situation: Situation, wanted: int
) -> tuple[int, tuple[AppliedLimit, ...]]:
    """Pass the wanted count through the stages; return what is left of it, and each limit that changed it."""
    applied: list[AppliedLimit] = []
    for name, function in stages:
        allowed, note = function(situation, wanted)
        if allowed != wanted:
            applied.append(AppliedLimit(name, wanted, allowed, note))
        wanted = allowed
    return wanted, tuple(applied)
