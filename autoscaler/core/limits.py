"""The limits between the wanted and the desired count: each may change the count, and returns why."""

from collections.abc import Callable, Iterable

from autoscaler.core.context import DecisionContext
from autoscaler.core.memory import recent, reversals
from autoscaler.core.model import AppliedLimit, Limit
from autoscaler.core.policy import Policy, SelectPolicy
from autoscaler.core.rates import rate_limit

Allowed = tuple[int, str]  # the allowed count, and why in words
LimitFunction = Callable[[DecisionContext, int], Allowed]


def stabilization(context: DecisionContext, wanted: int) -> Allowed:
    """Raise to the least of the up window, lower to the greatest of the down window (HPA's stabilizeRecommendation)."""
    count, policy = context.replicas.count, context.policy
    up_seconds = policy.scale_up.stabilization_window_seconds
    down_seconds = policy.scale_down.stabilization_window_seconds
    learned_seconds = None if context.sizing is None else context.sizing.hold_seconds
    least = min(_recommended(context, up_seconds), default=wanted)
    greatest = max(_recommended(context, down_seconds if learned_seconds is None else learned_seconds), default=wanted)
    stabilized = min(max(count, least), greatest)
    if wanted > count:
        return stabilized, f"scale_up.stabilization_window holds for {up_seconds:g} s"
    return stabilized, f"scale_down.stabilization_window holds for {down_seconds:g} s"


def _recommended(context: DecisionContext, window_seconds: float) -> list[int]:
    latest = context.memory.recommendations[-1:]
    in_window = recent(context.memory.recommendations, context.now, window_seconds)
    return [moment.replicas for moment in (*in_window, *latest)]


def surge(context: DecisionContext, wanted: int) -> Allowed:
    """Want enough replicas to empty a queue; after stabilization, so that they are not held for a whole window."""
    surging = context.memory.surge
    if surging is None or context.now >= surging.at:
        return wanted, ""
    enough = surging.replicas if context.cap is None else min(surging.replicas, context.cap[0])
    if enough <= wanted:
        return wanted, ""
    return enough, f"most answers were slow: {enough} replicas empty the queue"


def rate(context: DecisionContext, wanted: int) -> Allowed:
    """Change by no more than the rate policies of that direction allow."""
    count = context.replicas.count
    if wanted == count:
        return wanted, ""
    up = wanted > count
    name, behavior = ("scale_up", context.policy.scale_up) if up else ("scale_down", context.policy.scale_down)
    limit = rate_limit(count, behavior, context.memory.changes, context.now, up=up)
    if limit is None or (wanted <= limit if up else wanted >= limit):
        return wanted, ""
    disabled = behavior.select_policy is SelectPolicy.DISABLED
    return limit, f"{name}.select_policy is disabled" if disabled else f"{name}.policies allow {limit} now"


def bounds(context: DecisionContext, wanted: int) -> Allowed:
    """Stay within the present bounds."""
    limits = context.bounds
    if wanted > limits.high:
        return limits.high, f"replicas.max is {limits.high}{by_schedule(limits.high_by)}"
    if wanted < limits.low:
        return limits.low, f"replicas.min is {limits.low}{by_schedule(limits.low_by)}"
    return wanted, ""


def by_schedule(schedule: str) -> str:
    """Return the schedule that sets a bound, in brackets; empty for a bound of the policy."""
    return f" (schedule {schedule})" if schedule else ""


def beyond_bounds(policy: Policy, replicas: int, now: float) -> str | None:
    """Return why the bounds at `now` (unix seconds) do not allow that count, or None if they do."""
    limits = policy.bounds_at(now)
    if limits.low <= replicas <= limits.high:
        return None
    moved = by_schedule(limits.low_by if replicas < limits.low else limits.high_by)
    return f"{policy.service}: {replicas} is outside replicas {limits.low} to {limits.high} of its policy{moved}"


def few_reversals(context: DecisionContext, wanted: int) -> Allowed:
    """Do not lower after too many changes of direction; raising is always allowed."""
    count, allowed = context.replicas.count, context.policy.reversals
    if wanted >= count:
        return wanted, ""
    made = reversals(context.memory.changes, context.now, allowed.period_seconds)
    if made < allowed.limit:
        return wanted, ""
    return count, f"nothing is lowered after {made} changes of direction within {allowed.period_seconds:g} s"


LIMITS: tuple[tuple[Limit, LimitFunction], ...] = (
    (Limit.STABILIZATION, stabilization),
    (Limit.SURGE, surge),
    (Limit.RATE, rate),
    (Limit.REVERSALS, few_reversals),
    (Limit.BOUNDS, bounds),  # again: recommendations may date from other bounds
)


def apply_limits(
    stages: Iterable[tuple[Limit, LimitFunction]], context: DecisionContext, wanted: int
) -> tuple[int, tuple[AppliedLimit, ...]]:
    """Apply the limits in order; return the resulting count, and each limit that changed it."""
    applied: list[AppliedLimit] = []
    for name, function in stages:
        allowed, note = function(context, wanted)
        if allowed != wanted:
            applied.append(AppliedLimit(name, wanted, allowed, note))
        wanted = allowed
    return wanted, tuple(applied)
