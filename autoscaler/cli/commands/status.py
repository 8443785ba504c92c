"""`autoscaler status`: how the running daemon and its services are."""

import time
from dataclasses import dataclass
from typing import Any

import typer
from rich.console import Group, RenderableType
from rich.live import Live

from autoscaler.cli.client.completion import service_names
from autoscaler.cli.client.daemon_client import Api, check_url, daemon_url, service_path
from autoscaler.cli.client.evaluations import no_such_service
from autoscaler.cli.local_time import format_at
from autoscaler.cli.text.output import JSON_OPTION, URL_OPTION, console, print_json, print_json_line
from autoscaler.cli.text.status_text import overview
from autoscaler.config.settings import load_settings
from autoscaler.errors import DaemonUnavailable

WATCH_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Status:
    """The daemon as a whole, and its services; `error` says why there is nothing to tell."""

    daemon: dict[str, Any]
    services: list[dict[str, Any]]
    error: str | None = None

    @property
    def healthy(self) -> bool:
        """Whether the loop turns and sees services."""
        return self.error is None and bool(self.daemon.get("ok"))


def status(
    service: str | None = typer.Argument(
        None, help="A service of the running daemon; default: all.", autocompletion=service_names
    ),
    *,
    watch: bool = typer.Option(False, "--watch", help="Show it anew every 2 s, until Ctrl-C."),
    url: str | None = URL_OPTION,
    json: bool = JSON_OPTION,
) -> None:
    """Show each service: its replicas, what was decided last and why, and what operators said. Exit 1 when unhealthy.

    Example: autoscaler status userservice --watch
    """
    api = Api(daemon_url(load_settings()) if url is None else check_url(url))
    if watch:
        _watch(api, service, json=json)
        return
    found = _ask(api, service)
    if json:
        print_json(found)
    else:
        console.print(overview(found.daemon, found.services))
    if not found.healthy:
        raise typer.Exit(1)


def _ask(api: Api, service: str | None) -> Status:
    """Return the status.

    Raises:
        DaemonUnavailable: it does not answer; ConfigError: it has no such service.
    """
    daemon = api.daemon()
    if service is None:
        return Status(daemon, api.get("/api/v1/services") or [])
    found = api.get(service_path(service))
    if found is None:
        raise no_such_service(api, service)
    return Status(daemon, [found])


def _ask_bravely(api: Api, service: str | None) -> Status:
    """Return the status, or that there is none: a daemon that restarts must not end the watch."""
    try:
        return _ask(api, service)
    except DaemonUnavailable as error:
        return Status({}, [], str(error))


def _watch(api: Api, service: str | None, *, json: bool) -> None:
    if json or not console.is_terminal:
        while True:
            found = _ask_bravely(api, service)
            print_json_line(found) if json else console.print(_look(found))
            time.sleep(WATCH_SECONDS)
    with Live(console=console, screen=False, auto_refresh=False) as live:
        while True:
            found = _ask_bravely(api, service)
            live.update(_look(found), refresh=True)
            time.sleep(WATCH_SECONDS)


def _look(found: Status) -> RenderableType:
    """Return what a watch shows each time: also when that was, so that it is seen to go on."""
    return Group(format_at(time.time()), overview(found.daemon, found.services, found.error))
