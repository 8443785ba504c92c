"""The running daemon's status and its evaluations of services."""

import shlex
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from autoscaler import __version__
from autoscaler.cli.client.daemon_client import DaemonClient, service_path
from autoscaler.cli.local_time import format_at
from autoscaler.errors import AutoscalerError, ConfigError, DaemonUnavailable
from autoscaler.events import Condition, Evaluation

_EVALUATION = TypeAdapter(Evaluation)
ALARMING = {each.value for each in Condition if each.alarming}
_ENTRIES = 20  # enough to hold the one in force at a time, however many reasons alternated then


def get_evaluation(url: str, service: str, at: float | None = None) -> dict[str, Any]:
    """Return the last evaluation of a service as JSON, or the one in force at a time (unix seconds).

    Raises:
        ConfigError: the daemon has no such service.
        DaemonUnavailable: no answer, not one of a daemon, the service has not been evaluated yet, or the journal does
            not reach back so far.
    """
    api = DaemonClient(url, plan=f"autoscaler plan {shlex.quote(service)}")
    last = api.get(service_path(service))
    known = isinstance(last, dict) and last.get("service") == service
    if not known or last.get("min") is None:  # its labels have a mistake, so there is no policy to explain
        raise no_such_service(api, service)
    if last.get("action") is None:
        raise DaemonUnavailable(f"{service} has not been evaluated yet; ask again after the first cycle")
    if at is None:
        return dict(last)
    entries = api.get(service_path(service, "decisions"), until=at, limit=_ENTRIES)
    if not entries:
        raise DaemonUnavailable(
            f"there is no decision about {service} at {format_at(at)}: the journal is in memory, "
            "and begins with the daemon's start"
        )
    return dict(max(entries, key=lambda entry: (min(entry["last_at"], at), entry["at"])))


@dataclass(frozen=True, slots=True)
class Status:
    """The daemon as a whole, and its services; `error` says why there are none."""

    daemon: dict[str, Any]
    services: list[dict[str, Any]]
    error: str | None = None

    @property
    def healthy(self) -> bool:
        """Whether the loop runs, and each of these services is scaled as its load needs."""
        alarming = any(each.get("condition") in ALARMING for each in self.services)
        return self.error is None and bool(self.daemon.get("ok")) and not alarming


def ask(api: DaemonClient, service: str | None) -> Status:
    """Return the status.

    Raises:
        DaemonUnavailable: it does not answer; ConfigError: it has no such service.
    """
    daemon = api.status()
    if service is None:
        return Status(daemon, api.get("/api/v1/services") or [])
    found = api.get(service_path(service))
    if found is None:
        raise no_such_service(api, service)
    return Status(daemon, [found])


def ask_or_error(api: DaemonClient, service: str | None) -> Status:
    """Return the status, or one with an error: a daemon that restarts must not end the watch."""
    try:
        return ask(api, service)
    except DaemonUnavailable as error:
        return Status({}, [], str(error))


def no_such_service(api: DaemonClient, service: str) -> AutoscalerError:
    """Return the error that names the daemon's services, or says why this one is not scaled.

    Raises:
        DaemonUnavailable: no daemon answers.
    """
    names = api.names()
    if service in names:
        found = api.get(service_path(service)) or {}
        return ConfigError(f"{service} is not scaled: {found.get('error') or 'it has just changed, try again'}")
    if not has_evaluated(api):
        known = f"; it knows: {', '.join(names)}" if names else ""
        return DaemonUnavailable(f"the daemon at {api.url} has just started, and has not seen {service} yet{known}")
    if not names:
        none = "none is in its policy file, and none has the label autoscaler.enable=true"
        return ConfigError(f"the daemon at {api.url} has no service: {none}")
    return ConfigError(f"the daemon at {api.url} has no service {service}; it has: {', '.join(names)}")


def has_evaluated(api: DaemonClient) -> bool:
    """Return whether the daemon's first cycle is over: before, it does not know the services that labels enable.

    Raises:
        DaemonUnavailable: no daemon answers.
    """
    return bool(api.status()["ok"]) or any(each.get("action") for each in api.get("/api/v1/services") or ())


def read_evaluation(found: dict[str, Any]) -> Evaluation:
    """Return the evaluation of its JSON.

    Raises:
        DaemonUnavailable: the daemon has another version, with other fields.
    """
    try:
        return _EVALUATION.validate_python(found)
    except ValidationError as error:
        raise DaemonUnavailable(
            f"version {__version__} of this command does not know all fields of the daemon's answer; "
            "run the command of the daemon's version, or add --json"
        ) from error
