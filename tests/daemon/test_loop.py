"""The loop: at once, then every interval; a cycle that had to be skipped is told."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.background import BackgroundScheduler

from autoscaler.config.services import fixed
from autoscaler.control.cycle import Cycle
from autoscaler.control.gate import Gate, dry_run
from autoscaler.control.operations import Operations
from autoscaler.core.model import Decision, Proposal, Reading, Reason, Replicas
from autoscaler.daemon import loop
from autoscaler.events import Action, CycleFinished, CycleMissed, Event, ServiceOutcome
from autoscaler.ports.fleet import Fleet
from autoscaler.ports.observers import Emit
from tests.support.fakes import FakeSource, FakeTarget, Recorder


def make_cycle(target: FakeTarget, emit: Emit) -> Cycle:
    return Cycle(fixed({}), FakeSource(), target, Gate(Operations(target, emit, at_once=1), [dry_run]), emit)


class SlowTarget(FakeTarget):
    """Observes only when it is allowed to."""

    def __init__(self) -> None:
        super().__init__()
        self.allowed = threading.Event()

    def observe(self) -> Fleet:
        self.allowed.wait(90)
        return super().observe()


def test_the_first_cycle_comes_at_once_and_others_follow() -> None:
    recorder, enough = Recorder(), threading.Semaphore(0)

    def emit(event: Event) -> None:
        recorder.notify(event)
        if isinstance(event, CycleFinished):
            enough.release()

    scheduler = loop.start(make_cycle(FakeTarget(), emit).run, 0.1, emit)
    try:
        assert all(enough.acquire(timeout=90) for _ in range(3))
    finally:
        scheduler.shutdown()
    assert len(recorder.of(CycleFinished)) >= 3


def test_a_cycle_that_takes_too_long_is_not_overtaken_and_the_skipped_ones_are_told() -> None:
    recorder, missed = Recorder(), threading.Event()
    target = SlowTarget()

    def emit(event: Event) -> None:
        recorder.notify(event)
        if isinstance(event, CycleMissed):
            missed.set()

    scheduler = loop.start(make_cycle(target, emit).run, 0.1, emit)
    try:
        assert missed.wait(90)
        assert recorder.of(CycleFinished) == []
    finally:
        target.allowed.set()
        scheduler.shutdown()


def test_the_interval_can_be_changed_while_cycles_run() -> None:
    ran = threading.Semaphore(0)
    scheduler = loop.start(lambda _: ran.release(), 3600.0, Recorder().notify)
    try:
        assert ran.acquire(timeout=90)
        loop.every(scheduler, 0.1)
        assert all(ran.acquire(timeout=90) for _ in range(3))
    finally:
        scheduler.shutdown()


def test_cycles_and_chores_go_on_when_the_clock_is_set_back_by_an_hour() -> None:
    ran = threading.Semaphore(0)
    cycles = loop.start(lambda _: ran.release(), 5.0, Recorder().notify)
    chores = loop.beside([loop.Chore("lease", ran.release, 5.0)])
    try:
        assert all(ran.acquire(timeout=90) for _ in range(2))
        for scheduler, name in ((cycles, "cycle"), (chores, "lease")):
            scheduler.modify_job(name, next_run_time=datetime.now(UTC) + timedelta(hours=1))
            assert ran.acquire(timeout=90)
    finally:
        cycles.shutdown()
        chores.shutdown()


def decided_by_a_sample(at: float, age_seconds: float) -> CycleFinished:
    proposal = Proposal("throughput", Reading.of(1.0, age_seconds=age_seconds), 1.0)
    decision = Decision("web", at, Replicas(2, 2), 2, Reason.STEADY, "stays at 2", (proposal,))
    return CycleFinished(at, 0.01, {"web": ServiceOutcome("web", Action.UNCHANGED, decision)})


def test_the_next_cycle_comes_sooner_when_the_sample_was_old_already() -> None:
    samples, done = iter([0.0, 100.0]), threading.Semaphore(0)

    def run(_: float) -> CycleFinished | None:
        sampled_at = next(samples, None)
        done.release()
        return None if sampled_at is None else decided_by_a_sample(sampled_at + 30.3, 30.3)

    scheduler = loop.start(run, 100.0, Recorder().notify)
    try:
        assert done.acquire(timeout=90)
        until(lambda: come_again(scheduler, done))
        until(lambda: 60 < seconds_to_go(scheduler) < 75)
    finally:
        scheduler.shutdown()


def come_again(scheduler: BackgroundScheduler, done: threading.Semaphore) -> bool:
    """Let the next cycle come now; that is skipped if one is still under way."""
    scheduler.modify_job("cycle", next_run_time=datetime.now(UTC))
    return done.acquire(timeout=0.1)


def seconds_to_go(scheduler: BackgroundScheduler) -> float:
    return float((scheduler.get_job("cycle").next_run_time - datetime.now(UTC)).total_seconds())


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 90
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)
