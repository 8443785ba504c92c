"""`autoscaler status --watch`."""

import time
from typing import NoReturn

from rich.console import Group, RenderableType
from rich.live import Live

from autoscaler.cli.client.daemon_client import Api
from autoscaler.cli.client.evaluations import Status, ask_bravely
from autoscaler.cli.local_time import format_at
from autoscaler.cli.text.output import console, print_json
from autoscaler.cli.text.status_text import overview

WATCH_SECONDS = 2.0


def watch_status(api: Api, service: str | None, *, json: bool) -> NoReturn:
    """Show the status anew every 2 s, until Ctrl-C: on a terminal in its place, elsewhere one beneath the other."""
    if json or not console.is_terminal:
        while True:
            found = ask_bravely(api, service)
            print_json(found, indent=None) if json else console.print(_look(found))
            time.sleep(WATCH_SECONDS)
    with Live(console=console, screen=False, auto_refresh=False) as live:
        while True:
            found = ask_bravely(api, service)
            live.update(_look(found), refresh=True)
            time.sleep(WATCH_SECONDS)


def _look(found: Status) -> RenderableType:
    """Return what a watch shows each time: also when that was, so that it is seen to go on."""
    return Group(format_at(time.time()), overview(found.daemon, found.services, found.error))
