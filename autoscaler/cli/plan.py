"""`autoscaler plan`: what would be done now."""

import typer
from rich.text import Text

from autoscaler import once
from autoscaler.cli.output import JSON_OPTION, console, print_json, table
from autoscaler.core.model import Decision
from autoscaler.events import Action, ServiceOutcome
from autoscaler.settings import load_settings


def plan(
    services: list[str] | None = typer.Argument(None, help="Services of the policy file; default: all."),
    *,
    json: bool = JSON_OPTION,
) -> None:
    """Evaluate once, and act on nothing. Exit 1 when a service cannot be evaluated.

    Example: autoscaler plan userservice
    """
    outcomes = list(once.plan(load_settings(), services or ()).services.values())
    if json:
        print_json(outcomes)
    else:
        _print(outcomes)
    if any(outcome.action is Action.FAILED for outcome in outcomes):
        raise typer.Exit(1)


def _print(outcomes: list[ServiceOutcome]) -> None:
    decisions = table("service", "replicas", "ready", "reason", "decision")
    for outcome in outcomes:
        if outcome.decision is None:
            decisions.add_row(outcome.service, "?", "?", Text("failed", style="red"), outcome.error or "")
        else:
            decisions.add_row(*_row(outcome.decision))
    console.print(decisions)


def _row(decision: Decision) -> tuple[str, ...]:
    count, desired = decision.replicas.count, decision.desired
    change = str(count) if count == desired else f"{count} → {desired}"
    notes = [
        f"{proposal.rule}: {proposal.reading.kind}{f': {note}' if (note := proposal.reading.note) else ''}"
        for proposal in decision.proposals
        if proposal.replicas is None
    ]
    sentences = "\n".join([decision.sentence, *notes])
    return decision.service, change, str(decision.replicas.ready), decision.reason.value, sentences
