"""What a policy reads of the plant: the value where Prometheus would have one, else the reason why there is none."""

from dataclasses import replace
from typing import cast

import pytest

from autoscaler.core.model import Reading, ReadingKind
from autoscaler.core.policy import OBJECTIVE, Goal, Objective, Policy, Rule, Signal, TraefikSignal
from autoscaler.rehearse.simulation.latency import Answers
from autoscaler.rehearse.simulation.plant import Plant, Simulation
from autoscaler.rehearse.simulation.queueing import Service
from autoscaler.rehearse.simulation.readings import Meter
from tests.support.builders import BACKLOG, policy

SERVICE = Service(slots=4, service_seconds=0.05, goal_seconds=0.3, queue_seconds=5.0)
PLANT = Plant(SERVICE, scrape_seconds=5, stale_scrapes=1)


def rule(signal: Signal, window_seconds: float = 20.0, quantile: float | None = None) -> Rule:
    return Rule(signal.value, TraefikSignal(signal, window_seconds, quantile), Goal.PER_REPLICA, 50.0)


def read(
    which: Policy, seconds: int, rate: float, *, plant: Plant = PLANT, max_age_seconds: float = 30.0
) -> dict[str, Reading]:
    """The readings of one replica after so many seconds of that load."""
    simulation = Simulation(plant, 1, seed=1)
    meter = Meter(which, simulation, max_age_seconds)
    for _ in range(seconds):
        simulation.second(rate, rate)
        meter.second(Answers(plant.service, simulation.ready, rate, simulation.queued_seconds), rate)
    return dict(meter.readings())


@pytest.mark.parametrize(
    ("signal", "quantile", "value"),
    [
        (Signal.REQUESTS, None, 120.0),
        (Signal.CONCURRENCY, None, 4 + 5 * 80.0),
        (Signal.ERROR_RATIO, None, 1 / 3),
        (Signal.SLOW_RATIO, None, 1.0),
        (Signal.LATENCY, 0.5, 5 + 5 * 0.5),  # 5.05 s are in the bucket of 5 to 10
    ],
)
def test_each_signal_of_an_overloaded_service(signal: Signal, quantile: float | None, value: float) -> None:
    reading = read(policy(rule(signal, quantile=quantile)), 63, 120.0)[signal.value]
    assert reading.value == pytest.approx(value, rel=0.02)
    assert reading.age_seconds == 8.0


def test_burst_and_objective_are_read_under_their_own_names() -> None:
    bursting = replace(rule(Signal.REQUESTS), burst=TraefikSignal(Signal.REQUESTS, 10.0))
    slow = TraefikSignal(Signal.SLOW_RATIO, 20.0, threshold_seconds=0.3)
    promising = replace(policy(bursting), objective=Objective(0.3, 0.99, slow, "requests"))
    readings = read(promising, 60, 40.0)
    assert {name: reading.value for name, reading in readings.items()} == {
        "requests": 40.0,
        "requests@burst": 40.0,
        OBJECTIVE: pytest.approx(0.0, abs=1e-3),
    }


def test_before_two_scrapes_there_is_no_reading() -> None:
    rules = policy(rule(Signal.REQUESTS), rule(Signal.LATENCY, quantile=0.95))
    assert {reading.kind for reading in read(rules, 9, 40.0).values()} == {ReadingKind.EMPTY}
    assert {reading.kind for reading in read(rules, 10, 40.0).values()} == {ReadingKind.VALUE}


def test_a_window_shorter_than_two_scrapes_has_no_reading() -> None:
    reading = read(policy(rule(Signal.REQUESTS, window_seconds=9.0)), 60, 40.0)["requests"]
    assert (reading.kind, reading.note) == (ReadingKind.EMPTY, "fewer than two samples within 9s")


def test_what_was_scraped_too_long_ago_is_stale() -> None:
    readings = read(policy(rule(Signal.REQUESTS), BACKLOG), 63, 40.0, max_age_seconds=7.0)
    assert readings["requests"].kind is ReadingKind.STALE
    assert readings["requests"].note == "the sample is 8s old, more than 7s"


def test_an_idle_service_has_a_latency_of_zero_as_the_daemon_reads_it() -> None:
    assert read(policy(rule(Signal.LATENCY, quantile=0.95)), 60, 0.0)["latency"].value == 0.0


def test_a_query_has_no_reading() -> None:
    assert read(policy(BACKLOG), 60, 40.0)["backlog"] == Reading(ReadingKind.EMPTY, note="a query is not simulated")


def test_a_signal_that_the_plant_does_not_know_is_never_read_as_a_latency() -> None:
    unknown = Rule("new", TraefikSignal(cast("Signal", "queue_length"), 20.0, 0.5), Goal.PER_REPLICA, 50.0)
    with pytest.raises(AssertionError, match="queue_length"):
        read(policy(rule(Signal.LATENCY, quantile=0.5), unknown), 63, 120.0)
