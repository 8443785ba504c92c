"""One connection that carries the engine's events, as lines of JSON."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from urllib3.exceptions import HTTPError

from autoscaler.adapters.docker.answers import ContainerEvent, MalformedShape, checked

MOST_LINE_BYTES = 2**20
_CHUNK_BYTES = 65536
_NO_JSON = b"!"
_NANOSECONDS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class EngineEvent:
    """One event. `at` is the engine's own time, as its `since` takes it."""

    at: str
    facts: Mapping[str, Any]


class EventStream:
    """Reads until the engine ends it, no event comes for longer than the connection allows, or `close` is called."""

    def __init__(self, response: requests.Response) -> None:
        self._response = response

    @property
    def began(self) -> str | None:
        """When the engine answered, by its own clock; None if unknown."""
        date = self._response.headers.get("Date")
        try:
            return None if date is None else f"{parsedate_to_datetime(date).timestamp():.0f}"
        except ValueError:
            return None

    def events(self, *, after: str | None) -> Iterator[EngineEvent]:
        """Yield events later than `after`: a stream since an instant repeats that instant's events."""
        with contextlib.closing(self._response), contextlib.suppress(requests.RequestException, HTTPError, OSError):
            for line in self._lines():
                event = _event(line)
                if event is not None and (after is None or _nanoseconds(event.at) > _nanoseconds(after)):
                    yield event

    def _lines(self) -> Iterator[bytes]:
        rest = b""
        while data := self._response.raw.read1(_CHUNK_BYTES):
            *lines, rest = (rest + data).split(b"\n")
            yield from lines
            if len(rest) > MOST_LINE_BYTES:
                rest = _NO_JSON  # the line is skipped at its end

    def close(self) -> None:
        """End a read that is under way in another thread."""
        with contextlib.suppress(HTTPError, OSError, ValueError, RuntimeError):
            self._response.raw.shutdown()


def _event(line: bytes) -> EngineEvent | None:
    """Return the event, or None if the line is none: the next list call shows what it was about."""
    try:
        facts = checked(ContainerEvent, json.loads(line))
    except (ValueError, RecursionError, MalformedShape):
        return None
    nanoseconds = facts["timeNano"]
    return EngineEvent(f"{nanoseconds // _NANOSECONDS}.{nanoseconds % _NANOSECONDS:09d}", facts)


def _nanoseconds(at: str) -> int:
    seconds, _, rest = at.partition(".")
    return int(seconds) * _NANOSECONDS + int(rest or 0)
