"""Requests of operators to the running daemon, for one service or all of them."""

from dataclasses import dataclass
from typing import Any

import typer

from autoscaler.cli.client.completion import ALL
from autoscaler.cli.client.daemon_client import DaemonClient, check_url, daemon_url, service_path
from autoscaler.cli.client.evaluations import no_such_service
from autoscaler.cli.local_time import format_at
from autoscaler.config.settings import Settings
from autoscaler.core.intervention import NONE, Intervention
from autoscaler.core.model import Override
from autoscaler.errors import AutoscalerError, ConfigError
from autoscaler.formats import visible


@dataclass(frozen=True, slots=True)
class Answer:
    """The daemon's answer about a service, or the `error` of a refusal."""

    service: str
    intervention: Intervention = NONE
    before: Intervention | None = None
    warning: str | None = None
    error: str | None = None


def operator_api(settings: Settings, url: str | None) -> DaemonClient:
    """Return the client of the daemon, with the token.

    Raises:
        ConfigError: it is no http URL.
    """
    token = settings.api_token
    return DaemonClient(
        daemon_url(settings) if url is None else check_url(url), None if token is None else token.get_secret_value()
    )


def send(api: DaemonClient, service: str, what: str, body: dict[str, Any]) -> list[Answer]:
    """Send a request for a service, or for each one that the daemon evaluates; one refusal stops no other.

    Raises:
        ConfigError: the request, the token or the service is refused.
        DaemonUnavailable: the daemon does not answer.
    """
    if service != ALL:
        return [_send(api, service, what, body)]
    # Those whose labels have a mistake have no bounds.
    names = [each["service"] for each in api.get("/api/v1/services") or () if each.get("min") is not None]
    if not names:
        raise ConfigError(f"the daemon at {api.url} has no service")
    answers = []
    for name in names:
        try:
            answers.append(_send(api, name, what, body))
        except AutoscalerError as error:
            answers.append(Answer(name, error=str(error)))
    return answers


def _send(api: DaemonClient, service: str, what: str, body: dict[str, Any]) -> Answer:
    try:
        found = api.post(service_path(service, what), body)
    except ConfigError as error:
        if str(error) == "no such service":
            raise no_such_service(api, service) from error
        raise
    before = found.get("before")
    return Answer(
        service,
        read_intervention(found["intervention"]),
        None if before is None else read_intervention(before),
        found.get("warning"),
    )


def read_intervention(found: dict[str, Any]) -> Intervention:
    override = found.get("override")
    return Intervention(
        found.get("paused_until"), None if override is None else Override(override["replicas"], override["until"])
    )


def intervention_lines(intervention: Intervention) -> list[str]:
    """Write what is in force and until when, e.g. `paused until 2026-01-31 14:05:00 CET`; nothing for nothing."""
    paused, override = intervention.paused_until, intervention.override
    lines = [] if paused is None else [f"paused until {format_at(paused)}"]
    return lines if override is None else [*lines, f"override {override.replicas} until {format_at(override.until)}"]


def warn(answers: list[Answer]) -> None:
    """Print each warning once, to stderr."""
    for warning in dict.fromkeys(each.warning for each in answers if each.warning is not None):
        typer.echo(f"warning: {visible(warning)}", err=True)
