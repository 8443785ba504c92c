"""`autoscaler pause` and `autoscaler resume`: stop the running daemon from acting on services for a while."""

from typing import Any

import typer

from autoscaler.cli.options import FOR, JSON_OPTION, SERVICE, URL_OPTION


def pause(
    service: str = SERVICE,
    *,
    for_: str | None = typer.Option(None, FOR, help="For how long, such as 30m or 8h; default: 1h."),
    url: str | None = URL_OPTION,
    json: bool = JSON_OPTION,
) -> None:
    """Pause a service: the daemon goes on deciding, and does not act until the time is over.

    Example: autoscaler pause userservice --for 1h
    """
    _send(service, "pause", {} if for_ is None else {"for": for_}, url, json=json)


def resume(
    service: str = SERVICE,
    *,
    url: str | None = URL_OPTION,
    json: bool = JSON_OPTION,
) -> None:
    """End a service's pause and override now.

    Example: autoscaler resume userservice
    """
    _send(service, "resume", {}, url, json=json)


def _send(service: str, what: str, body: dict[str, Any], url: str | None, *, json: bool) -> None:
    from autoscaler.cli.client.operator import operator_api, send, warn
    from autoscaler.cli.text.answers_text import print_answers
    from autoscaler.config.settings import load_settings

    answers = send(operator_api(load_settings(), url), service, what, body)
    good = print_answers(answers, json=json)
    warn(answers)
    if not good:
        raise typer.Exit(1)
