"""How far one direction may go now. Formulae: HPA's calculateScale{Up,Down}LimitWithScalingRules."""

from collections.abc import Iterable

from autoscaler.core.memory import recent
from autoscaler.core.model import Moment
from autoscaler.core.policy import Behavior, RatePolicy, RateUnit, SelectPolicy


def scale_up_limit(count: int, behavior: Behavior, changes: tuple[Moment, ...], now: float) -> int | None:
    """Return the highest count allowed now, at least `count`; None without any rate policy."""
    if behavior.select_policy is SelectPolicy.DISABLED:
        return count
    if not behavior.policies:
        return None
    most = max if behavior.select_policy is SelectPolicy.MAX else min
    allowed = most(_raised(policy, period_start(count, policy, changes, now)) for policy in behavior.policies)
    return max(allowed, count)


def scale_down_limit(count: int, behavior: Behavior, changes: tuple[Moment, ...], now: float) -> int | None:
    """Return the lowest count allowed now, at most `count`; None without any rate policy."""
    if behavior.select_policy is SelectPolicy.DISABLED:
        return count
    if not behavior.policies:
        return None
    most = min if behavior.select_policy is SelectPolicy.MAX else max
    allowed = most(_lowered(policy, period_start(count, policy, changes, now)) for policy in behavior.policies)
    return min(allowed, count)


def period_start(count: int, policy: RatePolicy, changes: Iterable[Moment], now: float) -> int:
    """Return the count as it was when the policy's period began."""
    return count - sum(change.replicas for change in recent(tuple(changes), now, policy.period_seconds))


def _raised(policy: RatePolicy, start: int) -> int:
    if policy.unit is RateUnit.REPLICAS:
        return start + policy.amount
    return -(-start * (100 + policy.amount) // 100)


def _lowered(policy: RatePolicy, start: int) -> int:
    if policy.unit is RateUnit.REPLICAS:
        return start - policy.amount
    return start * (100 - policy.amount) // 100
