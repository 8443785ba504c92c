"""`autoscaler traefik-view`: runs the view until SIGTERM."""

import asyncio
import json
import os
import signal
import sys
from datetime import UTC, datetime

from autoscaler import __version__
from autoscaler.proxies.traefik_view.control import Control
from autoscaler.proxies.traefik_view.engine import Engine
from autoscaler.proxies.traefik_view.server import Server
from autoscaler.proxies.traefik_view.settings import Settings, load
from autoscaler.proxies.traefik_view.view import View


def main() -> None:
    """Run it.

    Raises:
        ConfigError: a setting is wrong.
        OSError: an address is taken.
    """
    asyncio.run(_run(load(os.environ)))


async def _run(settings: Settings) -> None:
    view = View(Engine(settings.engine_url), projects=settings.projects, start_seconds=settings.start_seconds, log=_log)
    servers = [Server(view.answer), Server(Control(view, settings.secret).answer)]
    loop, following = asyncio.get_running_loop(), asyncio.ensure_future(view.run())
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, following.cancel)
    try:
        await servers[0].listen(*settings.listen)
        await servers[1].listen(*settings.control)
        orders = "on" if settings.secret else "off"
        _log("view_started", version=__version__, instance=view.instance, engine=settings.engine_url, orders=orders)
        await following
    except asyncio.CancelledError:
        _log("view_stopped")
    finally:
        following.cancel()
        for server in servers:
            await server.close()


def _log(event: str, **facts: object) -> None:
    known = {name: value for name, value in facts.items() if value is not None}
    line = {"event": event, "level": "info", "timestamp": datetime.now(UTC).isoformat(), **known}
    print(json.dumps(line), file=sys.stdout, flush=True)  # noqa: T201
