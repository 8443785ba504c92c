"""`autoscaler explain`: a decision of the running daemon, and why."""

from datetime import UTC, datetime

import typer

from autoscaler.cli.client.completion import service_names
from autoscaler.cli.options import JSON_OPTION, URL_OPTION


def explain(
    service: str = typer.Argument(help="A service of the running daemon.", autocompletion=service_names),
    *,
    at: str | None = typer.Option(None, help="HH:MM[:SS] today or an ISO time, local; default: the last decision."),
    url: str | None = URL_OPTION,
    json: bool = JSON_OPTION,
) -> None:
    """Explain the last decision about a service, or the one in force at a time. Exit 1 when there was none.

    Example: autoscaler explain userservice --at 14:05
    """
    from autoscaler.cli.client.daemon_client import check_url, daemon_url
    from autoscaler.cli.client.evaluations import get_evaluation, read_evaluation
    from autoscaler.cli.local_time import parse_at
    from autoscaler.cli.text.evaluation_text import in_full
    from autoscaler.cli.text.output import console, print_json
    from autoscaler.config.settings import load_settings

    daemon = check_url(url) if url is not None else daemon_url(load_settings())
    found = get_evaluation(daemon, service, None if at is None else parse_at(at, datetime.now(UTC).astimezone()))
    if json:
        print_json(found)
    else:
        for part in in_full(read_evaluation(found)):
            console.print(part)
    if found["decision"] is None:
        raise typer.Exit(1)
