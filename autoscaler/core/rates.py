"""How far the count may change now. Formulae: HPA's calculateScale{Up,Down}LimitWithScalingRules."""

from collections.abc import Iterable
from typing import assert_never

from autoscaler.core.memory import recent
from autoscaler.core.model import Moment
from autoscaler.core.policy import Behavior, RatePolicy, RateUnit, SelectPolicy


def rate_limit(count: int, behavior: Behavior, changes: tuple[Moment, ...], now: float, *, up: bool) -> int | None:
    """Return the farthest count allowed now in that direction, at least `count`; None without a rate policy."""
    match behavior.select_policy:
        case SelectPolicy.DISABLED:
            return count
        case SelectPolicy.MAX:
            most = max if up else min
        case SelectPolicy.MIN:
            most = min if up else max
        case _:
            assert_never(behavior.select_policy)
    if not behavior.policies:
        return None
    allowed = most(_allowed(each, period_start(count, each, changes, now), up=up) for each in behavior.policies)
    return max(allowed, count) if up else min(allowed, count)


def period_start(count: int, policy: RatePolicy, changes: Iterable[Moment], now: float) -> int:
    """Return the count at the start of the policy's period."""
    return count - sum(change.replicas for change in recent(tuple(changes), now, policy.period_seconds))


def _allowed(policy: RatePolicy, start: int, *, up: bool) -> int:
    """Return the count that one policy allows, rounded in the direction of the change."""
    amount = policy.amount if up else -policy.amount
    match policy.unit:
        case RateUnit.REPLICAS:
            return start + amount
        case RateUnit.PERCENT:
            return -(-start * (100 + amount) // 100) if up else start * (100 + amount) // 100
        case _:
            assert_never(policy.unit)
