"""`autoscaler plan`: what would be done now."""

import typer
from rich.text import Text

from autoscaler.cli.client.completion import service_names
from autoscaler.cli.text.evaluation_text import in_short
from autoscaler.cli.text.output import JSON_OPTION, console, print_json, table
from autoscaler.config.settings import load_settings
from autoscaler.events import Action, Evaluation, plain_evaluation
from autoscaler.standalone import plan as standalone


def plan(
    services: list[str] | None = typer.Argument(
        None, help="Services of the policy file; default: all.", autocompletion=service_names
    ),
    *,
    json: bool = JSON_OPTION,
) -> None:
    """Evaluate once, and act on nothing. Exit 1 when a service cannot be evaluated.

    Example: autoscaler plan userservice
    """
    evaluations = standalone.plan(load_settings(), services or ())
    if json:
        print_json([plain_evaluation(told) for told in evaluations])
    else:
        _print(evaluations)
    if any(told.action in {Action.FAILED, Action.REFUSED} for told in evaluations):
        raise typer.Exit(1)


def _print(evaluations: list[Evaluation]) -> None:
    decisions = table("service", "replicas", "ready", "reason", "decision")
    for told in evaluations:
        replicas, ready, reason, says = in_short(told)
        shown = Text(reason, style="red" if told.decision is None else "")
        decisions.add_row(told.service, replicas, ready, shown, says)
    console.print(decisions)
