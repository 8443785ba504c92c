"""The daemon's status as a table."""

from collections.abc import Iterator
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from autoscaler.cli.client.evaluations import ALARMING, read_evaluation
from autoscaler.cli.client.operator import intervention_lines, read_intervention
from autoscaler.cli.local_time import format_at
from autoscaler.cli.text.output import table
from autoscaler.core.model import Decision
from autoscaler.core.policy import Rule
from autoscaler.core.units import format_value
from autoscaler.events import Action, Condition

_ORDER = {each.value: each.rank for each in Condition}
_QUIET = {Action.UNCHANGED.value, Action.SCALED.value, Action.FAILED.value, None}


def overview(daemon: dict[str, Any], services: list[dict[str, Any]], error: str | None = None) -> RenderableType:
    """Return one line about the daemon, and a row for each service."""
    if error is not None:
        return Text(error, style="red")
    rows = table("service", "replicas", "bounds", "rules", "decision", "operator")
    for found in sorted(services, key=lambda found: _ORDER.get(str(found.get("condition")), len(_ORDER))):
        rows.add_row(*_row(found))
    return Group(_headline(daemon), *(Text(note, style="yellow") for note in daemon.get("notes", ())), rows)


def _headline(daemon: dict[str, Any]) -> Text:
    good = bool(daemon["ok"])
    facts = [
        _first_sentence(str(daemon["message"])),
        f"version {daemon.get('version')}",
        *(["dry run"] if daemon.get("dry_run") else []),
    ]
    return Text.assemble(("✓ " if good else "✗ ", "green" if good else "red"), ", ".join(facts))


def _row(found: dict[str, Any]) -> tuple[RenderableType, ...]:
    operator = "\n".join(intervention_lines(read_intervention(found.get("intervention") or {})))
    evaluation = None if found.get("decision") is None else read_evaluation(found)
    if evaluation is None or evaluation.decision is None:
        bounds = "?" if found.get("min") is None else f"{found['min']}-{found['max']}"
        error = _first_sentence(found.get("error") or "not evaluated yet")
        words = Text(error, style="red"), Text(operator, style="yellow")
        return _service(found), "?", bounds, "", *words
    decision = evaluation.decision
    return (
        _service(found),
        _replicas(decision),
        f"{decision.low}-{decision.high}",
        "\n".join(_rules(decision, evaluation.rules)),
        _decision(found, decision),
        Text(operator, style="yellow"),
    )


def _service(found: dict[str, Any]) -> Text:
    """Return the name, and the condition beneath it: a terminal's width is scarce."""
    word = str(found.get("condition") or "?")
    style = "red" if word in ALARMING else "green" if word == Condition.OK else "yellow"
    return Text.assemble(f"{found['service']}\n", (word, style))


def _first_sentence(text: str) -> str:
    """Return the problem alone; `explain` has the rest, such as a list of names."""
    return text.partition(". ")[0]


def _replicas(decision: Decision) -> str:
    replicas = decision.replicas
    count = (
        str(replicas.current) if replicas.current == replicas.ready else f"{replicas.current} ({replicas.ready} ready)"
    )
    return count if replicas.current == decision.desired else f"{count} → {decision.desired}"


def _rules(decision: Decision, rules: tuple[Rule, ...]) -> Iterator[str]:
    by_name = {rule.name: rule for rule in rules}
    for proposal in decision.proposals:
        rule, reading = by_name.get(proposal.rule), proposal.reading
        if rule is None:
            continue
        value = reading.kind.value if reading.value is None else format_value(rule, reading.value)
        yield f"{rule.name} {value} / {format_value(rule, proposal.target)}"


def _decision(found: dict[str, Any], decision: Decision) -> Text:
    text = Text.assemble((f"{decision.reason}: ", "bold"), decision.sentence)
    if found.get("action") not in _QUIET:
        text.append(f"\nheld: {found.get('held') or str(found['action']).replace('_', ' ')}", style="yellow")
    operation = found.get("operation") or {}
    if operation.get("error"):
        text.append(f"\nfailed {format_at(operation['at'])}: {operation['error']}", style="red")
    return text
