"""When schedules change the bounds next. Pure: the time is an argument."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from cronsim import CronSim

from autoscaler.core.policy import Policy
from autoscaler.core.schedule import Bounds, Schedule, latest_start

_MOST_EVENTS = 1000  # starts and ends examined; a schedule without effect for that long is taken to have none


@dataclass(frozen=True, slots=True)
class BoundsChange:
    """New bounds from a time on (unix seconds), and the time zone of the schedule that starts or ends then."""

    at: float
    bounds: Bounds
    timezone: ZoneInfo


def next_change(policy: Policy, now: float) -> BoundsChange | None:
    """Return the next time at which the bounds differ from those at `now` (unix seconds), or None."""
    present = policy.bounds_at(now)
    at = now
    for _ in range(_MOST_EVENTS):
        events = [(event, schedule.timezone) for schedule in policy.schedules for event in _events(schedule, at)]
        if not events:
            break
        at, timezone = min(events, key=lambda event: event[0])
        bounds = policy.bounds_at(at)
        if (bounds.low, bounds.high) != (present.low, present.high):
            return BoundsChange(at, bounds, timezone)
    return None


def _events(schedule: Schedule, after: float) -> Iterator[float]:
    """Yield the next start after that time, and the next end if the schedule is active then."""
    began = latest_start(schedule.cron, schedule.timezone, int(after // 60))
    if began is not None and began + schedule.duration_seconds > after:
        yield began + schedule.duration_seconds
    yield next(CronSim(schedule.cron, datetime.fromtimestamp(after, UTC).astimezone(schedule.timezone))).timestamp()
