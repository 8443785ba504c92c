"""`autoscaler explain`: what the running daemon decided, and why."""

from datetime import UTC, datetime

import typer

from autoscaler.cli.account import in_full
from autoscaler.cli.api import check_url, daemon_url
from autoscaler.cli.complete import service_names
from autoscaler.cli.daemon import Daemon, read_account
from autoscaler.cli.output import JSON_OPTION, URL_OPTION, console, print_json
from autoscaler.cli.times import parse_at
from autoscaler.settings import load_settings


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
    daemon = Daemon(check_url(url) if url is not None else daemon_url(load_settings()), service)
    found = daemon.last() if at is None else daemon.at(parse_at(at, datetime.now(UTC).astimezone()))
    if json:
        print_json(found)
    else:
        for part in in_full(read_account(found)):
            console.print(part)
    if found["decision"] is None:
        raise typer.Exit(1)
