"""What the running daemon says of itself and its services."""

import shlex
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from autoscaler import __version__
from autoscaler.cli.client.daemon_client import Api, service_path
from autoscaler.cli.local_time import format_at
from autoscaler.errors import AutoscalerError, ConfigError, DaemonUnavailable
from autoscaler.events import Evaluation

_EVALUATION = TypeAdapter(Evaluation)
_ENTRIES = 20  # enough to hold the one in force at a time, however many reasons alternated then


class Daemon:
    """The accounts of a daemon, for one service."""

    def __init__(self, url: str, service: str) -> None:
        self._api = Api(url, plan=f"autoscaler plan {shlex.quote(service)}")
        self._service = service

    def last(self) -> dict[str, Any]:
        """Return the account of the last evaluation as JSON.

        Raises:
            ConfigError: the daemon has no such service.
            DaemonUnavailable: it does not answer, not as a daemon does, or the service has not been evaluated yet.
        """
        found = self._api.get(service_path(self._service))
        if not isinstance(found, dict) or found.get("service") != self._service:
            raise no_such_service(self._api, self._service)
        if found.get("min") is None:  # its labels have a mistake, so there is no policy to explain
            raise no_such_service(self._api, self._service)
        if found.get("action") is None:
            raise DaemonUnavailable(f"{self._service} has not been evaluated yet; ask again after the first cycle")
        return found

    def at(self, at: float) -> dict[str, Any]:
        """Return the account in force at a time (unix seconds) as JSON.

        Raises:
            ConfigError, DaemonUnavailable: as `last`; and when the journal does not reach back so far.
        """
        self.last()
        entries = self._api.get(service_path(self._service, "decisions"), until=at, limit=_ENTRIES)
        if not entries:
            raise DaemonUnavailable(
                f"nothing is known of {self._service} at {format_at(at)}: the journal is in memory, "
                "and begins with the daemon's start"
            )
        found: dict[str, Any] = max(entries, key=lambda entry: (min(entry["last_at"], at), entry["at"]))
        return found


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


def ask(api: Api, service: str | None) -> Status:
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


def ask_bravely(api: Api, service: str | None) -> Status:
    """Return the status, or that there is none: a daemon that restarts must not end the watch."""
    try:
        return ask(api, service)
    except DaemonUnavailable as error:
        return Status({}, [], str(error))


def no_such_service(api: Api, service: str) -> AutoscalerError:
    """Return the error that says which services there are, or why this one is none.

    Raises:
        DaemonUnavailable: what answers cannot say, so it is no daemon.
    """
    names = api.names()
    if service in names:
        found = api.get(service_path(service)) or {}
        return ConfigError(f"{service} is not scaled: {found.get('error') or 'it has just changed, try again'}")
    if not has_looked(api):
        known = f"; it knows: {', '.join(names)}" if names else ""
        return DaemonUnavailable(f"the daemon at {api.url} has just started, and has not seen {service} yet{known}")
    if not names:
        none = "none is in its policy file, and none has the label autoscaler.enable=true"
        return ConfigError(f"the daemon at {api.url} has no service: {none}")
    return ConfigError(f"the daemon at {api.url} has no service {service}; it has: {', '.join(names)}")


def has_looked(api: Api) -> bool:
    """Return whether the daemon's first cycle is over: only then does it know the services that labels enable.

    Raises:
        DaemonUnavailable: it does not answer, or not as a daemon does.
    """
    return bool(api.daemon()["ok"]) or any(each.get("action") for each in api.get("/api/v1/services") or ())


def read_evaluation(found: dict[str, Any]) -> Evaluation:
    """Return the account of what the daemon told.

    Raises:
        DaemonUnavailable: the daemon is of another version, and says what this one does not know.
    """
    try:
        return _EVALUATION.validate_python(found)
    except ValidationError as error:
        raise DaemonUnavailable(
            f"the daemon says what version {__version__} of this command does not know; "
            "run the command of the daemon's version, or add --json"
        ) from error
