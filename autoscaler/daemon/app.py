"""The daemon's life: load, start, wait, end in order. It ends if its web server ends."""

import time
from collections.abc import Callable, Mapping
from functools import partial

import structlog

from autoscaler import __version__
from autoscaler.adapters.web.app import make_app
from autoscaler.adapters.web.authorization import Authorization
from autoscaler.adapters.web.page import PageHandlers
from autoscaler.adapters.web.read import ReadHandlers
from autoscaler.adapters.web.server import WebServer
from autoscaler.adapters.web.write import WriteHandlers
from autoscaler.config.load import load_file
from autoscaler.config.settings import Settings
from autoscaler.core.memory import Memory
from autoscaler.daemon import loop
from autoscaler.daemon.build import Daemon, build
from autoscaler.daemon.chores import make_chores
from autoscaler.daemon.lifetime import EXIT_SECONDS, Stop, did_not_end, within
from autoscaler.daemon.reload import loaded
from autoscaler.warmstart.warm_start import Rebuilt, wait_for

CHORES_STOP_SECONDS = 5.0
LEASE_STOP_SECONDS = 5.0
WATCH_STOP_SECONDS = 2.0
ANNOTATIONS_STOP_SECONDS = 3.0
WEB_STOP_SECONDS = 2.0


def run(settings: Settings) -> int:
    """Run until SIGTERM or SIGINT; return the exit code: 0 after a signal, 1 when the web server ended.

    Raises:
        ConfigError: the policy file is wrong, or the address is taken; nothing was started.
    """
    daemon = build(settings, load_file(settings.config, settings))
    stop = Stop(settings.stop_timeout_seconds + EXIT_SECONDS)
    web = _make_web(settings, daemon, on_exit=stop.web_ended)
    daemon.overrides.restore(time.time())
    daemon.observers.emit(loaded(daemon.active_cycle.config, "start", time.time()))
    with stop.on_signals(hangup=lambda: daemon.reloader.reload("SIGHUP")):
        _live(settings, daemon, web, stop)
    return stop.code


def _make_web(settings: Settings, daemon: Daemon, on_exit: Callable[[], None]) -> WebServer:
    """Return the web server, bound and not yet serving."""
    guard = Authorization(None if settings.api_token is None else settings.api_token.get_secret_value())
    seen = daemon.observers
    reading = ReadHandlers(seen.status, seen.metrics, seen.journal, seen.overview, seen.recent)
    writing = WriteHandlers(guard, seen.status, daemon.overrides, lambda: daemon.reloader.reload("POST /-/reload"))
    app = make_app(reading, writing, PageHandlers(), settings.allowed_hosts)
    return WebServer(app, *settings.listen_address, on_exit=on_exit)


def _live(settings: Settings, daemon: Daemon, web: WebServer, stop: Stop) -> None:
    web.start()
    for observer in daemon.observers.annotations:
        observer.start()
    chores = loop.beside(make_chores(daemon))
    stop.step = "the warm start"
    memories = _memories(daemon, stop)
    daemon.target.watch()
    stop.step = "a cycle"
    if not stop.cause:
        _run_cycles(settings, daemon, memories, stop)
    _finish(settings, daemon, web, lambda: chores.shutdown(wait=True), stop)


def _finish(settings: Settings, daemon: Daemon, web: WebServer, end_chores: Callable[[], object], stop: Stop) -> None:
    """End every part, each within its own time and all within that of the process."""
    over = time.monotonic() + settings.stop_timeout_seconds + EXIT_SECONDS / 2
    late: list[str] = []

    def end(step: str, seconds: float, call: Callable[[], object]) -> None:
        stop.step = step
        if not within(max(0.1, min(seconds, over - time.monotonic())), call):
            late.append(step)

    log = structlog.stdlib.get_logger("autoscaler")
    log.info("stopping", cause=stop.cause)
    stop.step = "an operation"
    busy = daemon.operations.stop(settings.stop_timeout_seconds)
    end("a chore", CHORES_STOP_SECONDS, end_chores)
    if not busy and not late:  # a chore that goes on could take the lease again
        end("the lease", LEASE_STOP_SECONDS, daemon.leadership.release)
    end("the watch", WATCH_STOP_SECONDS, daemon.target.close)
    for observer in daemon.observers.annotations:
        end("an annotation", ANNOTATIONS_STOP_SECONDS, partial(observer.stop, ANNOTATIONS_STOP_SECONDS))
    end("the web server", WEB_STOP_SECONDS, partial(web.stop, WEB_STOP_SECONDS))
    stop.step = "the log"
    problem = {"problem": did_not_end(late)} if late else {}
    log.log(30 if busy or late else 20, "stopped", unfinished=busy, **problem)
    stop.step = ""


def _run_cycles(settings: Settings, daemon: Daemon, memories: Mapping[str, Memory], stop: Stop) -> None:
    daemon.active_cycle.begin(memories)
    config = daemon.active_cycle.config
    scheduler = loop.start(daemon.active_cycle.run, config.interval_seconds, daemon.observers.emit)
    daemon.reconfigured.append(lambda config: loop.every(scheduler, config.interval_seconds))
    structlog.stdlib.get_logger("autoscaler").info(
        "started",
        version=__version__,
        services=sorted(config.services),
        interval_seconds=config.interval_seconds,
        listen=settings.listen,
        dry_run=config.dry_run,
    )
    stop.wait()
    scheduler.shutdown(wait=False)


def _memories(daemon: Daemon, stop: Stop) -> dict[str, Memory]:
    """Return the memories of the warm start; a service without one holds its count for a whole window."""
    rebuilt = wait_for(daemon.warm_start(), time.time(), daemon.warm_start_seconds, stopping=lambda: bool(stop.cause))
    for each in rebuilt.values():
        _log_warm_start(each)
    return {name: each.memory for name, each in rebuilt.items()}


def _log_warm_start(rebuilt: Rebuilt) -> None:
    facts = {
        "service": rebuilt.service,
        "window_seconds": round(rebuilt.window_seconds),
        "load_days": round(rebuilt.load_days, 2),
        "trusted": list(rebuilt.trusted),
    }
    log = structlog.stdlib.get_logger("autoscaler")
    if rebuilt.problem is None:
        log.info("warm_start", **facts)
    else:
        log.warning("warm_start", **facts, problem=rebuilt.problem)
