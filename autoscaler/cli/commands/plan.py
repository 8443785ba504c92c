"""`autoscaler plan`: the decisions that a daemon would make now."""

import typer

from autoscaler.cli.client.completion import service_names
from autoscaler.cli.options import JSON_OPTION


def plan(
    services: list[str] | None = typer.Argument(
        None, help="Services of the policy file; default: all.", autocompletion=service_names
    ),
    *,
    json: bool = JSON_OPTION,
) -> None:
    """Evaluate once; do not act. Exit 1 when a service cannot be evaluated.

    Example: autoscaler plan userservice
    """
    from autoscaler.cli.text.evaluation_text import decisions_table
    from autoscaler.cli.text.output import console, print_json
    from autoscaler.config.settings import load_settings
    from autoscaler.events import Action, plain_evaluation
    from autoscaler.standalone import plan as standalone

    evaluations = standalone.plan(load_settings(), services or ())
    if json:
        print_json([plain_evaluation(each) for each in evaluations])
    else:
        console.print(decisions_table(evaluations))
    if any(each.action in {Action.FAILED, Action.REFUSED} for each in evaluations):
        raise typer.Exit(1)
