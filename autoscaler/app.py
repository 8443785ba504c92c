"""The daemon's life: load, start, wait, end in order. It dies if its web server dies."""

import time

import structlog

from autoscaler import __version__, schedule
from autoscaler.adapters.web import WebServer, make_app
from autoscaler.lifetime import Stop
from autoscaler.policyfile.load import load
from autoscaler.settings import Settings
from autoscaler.wiring import Daemon, build

WEB_STOP_SECONDS = 2.0


def run(settings: Settings) -> int:
    """Run until SIGTERM or SIGINT; return the exit code, 0 when the end was wanted.

    Raises:
        ConfigError: the policy file is wrong, or the address is taken; nothing was started.
    """
    daemon = build(settings, load(settings.config, settings))
    stop = Stop()
    web = WebServer(make_app(daemon.status, daemon.metrics), *settings.listen_address, on_exit=stop.web_ended)
    daemon.metrics.config_loaded(time.time(), successful=True)
    with stop.on_signals():
        _live(settings, daemon, web, stop)
    return 0 if stop.wanted else 1


def _live(settings: Settings, daemon: Daemon, web: WebServer, stop: Stop) -> None:
    log = structlog.stdlib.get_logger("autoscaler")
    config = daemon.config
    web.start()
    scheduler = schedule.start(daemon.cycle, config.interval_seconds, daemon.tell)
    log.info(
        "started",
        version=__version__,
        services=sorted(config.services),
        interval_seconds=config.interval_seconds,
        listen=settings.listen,
        dry_run=config.dry_run,
    )
    stop.wait()
    log.info("stopping", cause=stop.cause)
    scheduler.shutdown(wait=False)
    busy = daemon.operations.stop(settings.stop_timeout_seconds)
    web.stop(WEB_STOP_SECONDS)
    log.log(30 if busy else 20, "stopped", unfinished=busy)
