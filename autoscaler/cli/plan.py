"""`autoscaler plan`: what would be done now."""

import typer
from rich.text import Text

from autoscaler import once
from autoscaler.account import Account, plain_account
from autoscaler.cli.account import in_short
from autoscaler.cli.complete import service_names
from autoscaler.cli.output import JSON_OPTION, console, print_json, table
from autoscaler.events import Action
from autoscaler.settings import load_settings


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
    accounts = once.plan(load_settings(), services or ())
    if json:
        print_json([plain_account(told) for told in accounts])
    else:
        _print(accounts)
    if any(told.action in {Action.FAILED, Action.REFUSED} for told in accounts):
        raise typer.Exit(1)


def _print(accounts: list[Account]) -> None:
    decisions = table("service", "replicas", "ready", "reason", "decision")
    for told in accounts:
        replicas, ready, reason, says = in_short(told)
        shown = Text(reason, style="red" if told.decision is None else "")
        decisions.add_row(told.service, replicas, ready, shown, says)
    console.print(decisions)
