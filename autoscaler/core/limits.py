"""The limits on the way from the wanted to the desired count: each may change it, and says why."""

from collections.abc import Callable, Iterable

from autoscaler.core.context import DecisionContext
from autoscaler.core.memory import recent, reversals
from autoscaler.core.model import AppliedLimit, Limit
from autoscaler.core.policy import Policy, SelectPolicy
from autoscaler.core.rates import rate_limit

Allowed = tuple[int, str]  # the allowed count, and why in words
LimitFunction = Callable[[DecisionContext, int], Allowed]


def stabilization(context: DecisionContext, wanted: int) -> Allowed:
    """Follow the least of the up window and the greatest of the down window (HPA's stabilizeRecommendation)."""
    count = context.replicas.count
    least = min(_recommended(context, up=True), default=wanted)
    greatest = max(_recommended(context, up=False), default=wanted)
    if count < least:
        stabilized = least
    elif count > greatest:
        stabilized = greatest
    else:
        stabilized = count
    if stabilized == wanted:
        return wanted, ""
    return stabilized, _stabilization_note(context, up=wanted > count)


def _recommended(context: DecisionContext, *, up: bool) -> list[int]:
    window_seconds = _window_seconds(context, up=up)
    latest = context.memory.recommendations[-1:]
    in_window = recent(context.memory.recommendations, context.now, window_seconds)
    return [moment.replicas for moment in (*in_window, *latest)]


def _stabilization_note(context: DecisionContext, *, up: bool) -> str:
    window_seconds = _window_seconds(context, up=up)
    if not up and context.sizing is not None and context.sizing.hold_seconds is not None:
        return f"the learned hold keeps the most of the last {window_seconds:g} s"
    return f"{'scale_up' if up else 'scale_down'}.stabilization_window holds for {window_seconds:g} s"


def _window_seconds(context: DecisionContext, *, up: bool) -> float:
    return context.policy.scale_up.stabilization_window_seconds if up else context.down_window_seconds


def surge(context: DecisionContext, wanted: int) -> Allowed:
    """Want no fewer than what empties a queue; after stabilization, so that it is not held for a whole window."""
    seen = context.memory.surge
    if seen is None or context.now >= seen.at:
        return wanted, ""
    enough = seen.replicas if context.cap is None else min(seen.replicas, context.cap[0])
    if enough <= wanted:
        return wanted, ""
    return enough, f"most answers were slow, so a queue has formed that {enough} empty"


def rate(context: DecisionContext, wanted: int) -> Allowed:
    """Go no further than the rate policies of that direction allow."""
    count = context.replicas.count
    if wanted == count:
        return wanted, ""
    up = wanted > count
    behavior = context.policy.behavior(up=up)
    limit = rate_limit(count, behavior, context.memory.changes, context.now, up=up)
    if limit is None or (wanted <= limit if up else wanted >= limit):
        return wanted, ""
    return limit, _rate_note(behavior.select_policy, limit, up=up)


def _rate_note(select_policy: SelectPolicy, limit: int, *, up: bool) -> str:
    name = "scale_up" if up else "scale_down"
    if select_policy is SelectPolicy.DISABLED:
        return f"{name}.select_policy is disabled"
    return f"{name}.policies allow {limit} now"


def bounds(context: DecisionContext, wanted: int) -> Allowed:
    """Stay within the policy's replicas."""
    limits = context.bounds
    if wanted > limits.high:
        return limits.high, f"replicas.max is {limits.high}{by_schedule(limits.high_by)}"
    if wanted < limits.low:
        return limits.low, f"replicas.min is {limits.low}{by_schedule(limits.low_by)}"
    return wanted, ""


def by_schedule(schedule: str) -> str:
    """Say whose bound it is, if it is a schedule's."""
    return f" (schedule {schedule})" if schedule else ""


def beyond_bounds(policy: Policy, replicas: int, now: float) -> str | None:
    """Return why an operator cannot have that count at `now` (unix seconds), or None where the bounds allow it."""
    limits = policy.bounds_at(now)
    if limits.low <= replicas <= limits.high:
        return None
    moved = by_schedule(limits.low_by if replicas < limits.low else limits.high_by)
    return f"{policy.service}: {replicas} is outside replicas {limits.low} to {limits.high} of its policy{moved}"


def few_reversals(context: DecisionContext, wanted: int) -> Allowed:
    """Lower no more once the direction has changed too often; raising is always allowed."""
    count, allowed = context.replicas.count, context.policy.reversals
    if wanted >= count:
        return wanted, ""
    seen = reversals(context.memory.changes, context.now, allowed.period_seconds)
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
    stages: Iterable[tuple[Limit, LimitFunction]], context: DecisionContext, wanted: int
) -> tuple[int, tuple[AppliedLimit, ...]]:
    """Pass the wanted count through the stages; return what is left of it, and each limit that changed it."""
    applied: list[AppliedLimit] = []
    for name, function in stages:
        allowed, note = function(context, wanted)
        if allowed != wanted:
            applied.append(AppliedLimit(name, wanted, allowed, note))
        wanted = allowed
    return wanted, tuple(applied)
