"""Policies in words, for tables."""

from datetime import datetime
from typing import assert_never

from autoscaler.core.calendar import next_change
from autoscaler.core.policy import (
    NO_REVERSAL_LIMIT,
    Behavior,
    BlindAction,
    Goal,
    Objective,
    Policy,
    Query,
    RatePolicy,
    RateUnit,
    Rule,
    SelectPolicy,
    Step,
    StepChange,
)
from autoscaler.core.schedule import Bounds
from autoscaler.core.units import format_value
from autoscaler.formats import format_duration


def counted(count: int, noun: str) -> str:
    """Write a count, e.g. `1 service` or `4 services`."""
    return f"{count} {plural(count, noun)}"


def plural(count: int, noun: str) -> str:
    return noun if count == 1 else f"{noun}s"


def rule_in_words(rule: Rule) -> str:
    """Write a rule, e.g. `throughput: requests, 50 req/s per replica (over 20s, bursts over 10s)`."""
    parts = [f"{rule.name}: {_source(rule)}", goal_in_words(rule)]
    if rule.cap:
        parts.append("a cap")
    if rule.activation is not None:
        parts.append(f"wants nothing up to {format_value(rule, rule.activation)}")
    if not rule.required:
        parts.append("optional")
    return ", ".join(parts) + _windows(rule)


def _source(rule: Rule) -> str:
    if isinstance(rule.source, Query):
        return rule.source.promql
    return f"{rule.source.signal}{f' p{rule.source.quantile * 100:g}' if rule.source.quantile else ''}"


def goal_in_words(rule: Rule) -> str:
    """Write what the rule aims at, e.g. `50 req/s per replica`, `target 300 ms` or `above 300 ms +2`."""
    match rule.goal:
        case Goal.STEPS:
            return ", ".join(_step(rule, step) for step in rule.steps)
        case Goal.PER_REPLICA:
            return f"{format_value(rule, rule.target)} per replica"
        case Goal.TARGET:
            return f"target {format_value(rule, rule.target)}"
        case _:
            assert_never(rule.goal)


def _step(rule: Rule, step: Step) -> str:
    bound = f"{'above' if step.above else 'below'} {format_value(rule, step.bound)}"
    match step.change:
        case StepChange.SET:
            return f"{bound} at {'least' if step.above else 'most'} {step.amount}"
        case StepChange.ADD:
            return f"{bound} {step.amount:+d}"
        case StepChange.PERCENT:
            return f"{bound} {step.amount:+d} %"
        case _:
            assert_never(step.change)


def _windows(rule: Rule) -> str:
    windows = [f"over {format_duration(rule.source.window_seconds)}"] if rule.source.window_seconds else []
    if rule.burst is not None:
        windows.append(f"bursts over {format_duration(rule.burst.window_seconds)}")
    return f" ({', '.join(windows)})" if windows else ""


def behavior_in_words(behavior: Behavior) -> str:
    """Write one direction, e.g. `window 5m, 100 % / 15s, tolerance 10 %`."""
    match behavior.select_policy:
        case SelectPolicy.DISABLED:
            return "disabled"
        case SelectPolicy.MAX:
            join = " or "
        case SelectPolicy.MIN:
            join = " and "
        case _:
            assert_never(behavior.select_policy)
    rates = join.join(_rate(policy) for policy in behavior.policies) or "any number"
    window = format_duration(behavior.stabilization_window_seconds)
    return f"window {window}, {rates}, tolerance {behavior.tolerance:.0%}"


def _rate(policy: RatePolicy) -> str:
    unit = {RateUnit.REPLICAS: "", RateUnit.PERCENT: " %"}[policy.unit]
    return f"{policy.amount}{unit} / {format_duration(policy.period_seconds)}"


def blind_in_words(policy: Policy) -> str:
    """Write what happens without readings, e.g. `hold` or `after 1m at_least 4`."""
    blind = policy.when_blind
    if blind.action is BlindAction.HOLD:
        return "hold"
    return f"after {format_duration(blind.after_seconds)} {blind.action} {blind.replicas}"


def behaviour_lines(policy: Policy) -> list[str]:
    """Write the behaviour: both directions, bursts, reversals, and blindness."""
    lines = [f"up: {behavior_in_words(policy.scale_up)}", f"down: {behavior_in_words(policy.scale_down)}"]
    if any(rule.burst is not None for rule in policy.rules):
        lines.append(f"bursts: from {policy.burst_threshold:g} x the long window's value")
    if policy.reversals != NO_REVERSAL_LIMIT:
        period = format_duration(policy.reversals.period_seconds)
        lines.append(f"reversals: nothing is lowered after {policy.reversals.limit} within {period}")
    return [*lines, f"blind: {blind_in_words(policy)}"]


def objective_in_words(objective: Objective) -> str:
    """Write the promise and what is learned, e.g. `99 % within 300ms; sizes throughput; learns capacity`."""
    switches = (
        ("capacity", objective.learn_capacity),
        ("headroom", objective.learn_headroom),
        ("season", objective.learn_season),
    )
    learned = ", ".join(name for name, on in switches if on) or "nothing"
    promise = f"{objective.ratio * 100:g} % within {format_duration(objective.latency_seconds)}"
    return f"{promise}; sizes {objective.rule}; learns {learned}"


def bounds_lines(policy: Policy, now: float) -> list[str]:
    """Write the bounds of the policy, and with schedules those of `now` (unix seconds) and the next change of them."""
    lines = [f"{policy.min_replicas}-{policy.max_replicas}"]
    if not policy.schedules:
        return lines
    lines.append(f"now {bounds_in_words(policy.bounds_at(now))}")
    change = next_change(policy, now)
    if change is None:
        return [*lines, "for good: no schedule will change that"]
    local = datetime.fromtimestamp(change.at, change.timezone)
    clock = "%H:%M:%S" if local.second else "%H:%M"
    when = f"{local:%a %Y-%m-%d {clock}} {change.timezone.key}"
    return [*lines, f"from {when}: {change.bounds.low}-{change.bounds.high}"]


def bounds_in_words(bounds: Bounds) -> str:
    """Write bounds and what moved them, e.g. `4-10 (min by schedule 0 8 * * 1-5 America/Bogota)`."""
    moved = {"min": bounds.low_by, "max": bounds.high_by}
    notes = "; ".join(f"{name} by schedule {schedule}" for name, schedule in moved.items() if schedule)
    return f"{bounds.low}-{bounds.high}{f' ({notes})' if notes else ''}"
