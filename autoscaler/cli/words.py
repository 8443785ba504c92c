"""Policies in words, for tables."""

from autoscaler.core.explain import format_value
from autoscaler.core.policy import Behavior, BlindAction, Goal, Policy, Query, RatePolicy, RateUnit, Rule, SelectPolicy
from autoscaler.durations import format_duration


def rule_in_words(rule: Rule) -> str:
    """Write a rule, e.g. `throughput: requests, 50 req/s per replica (over 20s)`."""
    target = format_value(rule, rule.target)
    goal = f"{target} per replica" if rule.goal is Goal.PER_REPLICA else f"target {target}"
    if isinstance(rule.source, Query):
        return f"{rule.name}: {rule.source.promql}, {goal}"
    quantile = f" p{rule.source.quantile * 100:g}" if rule.source.quantile else ""
    return f"{rule.name}: {rule.source.signal}{quantile}, {goal} (over {format_duration(rule.source.window_seconds)})"


def behavior_in_words(behavior: Behavior) -> str:
    """Write one direction, e.g. `window 5m, 100 % / 15s, tolerance 10 %`."""
    if behavior.select_policy is SelectPolicy.DISABLED:
        return "disabled"
    join = " or " if behavior.select_policy is SelectPolicy.MAX else " and "
    rates = join.join(_rate(policy) for policy in behavior.policies) or "any number"
    window = format_duration(behavior.stabilization_window_seconds)
    return f"window {window}, {rates}, tolerance {behavior.tolerance:.0%}"


def _rate(policy: RatePolicy) -> str:
    unit = "" if policy.unit is RateUnit.REPLICAS else " %"
    return f"{policy.amount}{unit} / {format_duration(policy.period_seconds)}"


def blind_in_words(policy: Policy) -> str:
    """Write what happens without readings, e.g. `hold` or `after 1m at_least 4`."""
    blind = policy.when_blind
    if blind.action is BlindAction.HOLD:
        return "hold"
    return f"after {format_duration(blind.after_seconds)} {blind.action} {blind.replicas}"
