"""Brings jobs forward when the clock was set back: APScheduler waits for a clock time, however far off it is."""

import contextlib
import threading
import time
from datetime import UTC, datetime

from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler

LOOK_SECONDS = 1.0
MOST_INTERVALS = 3  # a job is due after one, and may be shifted by less than another


def guard_clock(scheduler: BackgroundScheduler) -> None:
    """Bring forward jobs that are too far off, in a thread of its own, as long as the scheduler runs."""

    def look() -> None:
        while scheduler.running:
            _bring_forward(scheduler)
            time.sleep(LOOK_SECONDS)  # by the monotonic clock

    threading.Thread(target=look, name="clock", daemon=True).start()


def _bring_forward(scheduler: BackgroundScheduler) -> None:
    now = datetime.now(UTC)
    for job in scheduler.get_jobs():
        if job.next_run_time - now > MOST_INTERVALS * job.trigger.interval:
            with contextlib.suppress(JobLookupError):  # the scheduler has been shut down meanwhile
                job.modify(next_run_time=now)
