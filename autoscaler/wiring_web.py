"""Builds what operators read and say something with: the web server, and what keeps what they say."""

from collections.abc import Callable

from autoscaler.adapters.web.app import make_app
from autoscaler.adapters.web.guard import Guard
from autoscaler.adapters.web.page import Page
from autoscaler.adapters.web.read import Reading
from autoscaler.adapters.web.server import WebServer
from autoscaler.adapters.web.write import Writing
from autoscaler.errors import ConfigError
from autoscaler.settings import Settings
from autoscaler.wiring_daemon import Daemon


def make_web(settings: Settings, daemon: Daemon, on_exit: Callable[[], None]) -> WebServer:
    """Return the web server of a daemon, bound and not yet serving.

    Raises:
        ConfigError: the address is taken.
    """
    token = settings.api_token
    guard = Guard(None if token is None else token.get_secret_value())
    reading = Reading(daemon.observers.status, daemon.observers.metrics, daemon.observers.journal)
    page = Page(daemon.observers.status, daemon.observers.overview, daemon.observers.recent)
    writing = Writing(guard, daemon.observers.status, daemon.overrides, lambda: _reload(daemon))
    app = make_app(reading, writing, page)
    return WebServer(app, *settings.listen_address, on_exit=on_exit)


def _reload(daemon: Daemon) -> None:
    """Load the policy file anew.

    Raises:
        ConfigError: every mistake of the file, by lines; the one before stays in force.
    """
    problem = daemon.reloader.reload("POST /-/reload")
    if problem is not None:
        raise ConfigError(problem)
