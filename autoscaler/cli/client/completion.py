"""Completion in the shell: the services of the running daemon and of the policy file."""

from collections.abc import Iterable
from contextlib import suppress
from threading import Thread
from typing import TYPE_CHECKING

from autoscaler.errors import ConfigError

if TYPE_CHECKING:
    from autoscaler.config.settings import Settings

ALL = "all"
PATIENCE_SECONDS = 0.5  # a daemon that does not answer, or a name that does not resolve, must not hold the shell


def service_names(incomplete: str) -> list[str]:
    """Return the services with this prefix; none without a daemon and a policy file."""
    from autoscaler.config.settings import load_settings  # noqa: PLC0415  every command names this function, few complete

    try:
        settings = load_settings()
    except ConfigError:
        return []
    running: list[str] = []
    asking = Thread(target=_ask, args=(settings, running), daemon=True)
    asking.start()
    named = set(_of_file(settings))
    asking.join(PATIENCE_SECONDS)
    return sorted(name for name in named.union(running) if name.startswith(incomplete) and name.isprintable())


def service_names_or_all(incomplete: str) -> list[str]:
    return [*service_names(incomplete), *([ALL] if ALL.startswith(incomplete) else [])]


def _ask(settings: "Settings", running: list[str]) -> None:
    from autoscaler.cli.client.daemon_client import DaemonClient, daemon_url  # noqa: PLC0415

    with suppress(Exception):  # a command line that is being typed is no place for errors
        running.extend(DaemonClient(daemon_url(settings)).names())


def _of_file(settings: "Settings") -> Iterable[str]:
    from autoscaler.config.load import load  # noqa: PLC0415

    try:
        return load(settings.config, settings).services
    except ConfigError:
        return ()
