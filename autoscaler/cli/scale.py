"""`autoscaler scale`: bring services to a count by hand."""

import typer
from rich.text import Text

from autoscaler import once
from autoscaler.cli.output import JSON_OPTION, console, print_json, table
from autoscaler.events import OperationFinished
from autoscaler.settings import load_settings

ALL = "all"


def scale(
    service: str = typer.Argument(help="A service of the policy file, or `all`."),
    replicas: int = typer.Argument(help="How many replicas it should have, within its bounds.", min=1),
    *,
    json: bool = JSON_OPTION,
) -> None:
    """Scale a service now and wait until its replicas are ready. A running daemon goes on deciding afterwards.

    Example: autoscaler scale userservice 4
    """
    results = once.scale(load_settings(), () if service == ALL else (service,), replicas)
    if json:
        print_json(results)
    else:
        _print(results)
    if any(result.error for result in results):
        raise typer.Exit(1)


def _print(results: list[OperationFinished]) -> None:
    done = table("service", "replicas", "seconds", "result")
    for result in results:
        outcome = Text(result.error, style="red") if result.error else Text("ok", style="green")
        change = f"{result.before} → {result.after}"
        done.add_row(result.service, change, f"{result.duration_seconds:.1f}", outcome)
    console.print(done)
