"""Drives the cycle (APScheduler): at once, then every interval, never two at a time, late rather than never."""

import time
from datetime import UTC, datetime

import structlog
from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED, JobEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from autoscaler.cycle import Cycle
from autoscaler.events import CycleMissed
from autoscaler.ports import Tell


def start(cycle: Cycle, interval_seconds: float, tell: Tell) -> BackgroundScheduler:
    """Start the scheduler and return it; a cycle that had to be skipped is told as CycleMissed."""

    def trouble(event: JobEvent) -> None:
        if event.code == EVENT_JOB_ERROR:
            error = f"{type(event.exception).__name__}: {event.exception}"
            structlog.stdlib.get_logger("autoscaler").error("cycle.failed", error=error)
        else:
            tell(CycleMissed())

    scheduler = BackgroundScheduler(
        executors={"default": ThreadPoolExecutor(1)},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        timezone=UTC,
    )
    scheduler.add_listener(trouble, EVENT_JOB_ERROR | EVENT_JOB_MAX_INSTANCES | EVENT_JOB_MISSED)
    scheduler.add_job(
        lambda: cycle.run(time.time()), "interval", seconds=interval_seconds, next_run_time=datetime.now(UTC)
    )
    scheduler.start()
    return scheduler
