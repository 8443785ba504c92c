"""`autoscaler check`: whether the policy file is right, and the policies that follow from it."""

import time
from pathlib import Path

import typer

from autoscaler.cli.options import JSON_OPTION


def check(
    file: Path | None = typer.Argument(None, help="The policy file; default: AUTOSCALER_CONFIG."),
    *,
    offline: bool = typer.Option(False, "--offline", help="Ask neither the engine nor Prometheus."),
    json: bool = JSON_OPTION,
) -> None:
    """Check a policy file and print the effective policies, with what the engine and Prometheus say where they answer.

    Exit 2 when the file is wrong; 1 when it is right, but one of its services cannot be scaled or measured as it says.

    Example: autoscaler check config/autoscaler.yaml
    """
    from autoscaler.cli.text.check_text import as_json, show
    from autoscaler.cli.text.output import print_json
    from autoscaler.config.settings import load_settings
    from autoscaler.formats import visible
    from autoscaler.standalone.preflight import examine

    settings = load_settings()
    path, now = file or settings.config, time.time()
    found = examine(path, settings, offline=offline)
    if json:
        print_json(as_json(found, now))
    else:
        show(found, path, now)
    for problem in () if json else found.problems:
        typer.echo(f"error: {visible(problem)}", err=True)
    if found.problems:
        raise typer.Exit(1)
