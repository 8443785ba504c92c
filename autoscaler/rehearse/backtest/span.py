"""Chooses the span to replay, and its step."""

import math
import re
from datetime import UTC, datetime

from autoscaler.errors import ConfigError
from autoscaler.formats import ALLOWED, format_duration, parse_duration
from autoscaler.ports.metrics import Span

MOST_INSTANTS = 200_000
LEAST_STEP_SECONDS = 1.0
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def choose_span(
    since: str, until: str | None, step_seconds: float | None, *, interval_seconds: float, now: float
) -> Span:
    """Return the instants to replay. Without `until` they end now (unix seconds).

    The step defaults to the daemon's interval, or to the least multiple of it with at most `MOST_INSTANTS` instants.

    Raises:
        ConfigError: a value is no time or duration, the span is empty, or it ends in the future.
    """
    now = round(now, 3)
    start, end = moment("--since", since, now), now if until is None else moment("--until", until, now)
    if end > now:
        raise ConfigError(f"--until {until} is in the future")
    if start >= end:
        raise ConfigError(f"--since {since} is not before --until {until or 'now'}: nothing is in between")
    step_seconds = _step(step_seconds, interval_seconds, end - start)
    if end - start < step_seconds:
        raise ConfigError(f"between --since and --until is less than one step of {format_duration(step_seconds)}")
    return Span(start, end, step_seconds)


def moment(option: str, text: str, now: float) -> float:
    """Return the unix seconds of a duration before `now`, or of an ISO date or time (UTC by default).

    Raises:
        ConfigError: it is neither.
    """
    try:
        if not _DATE.match(text):
            return round(now - parse_duration(text), 3)
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(
            f'{option}: must be {ALLOWED}, or a time such as "2026-02-28" or "2026-02-28T17:00", not {text!r}'
        ) from error
    return round((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp(), 3)


def _step(step_seconds: float | None, interval_seconds: float, span_seconds: float) -> float:
    if step_seconds is None:
        return interval_seconds * max(1, math.ceil(span_seconds / interval_seconds / MOST_INSTANTS))
    if step_seconds < LEAST_STEP_SECONDS:
        raise ConfigError(f"--step: must be 1s or more, not {format_duration(step_seconds)}")
    if span_seconds / step_seconds > MOST_INSTANTS:
        least = format_duration(math.ceil(span_seconds / MOST_INSTANTS))
        raise ConfigError(f"--step: would be more than {MOST_INSTANTS:,} decisions; use {least} or more")
    return round(step_seconds, 3)
