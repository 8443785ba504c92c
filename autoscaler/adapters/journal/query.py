"""Parses a query of the journal: `limit`, `since` and `until` of a URL."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

LIMIT = 100
MOST = 2000


@dataclass(frozen=True, slots=True)
class JournalQuery:
    """The newest `limit` entries of a span, in unix seconds."""

    since: float = -math.inf
    until: float = math.inf
    limit: int = LIMIT


def parse_query(parameters: Mapping[str, str]) -> JournalQuery:
    """Return the query of these parameters.

    Raises:
        ValueError: a parameter is unknown or invalid; the message names what is allowed.
    """
    unknown = sorted(parameters.keys() - {"since", "until", "limit"})
    if unknown:
        raise ValueError(f"unknown parameter {unknown[0]!r}; known are limit, since and until")
    query = JournalQuery(
        since=_time("since", parameters["since"]) if "since" in parameters else -math.inf,
        until=_time("until", parameters["until"]) if "until" in parameters else math.inf,
        limit=_limit(parameters["limit"]) if "limit" in parameters else LIMIT,
    )
    if query.since > query.until:
        raise ValueError("since is after until, so nothing can be between them")
    return query


def _limit(text: str) -> int:
    if re.fullmatch(r"[0-9]{1,4}", text) and 1 <= int(text) <= MOST:
        return int(text)
    raise ValueError(f"limit must be a whole number from 1 to {MOST}, not {text!r}")


def _time(name: str, text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = _iso(text)
    if math.isfinite(seconds):
        return seconds
    raise ValueError(f"{name} must be unix seconds, or a time with its zone such as 2026-01-31T14:05:00Z, not {text!r}")


def _iso(text: str) -> float:
    try:
        time = datetime.fromisoformat(text)
        return math.nan if time.tzinfo is None else time.timestamp()
    except ValueError:
        return math.nan
