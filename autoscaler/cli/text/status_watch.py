"""`autoscaler status --watch`."""

import time
from typing import NoReturn

from rich.console import Group, RenderableType
from rich.live import Live

from autoscaler.cli.client.daemon_client import DaemonClient
from autoscaler.cli.client.evaluations import Status, ask_or_error
from autoscaler.cli.local_time import format_at
from autoscaler.cli.text.output import console, print_json
from autoscaler.cli.text.status_text import overview


def watch_status(api: DaemonClient, service: str | None, interval_seconds: float, *, json: bool) -> NoReturn:
    """Show the status at each interval, until Ctrl-C: on a terminal in place, elsewhere one below the other."""
    if json or not console.is_terminal:
        while True:
            found = ask_or_error(api, service)
            print_json(found, indent=None) if json else console.print(_screen(found))
            time.sleep(interval_seconds)
    with Live(console=console, screen=False, auto_refresh=False) as live:
        while True:
            found = ask_or_error(api, service)
            live.update(_screen(found), refresh=True)
            time.sleep(interval_seconds)


def _screen(found: Status) -> RenderableType:
    return Group(format_at(time.time()), overview(found.daemon, found.services, found.error))
