"""Builds the web server: pages, API and metrics."""

from collections.abc import Callable

from autoscaler.adapters.web.app import make_app
from autoscaler.adapters.web.authorization import Authorization
from autoscaler.adapters.web.page import PageHandlers
from autoscaler.adapters.web.read import ReadHandlers
from autoscaler.adapters.web.server import WebServer
from autoscaler.adapters.web.write import WriteHandlers
from autoscaler.config.settings import Settings
from autoscaler.daemon.build import Daemon
from autoscaler.errors import ConfigError


def make_web(settings: Settings, daemon: Daemon, on_exit: Callable[[], None]) -> WebServer:
    """Return the web server of a daemon, bound and not yet serving.

    Raises:
        ConfigError: the address is taken.
    """
    token = settings.api_token
    guard = Authorization(None if token is None else token.get_secret_value())
    seen = daemon.observers
    reading = ReadHandlers(seen.status, seen.metrics, seen.journal, seen.overview, seen.recent)
    writing = WriteHandlers(guard, seen.status, daemon.overrides, lambda: _reload(daemon))
    app = make_app(reading, writing, PageHandlers())
    return WebServer(app, *settings.listen_address, on_exit=on_exit)


def _reload(daemon: Daemon) -> None:
    """Load the policy file again.

    Raises:
        ConfigError: every mistake of the file, by lines; the former file stays in force.
    """
    problem = daemon.reloader.reload("POST /-/reload")
    if problem is not None:
        raise ConfigError(problem)
