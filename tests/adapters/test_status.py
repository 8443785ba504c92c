"""Alive and ready: what the health endpoints say."""

import pytest

from autoscaler.adapters.status import StatusObserver
from autoscaler.events import Action, CycleFinished, CycleMissed, ServiceOutcome
from tests.builders import NOW, policy


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def status(clock: Clock) -> StatusObserver:
    return StatusObserver([policy()], stalled_after_seconds=30.0, monotonic=clock)


def cycle(*errors: str | None) -> CycleFinished:
    services = {
        f"s{number}": ServiceOutcome(f"s{number}", Action.FAILED if error else Action.UNCHANGED, error=error)
        for number, error in enumerate(errors)
    }
    return CycleFinished(NOW, 0.1, services)


def test_a_fresh_daemon_has_time_for_its_first_cycle(status: StatusObserver, clock: Clock) -> None:
    clock.now += 29
    assert status.alive()[0]
    clock.now += 2
    assert status.alive() == (False, "no cycle has finished for 31 s")


def test_each_cycle_keeps_it_alive_even_a_failed_one(status: StatusObserver, clock: Clock) -> None:
    clock.now += 29
    status.notify(cycle("the engine is away"))
    clock.now += 29
    assert status.alive()[0]


def test_other_events_do_not_keep_it_alive(status: StatusObserver, clock: Clock) -> None:
    clock.now += 29
    status.notify(CycleMissed())
    clock.now += 2
    assert not status.alive()[0]


@pytest.mark.parametrize(
    ("errors", "ready", "message"),
    [
        pytest.param((None, None), True, "ready", id="all observed"),
        pytest.param((None, "typo"), True, "ready", id="one bad service is not the daemon's fault"),
        pytest.param(("away", "away"), False, "no service can be observed: away", id="none observed"),
    ],
)
def test_ready_means_that_services_can_be_observed(
    status: StatusObserver, errors: tuple[str | None, ...], ready: bool, message: str
) -> None:
    status.notify(cycle(*errors))
    assert status.ready() == (ready, message)


def test_not_ready_before_the_first_cycle(status: StatusObserver) -> None:
    assert status.ready() == (False, "the first cycle has not finished yet")
