"""An evaluation in words: in full for `explain`, in short for `plan`."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from autoscaler.cli.client.operator import intervention_lines
from autoscaler.cli.local_time import format_at
from autoscaler.cli.text.output import facts, table
from autoscaler.cli.text.policy_text import bounds_in_words, goal_in_words, plural
from autoscaler.core.model import Decision, Estimate, Proposal, Sizing
from autoscaler.core.policy import Goal, Query, Rule
from autoscaler.core.units import format_value
from autoscaler.events import Action, Evaluation
from autoscaler.formats import format_duration

_DONE = {
    Action.UNCHANGED: "nothing to do",
    Action.SCALED: "carried out",
    Action.BUSY: "not carried out: the previous operation is still under way",
    Action.BACKING_OFF: "not carried out: the last operation failed, the next try is later",
    Action.DRY_RUN: "not carried out: dry run",
    Action.PAUSED: "not carried out: paused",
    Action.SETTLING: "not carried out: a foreign change is under way",
    Action.STANDBY: "not carried out: another daemon leads",
    Action.REFUSED: "not carried out: the service cannot be scaled",
    Action.FAILED: "not carried out: it failed",
}


def in_full(evaluation: Evaluation) -> Iterator[RenderableType]:
    yield Text(f"{evaluation.service} at {format_at(evaluation.at)}", style="bold")
    if evaluation.times > 1:
        times = f"{evaluation.times} evaluations until {format_at(evaluation.last_at)}"
        yield f"the first of {times} with the same result; the numbers are of the first"
    decision = evaluation.decision
    if decision is None:
        yield Text(f"could not be evaluated: {evaluation.error}", style="red")
        return
    yield f"{decision.reason}: {decision.sentence}"
    yield ""
    yield _rules(evaluation, decision)
    yield ""
    yield from _limits(decision)
    yield from _estimates(decision)
    yield facts(
        ("winner", [decision.winner or "no rule"]),
        ("bounds", [bounds_in_words(evaluation.bounds)]),
        ("sizing", [] if decision.sizing is None else _sizing(evaluation, decision.sizing)),
        ("reversals", [f"{decision.reversals} within the policy's period"] if decision.reversals else []),
        ("result", [f"{_counts(decision)}, {_DONE[evaluation.action]}"]),
        ("because", [] if evaluation.held is None else [evaluation.held]),
        ("operator", intervention_lines(evaluation.intervention)),
    )


def decisions_table(evaluations: Iterable[Evaluation]) -> Table:
    made = table("service", "replicas", "ready", "reason", "decision")
    for evaluation in evaluations:
        replicas, ready, reason, sentence = in_short(evaluation)
        style = "red" if evaluation.decision is None else ""
        made.add_row(evaluation.service, replicas, ready, Text(reason, style=style), sentence)
    return made


def in_short(evaluation: Evaluation) -> tuple[str, str, str, str]:
    """Return replicas, ready replicas, reason and sentence of an evaluation, as cells of a table."""
    decision = evaluation.decision
    if decision is None:
        return "?", "?", evaluation.action.value, evaluation.error or ""
    missing = [f"{each.rule}: {_missing(each)}" for each in decision.proposals if each.replicas is None]
    bounds = evaluation.bounds
    moved = [f"bounds: {bounds_in_words(bounds)}"] if bounds.low_by or bounds.high_by else []
    learned = [] if decision.sizing is None else [_trust(each) for each in decision.sizing.estimates]
    says = "\n".join([decision.sentence, *missing, *moved, *learned])
    return _change(decision), str(decision.replicas.ready), decision.reason.value, says


def _change(decision: Decision) -> str:
    count, desired = decision.replicas.count, decision.desired
    return str(count) if count == desired else f"{count} → {desired}"


def _counts(decision: Decision) -> str:
    return f"{_change(decision)} {plural(decision.desired, 'replica')} ({decision.replicas.ready} ready)"


def _missing(proposal: Proposal) -> str:
    reading = proposal.reading
    return f"{reading.kind}: {reading.note}" if reading.note else reading.kind.value


def _trust(estimate: Estimate) -> str:
    return f"{estimate.name}: {'trusted' if estimate.trusted else 'not trusted'}, {estimate.note}"


def _rules(evaluation: Evaluation, decision: Decision) -> Table:
    made = table("rule", "value", "goal", "ratio", "age", "wants", "note")
    for proposal in decision.proposals:
        rule = _rule_named(evaluation, proposal.rule, proposal.target)
        made.add_row(*_row(rule, proposal, decision.winner))
    return made


def _rule_named(evaluation: Evaluation, name: str, target: float) -> Rule:
    """Return the rule; one that the policy no longer has is shown as plain numbers."""
    found = (rule for rule in evaluation.rules if rule.name == name)
    return next(found, Rule(name, Query(""), Goal.TARGET, target))


def _row(rule: Rule, proposal: Proposal, winner: str | None) -> tuple[str, ...]:
    reading = proposal.reading
    return (
        rule.name,
        reading.kind.value if reading.value is None else format_value(rule, reading.value),
        goal_in_words(replace(rule, target=proposal.target)),
        "-" if proposal.ratio is None else f"{proposal.ratio:.2f}",
        "-" if reading.age_seconds is None else format_duration(round(reading.age_seconds)),
        "-" if proposal.replicas is None else str(proposal.replicas),
        "; ".join(_notes(rule, proposal, winner)),
    )


def _notes(rule: Rule, proposal: Proposal, winner: str | None) -> Iterator[str]:
    if rule.name == winner:
        yield "wins"
    if rule.cap:
        yield "a cap"
    if proposal.burst:
        yield "of the short window"
    if proposal.held_by is not None:
        yield f"{proposal.unheld}, but held by {proposal.held_by}"
    if proposal.reading.note:
        yield proposal.reading.note
    if proposal.blocks:
        yield "nothing is lowered without it"


def _limits(decision: Decision) -> Iterator[RenderableType]:
    if not decision.limits:
        return
    made = table("limit", "before", "after", "why")
    for limit in decision.limits:
        made.add_row(limit.limit.value, str(limit.before), str(limit.after), limit.note)
    yield made
    yield ""


def _estimates(decision: Decision) -> Iterator[RenderableType]:
    if decision.sizing is None or not decision.sizing.estimates:
        return
    made = table("learned", "trusted", "why")
    for estimate in decision.sizing.estimates:
        made.add_row(estimate.name, "yes" if estimate.trusted else "no", estimate.note)
    yield made
    yield ""


def _sizing(evaluation: Evaluation, sizing: Sizing) -> Iterator[str]:
    rule = _rule_named(evaluation, sizing.rule, sizing.stated)
    stated, learned = format_value(rule, sizing.stated), format_value(rule, sizing.per_replica)
    yield f"{rule.name} at {learned} per replica: {stated} as stated x {sizing.capacity_factor:.2f} as learned"
    if sizing.reserve:
        why = f": {sizing.reserve_note}" if sizing.reserve_note else ""
        yield f"ready for {format_value(rule, sizing.reserve)}, whatever the load is now{why}"
    if sizing.hold_seconds is not None:
        yield "in place of the default scale_down.stabilization_window"
    if sizing.floor:
        yield f"the season's floor is {sizing.floor}"
    if not sizing.estimates:
        yield "nothing has been learned yet"
