"""Schedules that move the bounds: cron times in a time zone, each for a duration. Pure: the time is an argument."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

_MINUTE_SECONDS = 60
_LONGEST_FOLD = timedelta(hours=3)  # more than any zone's clock was ever set back by


@dataclass(frozen=True, slots=True)
class Schedule:
    """From each time of `cron` in `timezone` on, for `duration_seconds`, min, max or both are others.

    Daylight saving as in Debian's cron: a time of day that a night skips comes right after the gap, one that comes
    twice counts once. The duration is elapsed time, so that ten hours are ten hours in every night.
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
    """The least and the most replicas of a moment, and the schedule that each is of, if it is one's."""

    low: int
    high: int
    low_by: str = ""
    high_by: str = ""


def bounds_at(min_replicas: int, max_replicas: int, schedules: Sequence[Schedule], now: float) -> Bounds:
    """Return the bounds at `now` (unix seconds).

    Of several schedules at once the greatest min and the least max count; a max goes before a min.
    """
    active = [schedule for schedule in schedules if is_active(schedule, now)]
    if not active:
        return Bounds(min_replicas, max_replicas)
    lows = [(schedule.min_replicas, str(schedule)) for schedule in active if schedule.min_replicas is not None]
    highs = [(schedule.max_replicas, str(schedule)) for schedule in active if schedule.max_replicas is not None]
    low, low_by = max(lows, default=(min_replicas, ""))
    high, high_by = min(highs, default=(max_replicas, ""))
    return Bounds(low, high, low_by, high_by) if low <= high else Bounds(high, high, high_by, high_by)


def is_active(schedule: Schedule, now: float) -> bool:
    """Return whether a time of the schedule has come no longer ago than its duration."""
    began = latest_start(schedule.cron, schedule.timezone, int(now // _MINUTE_SECONDS))
    return began is not None and now < began + schedule.duration_seconds


@lru_cache(maxsize=4096)
def latest_start(cron: str, timezone: ZoneInfo, minute: int) -> float | None:
    """Return the latest time of `cron` up to the start of that minute (since the epoch), or None if there was none.

    In an hour that comes twice the search begins after it, since a time of the first pass may read later on the clock.
    """
    now = datetime.fromtimestamp(minute * _MINUTE_SECONDS, timezone)
    start = now + timedelta(minutes=1) + (_LONGEST_FOLD if now.fold else timedelta())
    for time in CronSim(cron, start, reverse=True):
        if time.timestamp() <= now.timestamp():
            return time.timestamp()
    return None


def check_cron(cron: str) -> None:
    """Refuse what is no cron expression of five fields.

    Raises:
        ValueError: says what is allowed.
    """
    if len(cron.split()) != 5 or not _has_a_time(cron):  # noqa: PLR2004  a sixth field would be seconds
        raise ValueError('must be a cron expression of minute, hour, day, month and weekday, such as "0 8 * * 1-5"')


def _has_a_time(cron: str) -> bool:
    try:
        next(CronSim(cron, datetime(2000, 1, 1, tzinfo=UTC)))
    except (CronSimError, StopIteration):
        return False
    return True
