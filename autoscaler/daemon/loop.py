"""Runs the cycle (APScheduler): at once, then every interval, never two at a time, late rather than never."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED, JobEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler

from autoscaler.daemon.scrape_phase import Phase, shifted
from autoscaler.events import CycleFinished, CycleMissed
from autoscaler.ports.observers import Emit

CLOCK_LOOK_SECONDS = 1.0
MOST_INTERVALS = 3  # a job is due after one, and may be shifted by less than another
_CYCLE = "cycle"


@dataclass(frozen=True, slots=True)
class Chore:
    """A job beside the cycle, at an interval of its own."""

    name: str
    call: Callable[[], None]
    every_seconds: float


def start(run: Callable[[float], CycleFinished | None], interval_seconds: float, emit: Emit) -> BackgroundScheduler:
    """Start to run cycles, each as of its unix seconds, and return the scheduler; a skipped one emits CycleMissed.

    Cycles shift within their interval until each comes soon after a scrape.
    """
    phase = Phase()

    def cycle() -> None:
        nonlocal phase
        finished = run(time.time())
        if finished is not None:
            phase = _shift_next(scheduler, phase, finished)

    def failed(event: JobEvent) -> None:
        if event.code == EVENT_JOB_ERROR:
            error = f"{type(event.exception).__name__}: {event.exception}"
            structlog.stdlib.get_logger("autoscaler").error("cycle.failed", error=error)
        else:
            emit(CycleMissed())

    scheduler = _make_scheduler()
    scheduler.add_listener(failed, EVENT_JOB_ERROR | EVENT_JOB_MAX_INSTANCES | EVENT_JOB_MISSED)
    _start(scheduler, [Chore(_CYCLE, cycle, interval_seconds)])
    return scheduler


def _shift_next(scheduler: BackgroundScheduler, phase: Phase, finished: CycleFinished) -> Phase:
    """Shift the next cycle, if need be; return the new phase."""
    job = scheduler.get_job(_CYCLE) if scheduler.running else None
    if job is None:  # the scheduler was shut down; a running shutdown waits for this job
        return phase
    later_seconds, phase = shifted(phase, finished, job.trigger.interval.total_seconds())
    if later_seconds:
        job.modify(next_run_time=job.next_run_time + timedelta(seconds=later_seconds))
    return phase


def every(scheduler: BackgroundScheduler, interval_seconds: float) -> None:
    """Run the cycle at another interval from now on."""
    scheduler.reschedule_job(_CYCLE, trigger="interval", seconds=interval_seconds)


def beside(chores: Iterable[Chore]) -> BackgroundScheduler:
    """Run each chore in a thread of its own, at once and then at its interval; return the scheduler."""
    scheduler = _make_scheduler()
    scheduler.add_listener(_failed_chore, EVENT_JOB_ERROR)
    _start(scheduler, chores)
    return scheduler


def _make_scheduler() -> BackgroundScheduler:
    return BackgroundScheduler(
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}, timezone=UTC
    )


def _start(scheduler: BackgroundScheduler, chores: Iterable[Chore]) -> None:
    for chore in chores:
        scheduler.add_executor(ThreadPoolExecutor(1), alias=chore.name)
        scheduler.add_job(
            chore.call,
            "interval",
            id=chore.name,
            executor=chore.name,
            seconds=chore.every_seconds,
            next_run_time=datetime.now(UTC),
        )
    scheduler.start()
    threading.Thread(target=_guard_clock, args=(scheduler,), name="clock", daemon=True).start()


def _guard_clock(scheduler: BackgroundScheduler) -> None:
    """Bring jobs forward after the clock was set back: APScheduler waits for a clock time, however far off it is."""
    while scheduler.running:
        now = datetime.now(UTC)
        for job in scheduler.get_jobs():
            if job.next_run_time - now > MOST_INTERVALS * job.trigger.interval:
                with contextlib.suppress(JobLookupError):  # the scheduler has been shut down meanwhile
                    job.modify(next_run_time=now)
        time.sleep(CLOCK_LOOK_SECONDS)  # by the monotonic clock


def _failed_chore(event: JobEvent) -> None:
    error = f"{type(event.exception).__name__}: {event.exception}"
    structlog.stdlib.get_logger("autoscaler").error("chore.failed", chore=event.job_id, error=error)
