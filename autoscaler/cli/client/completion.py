"""Completion in the shell: the services of the running daemon and of the policy file."""

from collections.abc import Iterable
from contextlib import suppress
from threading import Thread
from typing import TYPE_CHECKING

from autoscaler.errors import ConfigError

if TYPE_CHECKING:
    from autoscaler.config.settings import Settings

ALL = "all"
PATIENCE_SECONDS = 0.5  # a daemon that does not answer, or a name that nobody resolves, must not hold the shell


def service_names(incomplete: str) -> list[str]:
    """Return the services that begin like that; none where no daemon answers and the policy file is no help."""
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
    return sorted(name for name in named.union(running) if name.startswith(incomplete))


def service_names_or_all(incomplete: str) -> list[str]:
    """Return what `service_names` does, and `all`."""
    return [*service_names(incomplete), *([ALL] if ALL.startswith(incomplete) else [])]


def _ask(settings: "Settings", running: list[str]) -> None:
    """Add the services of the daemon, if one answers."""
    from autoscaler.cli.client.daemon_client import Api, daemon_url  # noqa: PLC0415

    with suppress(Exception):  # whatever is wrong, the line that somebody is typing is no place to say it
        running.extend(Api(daemon_url(settings)).names())


def _of_file(settings: "Settings") -> Iterable[str]:
    from autoscaler.config.load import load  # noqa: PLC0415

    try:
        return load(settings.config, settings).services
    except ConfigError:
        return ()
