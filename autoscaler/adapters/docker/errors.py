"""The engine's errors, by kind; the only module that knows its HTTP status numbers."""

from http import HTTPStatus


class EngineError(Exception):
    """The engine, or a proxy in front of it, refuses the call."""


class NotFound(EngineError):
    """There is no such container, image, network, volume or file."""


class Conflict(EngineError):
    """The call does not fit the present state: a name is taken, a container runs or is being removed."""


class Forbidden(EngineError):
    """A proxy in front of the engine, or the engine itself, does not allow the call."""


_KINDS: dict[int, type[EngineError]] = {
    HTTPStatus.NOT_FOUND: NotFound,
    HTTPStatus.CONFLICT: Conflict,
    HTTPStatus.FORBIDDEN: Forbidden,
}
GATEWAY_ERRORS = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT})


def engine_error(status: int, message: str) -> EngineError:
    """Return the error for an answer with that HTTP status."""
    return _KINDS.get(status, EngineError)(message)
