"""The schema of `drain`: how a replica is taken out of Traefik before it is stopped."""

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from autoscaler.config.compose_options import Drain, HttpCall
from autoscaler.config.fields import AnyDuration, Model, between
from autoscaler.config.sizes import MOST_ENTRIES

_USUAL = Drain()
LONGEST_DRAIN_SECONDS = 3600.0
LONGEST_THROTTLE_SECONDS = 60.0
MOST_COMMAND_CHARACTERS = 2000  # a longer one would not fit into the socket guard's buffer

# Signals that ask servers to end gracefully or to run a hook; the socket guard passes no others.
Signal = Literal["SIGUSR1", "SIGUSR2", "SIGHUP", "SIGQUIT", "SIGWINCH"]


class HttpCallModel(Model):
    """A request to the replica's own port."""

    port: Annotated[int, Field(ge=1, le=65535)]
    path: str = "/"
    method: Literal["GET", "POST", "PUT", "DELETE"] = "POST"

    @field_validator("path")
    @classmethod
    def _path(cls, value: str) -> str:
        if not value.startswith("/") or any(sign.isspace() for sign in value):
            raise ValueError("must be a path such as /drain")
        return value


class DrainModel(Model):
    """Drains by the replica's healthcheck where possible; the last three keys are for replicas without one."""

    timeout: Annotated[AnyDuration, between(0.0, LONGEST_DRAIN_SECONDS)] = _USUAL.timeout_seconds
    throttle: Annotated[AnyDuration, between(0.0, LONGEST_THROTTLE_SECONDS)] = _USUAL.throttle_seconds
    command: Annotated[list[str], Field(min_length=1, max_length=MOST_ENTRIES)] | None = None
    signal: Signal | None = None
    http: HttpCallModel | None = None

    @field_validator("command")
    @classmethod
    def _short(cls, value: list[str] | None) -> list[str] | None:
        characters = sum(map(len, value or ()))
        if characters > MOST_COMMAND_CHARACTERS:
            raise ValueError(f"has {characters} characters; at most {MOST_COMMAND_CHARACTERS} are allowed")
        return value

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if sum(way is not None for way in (self.command, self.signal, self.http)) > 1:
            raise ValueError("takes only one of `command`, `signal` and `http`")
        return self


def make_drain(model: DrainModel | None) -> Drain:
    """Return how the replicas of a service are drained; for None, they are only stopped."""
    if model is None:
        return Drain(enabled=False)
    http = None if model.http is None else HttpCall(model.http.port, model.http.path, model.http.method)
    return Drain(
        timeout_seconds=model.timeout,
        throttle_seconds=model.throttle,
        command=tuple(model.command or ()),
        signal=model.signal,
        http=http,
    )
