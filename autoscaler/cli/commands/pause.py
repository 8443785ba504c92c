"""`autoscaler pause` and `autoscaler resume`: keep the running daemon from acting on services, and let it again."""

from typing import Any

import typer
from rich.text import Text

from autoscaler.cli.client.operator import FOR, SERVICE, Answer, operator_api, send, warn
from autoscaler.cli.text.evaluation_text import intervention_lines
from autoscaler.cli.text.output import JSON_OPTION, URL_OPTION, console, print_json, table
from autoscaler.config.settings import load_settings
from autoscaler.core.intervention import NONE


def pause(
    service: str = SERVICE,
    *,
    for_: str | None = typer.Option(None, FOR, help="For how long, such as 30m or 8h; default: 1h."),
    url: str | None = URL_OPTION,
    json: bool = JSON_OPTION,
) -> None:
    """Pause a service: the daemon goes on deciding and telling, and acts on nothing until the time is over.

    Example: autoscaler pause userservice --for 1h
    """
    _say(service, "pause", {} if for_ is None else {"for": for_}, url, json=json)


def resume(
    service: str = SERVICE,
    *,
    url: str | None = URL_OPTION,
    json: bool = JSON_OPTION,
) -> None:
    """End a service's pause and override now.

    Example: autoscaler resume userservice
    """
    _say(service, "resume", {}, url, json=json)


def _say(service: str, what: str, body: dict[str, Any], url: str | None, *, json: bool) -> None:
    told = send(operator_api(load_settings(), url), service, what, body)
    if json:
        print_json(told)
    else:
        print_answers(told)
    warn(told)
    if any(each.error for each in told):
        raise typer.Exit(1)


def print_answers(told: list[Answer]) -> None:
    """Print what is in force for each service from now on."""
    made = table("service", "now")
    for each in told:
        made.add_row(each.service, Text(each.error, style="red") if each.error else _now(each))
    console.print(made)


def _now(told: Answer) -> str:
    if told.before is None:
        return "\n".join(intervention_lines(told.intervention))
    if told.before == NONE:
        return "decided by its policy, as before"
    return f"decided by its policy; ended: {', '.join(intervention_lines(told.before))}"
