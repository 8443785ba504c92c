"""Schedules that change the bounds: cron times in a time zone, each for a duration. Pure: the time is an argument."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

LONGEST_CRON = 256  # characters
_MINUTE_SECONDS = 60
_LONGEST_FOLD = timedelta(hours=3)  # more than any time zone ever set its clock back


@dataclass(frozen=True, slots=True)
class Schedule:
    """Replaces min, max or both for `duration_seconds` from each time of `cron` in `timezone` on.

    Daylight saving as in Debian's cron: a skipped time of day occurs right after the gap, a repeated one counts once.
    The duration is elapsed time: ten hours are ten hours in every night.
    """

    cron: str
    duration_seconds: float
    timezone: ZoneInfo
    min_replicas: int | None = None
    max_replicas: int | None = None

    def __str__(self) -> str:
        return f"{self.cron} {self.timezone.key}"


@dataclass(frozen=True, slots=True)
class Bounds:
    """The minimum and maximum at one moment, and the schedule that sets each, if one does."""

    low: int
    high: int
    low_by: str = ""
    high_by: str = ""


def bounds_at(min_replicas: int, max_replicas: int, schedules: Sequence[Schedule], now: float) -> Bounds:
    """Return the bounds at `now` (unix seconds).

    Of several active schedules the greatest min and the least max apply; a max overrides a min.
    """
    return combined(min_replicas, max_replicas, [schedule for schedule in schedules if is_active(schedule, now)])


def combined(min_replicas: int, max_replicas: int, active: Sequence[Schedule]) -> Bounds:
    """Return the bounds while these schedules are active."""
    if not active:
        return Bounds(min_replicas, max_replicas)
    lows = [(schedule.min_replicas, str(schedule)) for schedule in active if schedule.min_replicas is not None]
    highs = [(schedule.max_replicas, str(schedule)) for schedule in active if schedule.max_replicas is not None]
    low, low_by = max(lows, default=(min_replicas, ""))
    high, high_by = min(highs, default=(max_replicas, ""))
    return Bounds(low, high, low_by, high_by) if low <= high else Bounds(high, high, high_by, high_by)


def is_active(schedule: Schedule, now: float) -> bool:
    """Return whether the schedule started less than its duration ago."""
    began = latest_start(schedule.cron, schedule.timezone, int(now // _MINUTE_SECONDS))
    return began is not None and now < began + schedule.duration_seconds


@lru_cache(maxsize=4096)
def latest_start(cron: str, timezone: ZoneInfo, minute: int) -> float | None:
    """Return the latest time of `cron` up to the start of that minute (since the epoch), or None.

    In a repeated hour the search starts after it, since a time of the first pass may be later on the clock.
    """
    now = datetime.fromtimestamp(minute * _MINUTE_SECONDS, timezone)
    start = now + timedelta(minutes=1) + (_LONGEST_FOLD if now.fold else timedelta())
    for time in CronSim(cron, start, reverse=True):
        if time.timestamp() <= now.timestamp():
            return time.timestamp()
    return None


def check_cron(cron: str) -> str:
    """Return the cron expression of five fields that has a time.

    Raises:
        ValueError: it is none, or too long; the message names what is allowed.
    """
    if len(cron) > LONGEST_CRON:
        raise ValueError(f"has {len(cron)} characters; at most {LONGEST_CRON} are allowed")
    if len(cron.split()) != 5 or not _has_a_time(cron):  # noqa: PLR2004  a sixth field would be seconds
        raise ValueError('must be a cron expression of minute, hour, day, month and weekday, such as "0 8 * * 1-5"')
    return cron


@lru_cache(maxsize=1024)
def _has_a_time(cron: str) -> bool:
    try:
        next(CronSim(cron, datetime(2000, 1, 1, tzinfo=UTC)))
    except (CronSimError, StopIteration, AssertionError, ValueError):  # CronSim lets some mistakes through
        return False
    return True
