"""A decision in one sentence that an operator understands at 3 a.m."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import assert_never

from autoscaler.core.combine import Candidate
from autoscaler.core.context import DecisionContext
from autoscaler.core.limits import by_schedule
from autoscaler.core.model import AppliedLimit, Decision, Proposal, Reason, Sizing
from autoscaler.core.policy import BlindAction, Goal, Query, Rule, Signal
from autoscaler.core.rules import is_inactive


def sentence(context: DecisionContext, candidate: Candidate) -> str:
    """Say what is wanted and why, each limit that changed it, and the count that follows."""
    parts = [_cause(context, candidate), *(limit.note for limit in candidate.limits)]
    return "; ".join([*parts, _result(context.replicas.count, candidate.replicas)])


def also(decision: Decision, limit: AppliedLimit) -> str:
    """Return the decision's sentence with one more limit and the count that follows from it."""
    told, _, _ = decision.sentence.rpartition("; ")
    return "; ".join([told, limit.note, _result(decision.replicas.count, limit.after)])


def _cause(context: DecisionContext, candidate: Candidate) -> str:
    if candidate.winner is not None:
        rule = next(rule for rule in context.policy.rules if rule.name == candidate.winner.rule)
        sizing = context.sizing
        return describe(rule, candidate.winner, sizing if sizing is not None and sizing.rule == rule.name else None)
    if candidate.reason is Reason.OVERRIDE and context.override is not None:
        return f"an operator wants {context.override.replicas} until {format_until(context.override.until)}"
    return _CAUSES[candidate.reason](context) if candidate.reason in _CAUSES else _blind(context)


def format_until(until: float) -> str:
    """Write unix seconds as a time that is the same to everybody, e.g. `2026-01-31 14:05:00 UTC`."""
    return f"{datetime.fromtimestamp(until, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _blind(context: DecisionContext) -> str:
    without = [proposal for proposal in context.proposals if proposal.replicas is None]
    missing = ", ".join(f"{proposal.rule} ({proposal.reading.kind})" for proposal in without)
    since = context.memory.blind_since
    seconds = 0 if since is None else context.now - since
    fallback = context.policy.when_blind
    due = fallback.action is not BlindAction.HOLD and seconds >= fallback.after_seconds
    then = f"; when_blind.do is {fallback.action} {fallback.replicas}" if due else ""
    return f"no usable reading for {seconds:.0f} s: {missing}{then}"


_CAUSES: Mapping[Reason, Callable[[DecisionContext], str]] = {
    Reason.STOPPED: lambda _: "no replica is running, so the service counts as stopped on purpose",
    Reason.BELOW_MIN: lambda context: (
        f"fewer replicas than replicas.min {context.bounds.low}{by_schedule(context.bounds.low_by)}"
    ),
    Reason.ABOVE_MAX: lambda context: (
        f"more replicas than replicas.max {context.bounds.high}{by_schedule(context.bounds.high_by)}"
    ),
}


def _result(count: int, desired: int) -> str:
    return f"stays at {count}" if count == desired else f"{count} → {desired}"


def describe(rule: Rule, proposal: Proposal, sizing: Sizing | None = None) -> str:
    """Say what a rule saw and what it wants, e.g. `throughput 330 req/s at 50 req/s per replica wants 7`."""
    value = 0.0 if proposal.reading.value is None else proposal.reading.value
    seen, target = format_value(rule, value), format_value(rule, proposal.target)
    burst = f" in the last {rule.burst.window_seconds:g} s" if proposal.burst and rule.burst is not None else ""
    wants = f"wants {proposal.unheld}"
    if rule.activation is not None and is_inactive(rule, value):
        return f"{rule.name} {seen}, not above its activation {format_value(rule, rule.activation)}, {wants}"
    match rule.goal:
        case Goal.STEPS:
            return f"{rule.name} {seen}, {_step(rule, value)}, {wants}"
        case Goal.TARGET:
            return f"{rule.name} {seen} against {target} {wants}"
        case Goal.PER_REPLICA:
            return f"{rule.name} {seen}{burst} at {target} per replica{_sized(rule, sizing)} {wants}"
        case _:
            assert_never(rule.goal)


def _step(rule: Rule, value: float) -> str:
    """Say which of the steps it is, e.g. `above 500 ms`."""
    above = [step.bound for step in rule.steps if step.above and value > step.bound]
    below = [step.bound for step in rule.steps if not step.above and value < step.bound]
    if above:
        return f"above {format_value(rule, max(above))}"
    return f"below {format_value(rule, min(below))}" if below else "within its steps"


def _sized(rule: Rule, sizing: Sizing | None) -> str:
    """Say how a learned target came about, e.g. ` (50 req/s x 1.08 learned)`."""
    if sizing is None or sizing.per_replica == sizing.stated:
        return ""
    stated = format_value(rule, sizing.stated)
    return f" ({stated} x {sizing.capacity_factor:.2f} learned)"


def format_value(rule: Rule, value: float) -> str:
    """Write a value of that rule with its unit."""
    if isinstance(rule.source, Query):
        return f"{value:.4g}"
    match rule.source.signal:
        case Signal.REQUESTS:
            return f"{value:.4g} req/s"
        case Signal.CONCURRENCY:
            return f"{value:.3g} in flight"
        case Signal.LATENCY:
            return f"{value * 1000:.0f} ms"
        case Signal.ERROR_RATIO | Signal.SLOW_RATIO:
            return f"{value * 100:.2g} %"
        case _:
            assert_never(rule.source.signal)
