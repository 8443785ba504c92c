"""Parses the bodies of write requests: `{"for": "1h"}`, `{"replicas": 4, "for": "30m"}`. Pure."""

import json
from collections.abc import Collection
from dataclasses import dataclass

from autoscaler.core.rules import MOST_REPLICAS
from autoscaler.formats import format_duration, parse_duration

PAUSE_SECONDS = 3600.0  # defaults of `for`
OVERRIDE_SECONDS = 1800.0
SHORTEST_SECONDS, LONGEST_SECONDS = 1.0, 365 * 86400.0


@dataclass(frozen=True, slots=True)
class ScaleOrder:
    """A replica count, and for how long."""

    replicas: int
    seconds: float


def parse_resume(body: bytes) -> None:
    """Accept an empty body, or an empty object.

    Raises:
        ValueError: the body is anything else; the message names what is allowed.
    """
    _parse(body, ())


def parse_pause(body: bytes) -> float:
    """Return the length of the pause in seconds.

    Raises:
        ValueError: the body is invalid; the message names what is allowed.
    """
    return _seconds(_parse(body, ("for",)), PAUSE_SECONDS)


def parse_scale(body: bytes) -> ScaleOrder:
    """Return the count of the override, and its length.

    Raises:
        ValueError: the body is invalid; the message names what is allowed.
    """
    found = _parse(body, ("replicas", "for"))
    replicas = found.get("replicas")
    if isinstance(replicas, bool) or not isinstance(replicas, int) or not 1 <= replicas <= MOST_REPLICAS:
        raise ValueError(f'"replicas" must be a whole number from 1, such as {{"replicas": 4}}{_given(found)}')
    return ScaleOrder(replicas, _seconds(found, OVERRIDE_SECONDS))


def _given(found: dict[str, object]) -> str:
    return f", not {json.dumps(found['replicas'])[:40]}" if "replicas" in found else "; it is missing"


def _seconds(found: dict[str, object], default: float) -> float:
    if "for" not in found:
        return default
    try:
        seconds = parse_duration(found["for"])
    except ValueError as error:
        raise ValueError(f'"for" {error}') from error
    if SHORTEST_SECONDS <= seconds <= LONGEST_SECONDS:
        return seconds
    shortest, longest = format_duration(SHORTEST_SECONDS), format_duration(LONGEST_SECONDS)
    raise ValueError(f'"for" must be from {shortest} to {longest}, not {found["for"]}')


def _parse(body: bytes, allowed: Collection[str]) -> dict[str, object]:
    try:
        found = json.loads(body.decode("utf-8"), object_pairs_hook=_once) if body.strip() else {}
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"the body is no JSON; {_known(allowed)}") from error
    if not isinstance(found, dict):
        raise ValueError(f"the body must be a JSON object; {_known(allowed)}")  # noqa: TRY004  the client's mistake
    unknown = sorted(found.keys() - set(allowed))
    if unknown:
        raise ValueError(f"unknown key {json.dumps(unknown[0])[:40]}; {_known(allowed)}")
    return found


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("the body has a key twice")
    return found


def _known(allowed: Collection[str]) -> str:
    return f"allowed are {' and '.join(json.dumps(key) for key in allowed)}" if allowed else "no key is allowed"
