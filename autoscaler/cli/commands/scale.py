"""`autoscaler scale`: bring services to a count by hand."""

import time
from typing import Any

import typer
from rich.text import Text

from autoscaler.cli.client.completion import ALL
from autoscaler.cli.client.daemon_client import Api
from autoscaler.cli.client.operator import FOR, SERVICE, Answer, operator_api, send, warn
from autoscaler.cli.client.wait import REASON, Patience, await_replicas, await_service, grace_seconds
from autoscaler.cli.commands.pause import print_answers
from autoscaler.cli.text.output import JSON_OPTION, URL_OPTION, console, option_seconds, print_json, table
from autoscaler.config.settings import load_settings
from autoscaler.core.model import Direction
from autoscaler.errors import ConfigError, DaemonAbsent
from autoscaler.events import OperationFinished
from autoscaler.standalone import scale as standalone


def scale(
    service: str = SERVICE,
    replicas: int = typer.Argument(help="How many replicas it should have, within its bounds.", min=1),
    *,
    for_: str | None = typer.Option(None, FOR, help="How long the daemon keeps to it, such as 2h; default: 30m."),
    wait: bool = typer.Option(True, "--wait/--no-wait", help="Wait until the replicas are ready."),
    timeout: str = typer.Option("5m", help="How long to wait for a running daemon."),
    url: str | None = URL_OPTION,
    json: bool = JSON_OPTION,
) -> None:
    """Scale a service by hand. A running daemon keeps to it until the time is over; without one it is done at once.

    Example: autoscaler scale userservice 4 --for 2h
    """
    settings = load_settings()
    api = operator_api(settings, url)
    timeout_seconds = option_seconds("--timeout", timeout)
    try:
        api.names()
    except DaemonAbsent:
        if url is not None or settings.url is not None:
            raise
        if for_ is not None:
            raise ConfigError(f"{FOR} needs a running daemon, and none listens at {api.url}") from None
        _print(standalone.scale(settings, () if service == ALL else (service,), replicas), json=json, note=_alone(api))
        return
    body = {"replicas": replicas} if for_ is None else {"replicas": replicas, "for": for_}
    if wait:
        _print(_scaled(api, service, body, timeout_seconds), json=json)
    else:
        told = send(api, service, "scale", body)
        warn(told)
        _print_told(told, json=json)


def _alone(api: Api) -> str:
    return f"no daemon listens at {api.url}, so this command scaled by itself"


def _scaled(api: Api, service: str, body: dict[str, Any], timeout_seconds: float) -> list[OperationFinished]:
    """Tell the daemon, and wait: for a daemon that has just started to know its services, then for the replicas."""
    deadline = time.monotonic() + timeout_seconds
    patience = Patience(deadline, timeout_seconds, grace_seconds(api), say=lambda line: typer.echo(line, err=True))
    await_service(api, service, patience)
    told = send(api, service, "scale", body)
    warn(told)
    return [_awaited(api, each, patience) for each in told]


def _awaited(api: Api, told: Answer, patience: Patience) -> OperationFinished:
    if told.error is not None:
        return OperationFinished(told.service, Direction.NONE, REASON, 0, 0, 0.0, 0.0, told.error)
    return await_replicas(api, told, patience)


def _print_told(told: list[Answer], *, json: bool) -> None:
    if json:
        print_json(told)
    else:
        print_answers(told)
    if any(each.error for each in told):
        raise typer.Exit(1)


def _print(results: list[OperationFinished], *, json: bool, note: str | None = None) -> None:
    if json:
        print_json(results)
    else:
        _print_table(results)
        if note is not None:
            console.print(note)
    if any(result.error for result in results):
        raise typer.Exit(1)


def _print_table(results: list[OperationFinished]) -> None:
    done = table("service", "replicas", "seconds", "result")
    for result in results:
        outcome = Text(result.error, style="red") if result.error else Text("ok", style="green")
        change = f"{result.before} → {result.after}" if result.before or result.after else "?"
        done.add_row(result.service, change, f"{result.duration_seconds:.1f}", outcome)
    console.print(done)
