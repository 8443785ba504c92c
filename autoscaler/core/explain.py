"""Describes a decision in one sentence for the operator."""

from datetime import UTC, datetime
from typing import assert_never

from autoscaler.core.combine import Candidate
from autoscaler.core.context import DecisionContext
from autoscaler.core.limits import by_schedule
from autoscaler.core.model import AppliedLimit, Decision, Proposal, Reason, Sizing
from autoscaler.core.policy import BlindAction, Goal, Rule
from autoscaler.core.rules import is_inactive
from autoscaler.core.units import format_value


def describe_decision(context: DecisionContext, candidate: Candidate) -> str:
    """Return the cause, each limit that changed the count, and the resulting count."""
    parts = [_cause(context, candidate), *(limit.note for limit in candidate.limits)]
    return "; ".join([*parts, _result(context.replicas.count, candidate.replicas)])


def with_limit(decision: Decision, limit: AppliedLimit) -> str:
    """Return the decision's sentence with one more limit and the resulting count."""
    causes, _, _ = decision.sentence.rpartition("; ")
    return "; ".join([causes, limit.note, _result(decision.replicas.count, limit.after)])


def _cause(context: DecisionContext, candidate: Candidate) -> str:
    if candidate.winner is not None:
        rule = next(rule for rule in context.policy.rules if rule.name == candidate.winner.rule)
        sizing = context.sizing if context.sizing is not None and context.sizing.rule == rule.name else None
        return describe_proposal(rule, candidate.winner, sizing)
    if candidate.reason is Reason.OVERRIDE and context.override is not None:
        return f"an operator wants {context.override.replicas} until {format_until(context.override.until)}"
    bounds = context.bounds
    match candidate.reason:
        case Reason.STOPPED:
            return "no replica is running, so the service counts as stopped on purpose"
        case Reason.BELOW_MIN:
            return f"fewer replicas than replicas.min {bounds.low}{by_schedule(bounds.low_by)}"
        case Reason.ABOVE_MAX:
            return f"more replicas than replicas.max {bounds.high}{by_schedule(bounds.high_by)}"
        case _:  # no rule has won; a limit may have given the reason
            return _blind(context)


def format_until(until: float) -> str:
    """Write unix seconds as a time in UTC, e.g. `2026-01-31 14:05:00 UTC`."""
    return f"{datetime.fromtimestamp(until, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _blind(context: DecisionContext) -> str:
    since = context.memory.blind_since
    if since is None:
        return f"no load is seen, and none is proved absent: {_missing(context)}"
    seconds = context.now - since
    fallback = context.policy.when_blind
    due = fallback.action is not BlindAction.HOLD and seconds >= fallback.after_seconds
    then = f"; when_blind.do is {fallback.action} {fallback.replicas}" if due else ""
    return f"no usable reading for {seconds:.0f} s: {_missing(context)}{then}"


def _missing(context: DecisionContext) -> str:
    without = [proposal for proposal in context.proposals if proposal.replicas is None]
    return ", ".join(f"{proposal.rule} ({proposal.reading.kind})" for proposal in without)


def _result(count: int, desired: int) -> str:
    return f"stays at {count}" if count == desired else f"{count} → {desired}"


def describe_proposal(rule: Rule, proposal: Proposal, sizing: Sizing | None = None) -> str:
    """Return a rule's reading and proposal, e.g. `throughput 330 req/s at 50 req/s per replica wants 7`."""
    value = 0.0 if proposal.reading.value is None else proposal.reading.value
    measured, target = format_value(rule, value), format_value(rule, proposal.target)
    burst = f" in the last {rule.burst.window_seconds:g} s" if proposal.burst and rule.burst is not None else ""
    wants = f"wants {proposal.unheld}"
    if rule.activation is not None and is_inactive(rule, value):
        return f"{rule.name} {measured}, not above its activation {format_value(rule, rule.activation)}, {wants}"
    match rule.goal:
        case Goal.STEPS:
            return f"{rule.name} {measured}, {_step(rule, value)}, {wants}"
        case Goal.TARGET:
            return f"{rule.name} {measured} against {target} {wants}"
        case Goal.PER_REPLICA:
            sure = "" if sizing is None or sizing.sure_load is None else _sure(rule, sizing.sure_load)
            return f"{rule.name} {measured}{burst}{sure} at {target} per replica{_sized(rule, sizing)} {wants}"
        case _:
            assert_never(rule.goal)


def _step(rule: Rule, value: float) -> str:
    """Return the step that applies, e.g. `above 500 ms`."""
    above = [step.bound for step in rule.steps if step.above and value > step.bound]
    below = [step.bound for step in rule.steps if not step.above and value < step.bound]
    if above:
        return f"above {format_value(rule, max(above))}"
    return f"below {format_value(rule, min(below))}" if below else "within its steps"


def _sure(rule: Rule, load: float) -> str:
    return f" (surely {format_value(rule, load)} within 30 s)"


def _sized(rule: Rule, sizing: Sizing | None) -> str:
    """Return how a learned target is derived, e.g. ` (50 req/s x 1.08 learned)`."""
    if sizing is None or sizing.per_replica == sizing.stated:
        return ""
    return f" ({format_value(rule, sizing.stated)} x {sizing.capacity_factor:.2f} learned)"
