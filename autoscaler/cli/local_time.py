"""Local times, as operators write and read them."""

import re
from datetime import datetime, time

from autoscaler.errors import ConfigError

_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2})?")


def parse_at(text: str, now: datetime) -> float:
    """Return the unix seconds of HH:MM[:SS] today, or of an ISO time; without a zone both are local.

    Raises:
        ConfigError: it is no such time, or in the future.
    """
    try:
        at = _clock(text, now) if _CLOCK.fullmatch(text) else datetime.fromisoformat(text).astimezone()
        seconds = at.timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise ConfigError(f"--at must be a time such as 14:05, 14:05:30 or 2026-01-31T14:05, not {text!r}") from error
    if seconds > now.timestamp():
        raise ConfigError(
            f"--at {text} is in the future: now it is {now:%Y-%m-%d %H:%M:%S}; for another day give the date, too, "
            f"such as {now:%Y-%m-%d}T14:05"
        )
    return seconds


def _clock(text: str, now: datetime) -> datetime:
    return datetime.combine(now.date(), time.fromisoformat(text.zfill(len("00:00")))).astimezone()


def format_at(at: float) -> str:
    """Write unix seconds in local time, e.g. `2026-01-31 14:05:00 CET`."""
    return f"{datetime.fromtimestamp(at).astimezone():%Y-%m-%d %H:%M:%S %Z}"
