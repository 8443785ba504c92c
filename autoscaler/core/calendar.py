"""When schedules change the bounds next. Pure: the time is an argument."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from cronsim import CronSim

from autoscaler.core.policy import Policy
from autoscaler.core.schedule import Bounds, Schedule, combined, latest_start

_MOST_EVENTS = 1000  # starts and ends examined; a schedule without effect for that long is taken to have none
_HORIZON_SECONDS = 50 * 366 * 86_400.0  # a 29 February that is a Sunday comes after 40 years at most


@dataclass(frozen=True, slots=True)
class BoundsChange:
    """New bounds from a time on (unix seconds), and the time zone of the schedule that starts or ends then."""

    at: float
    bounds: Bounds
    timezone: ZoneInfo


def next_change(policy: Policy, now: float) -> BoundsChange | None:
    """Return the next time at which the bounds differ from those at `now` (unix seconds), or None."""
    present = policy.bounds_at(now)
    courses = [_Course(schedule, now) for schedule in policy.schedules]
    for _ in range(_MOST_EVENTS if courses else 0):
        course = min(courses, key=lambda each: each.next_event)
        at = course.next_event
        if at > now + _HORIZON_SECONDS:
            break
        for each in courses:
            each.advance(at)
        bounds = combined(
            policy.min_replicas, policy.max_replicas, [each.schedule for each in courses if each.ends is not None]
        )
        if (bounds.low, bounds.high) != (present.low, present.high):
            return BoundsChange(at, bounds, course.schedule.timezone)
    return None


class _Course:
    """One schedule as the time goes by: when it ends, if it is active, and when it starts next."""

    def __init__(self, schedule: Schedule, now: float) -> None:
        self.schedule = schedule
        began = latest_start(schedule.cron, schedule.timezone, int(now // 60))
        self._starts = CronSim(schedule.cron, datetime.fromtimestamp(now, UTC).astimezone(schedule.timezone))
        self._next_start = self._following()
        active = began is not None and now < began + schedule.duration_seconds
        self.ends = began + schedule.duration_seconds if began is not None and active else None

    @property
    def next_event(self) -> float:
        return self._next_start if self.ends is None else min(self._next_start, self.ends)

    def advance(self, at: float) -> None:
        """Take the start and the end of that time."""
        if self.ends is not None and self.ends <= at:
            self.ends = None
        while self._next_start <= at:
            self.ends = self._next_start + self.schedule.duration_seconds
            self._next_start = self._following()

    def _following(self) -> float:
        try:
            return next(self._starts).timestamp()
        except (StopIteration, OverflowError):  # not within 50 years, or not before the year 10000
            return math.inf
