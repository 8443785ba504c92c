"""Alive and ready: what the health endpoints say, and what is told of a service."""

import json

import pytest

from autoscaler.adapters.status.observer import StatusObserver
from autoscaler.core.decide import decide
from autoscaler.core.memory import Memory
from autoscaler.core.model import Reading
from autoscaler.events import Action, CycleFinished, CycleMissed, ServiceOutcome, ServicesChanged
from tests.support.builders import LATENCY, NOW, THROUGHPUT, missing, policy, seen


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


def test_a_service_that_was_never_evaluated_is_told_with_its_rules(status: StatusObserver) -> None:
    told = status.service("userservice")
    assert told is not None
    assert (told["min"], told["max"], told["action"], told["decision"]) == (1, 10, None, None)
    assert told["rules"][0]["source"] == {
        "signal": "requests",
        "window_seconds": 60.0,
        "quantile": None,
        "threshold_seconds": None,
    }
    assert status.service("nobody") is None


def test_a_decision_is_told_with_everything_that_led_to_it(clock: Clock) -> None:
    rules = policy(THROUGHPUT, LATENCY)
    status = StatusObserver([rules], stalled_after_seconds=30.0, monotonic=clock)
    load = Reading.of(900.0, age_seconds=3.2, note="as measured")
    decision, _ = decide(rules, seen(4, {"throughput": load, "p95": missing()}, ready=3), Memory(), NOW)
    status.notify(CycleFinished(NOW, 0.1, {"userservice": ServiceOutcome("userservice", Action.SCALED, decision)}))
    (told,) = json.loads(json.dumps(status.services()))
    throughput, p95 = told["decision"]["proposals"]
    reading = {"kind": "value", "value": 900.0, "age_seconds": 3.2, "note": "as measured", "partial": False}
    assert throughput["reading"] == reading
    assert (throughput["replicas"], p95["replicas"], p95["reading"]["kind"]) == (18, None, "empty")
    (limit,) = told["decision"]["limits"]
    assert (limit["limit"], limit["before"], limit["after"]) == ("bounds", 18, 10)
    assert told["decision"]["replicas"] == {"current": 4, "ready": 3, "requested": None}
    assert (told["decision"]["winner"], told["decision"]["direction"]) == ("throughput", "up")
    assert told["bounds"] == {"low": 1, "high": 10, "low_by": "", "high_by": ""}
    assert (told["action"], told["at"], told["times"]) == ("scaled", NOW, 1)


def test_services_that_come_and_go_are_told_and_those_refused_with_their_reason(status: StatusObserver) -> None:
    status.notify(ServicesChanged({"music": policy()}, {"mail": "labels of shop/mail: autoscaler.x: unknown key `x`"}))
    assert [told["service"] for told in status.services()] == ["music", "mail"]
    assert status.service("userservice") is None
    refused = status.service("mail")
    assert refused is not None
    assert (refused["action"], refused["error"]) == ("refused", "labels of shop/mail: autoscaler.x: unknown key `x`")


def test_each_service_has_its_condition_the_worst_first(status: StatusObserver) -> None:
    outcomes = {
        "fine": ServiceOutcome("fine", Action.UNCHANGED),
        "held": ServiceOutcome("held", Action.UNCHANGED, holds=frozenset({Action.PAUSED})),
        "away": ServiceOutcome("away", Action.FAILED, error="the engine is away"),
    }
    status.notify(CycleFinished(NOW, 0.1, outcomes))
    assert list(status.conditions().items()) == [("away", "failing"), ("held", "paused"), ("fine", "ok")]
