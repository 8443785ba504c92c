"""The closed loop: what a policy does on the simulated service, told by its run."""

from array import array
from dataclasses import replace
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoscaler.core.model import Direction, Reason
from autoscaler.core.policy import Policy
from autoscaler.core.schedule import Schedule
from autoscaler.rehearse.run import Run
from autoscaler.rehearse.simulation.loads import Load, make_load, make_shape
from autoscaler.rehearse.simulation.plant import Plant
from autoscaler.rehearse.simulation.queueing import Service
from autoscaler.rehearse.simulation.scenario import MONDAY, Scenario
from autoscaler.rehearse.simulation.simulate import MOST_SAMPLES, SimulatedPolicy, simulate
from tests.support.builders import LATENCY, THROUGHPUT, at_most, behavior, policy
from tests.support.examples import examples

SERVICE = Service(slots=4, service_seconds=0.05, goal_seconds=0.3, queue_seconds=5.0)
PLANT = Plant(SERVICE, start_seconds=20.0, start_jitter=0.0, drain_seconds=10.0)
CALM = behavior(window=300.0)
ALL_FIGURES = [
    "requests",
    "answers slower than 300ms",
    "refused requests",
    "p95 in 95 % of the time below",
    "time with too little capacity",
    "replicas on average",
    "replicas at the peak",
    "replica-hours",
    "replica-hours over the ideal",
    "time at the maximum",
    "changes per hour",
    "reversals per hour",
]


def scenario(
    name: str = "step", *, duration: float = 1800.0, base: float = 20.0, peak: float = 200.0, **rest: float
) -> Scenario:
    return Scenario(make_load(name, make_shape(name, duration=duration, base=base, peak=peak, **rest)), PLANT)


def run(which: Policy, around: Scenario, *, interval: float = 5.0, max_age: float = 30.0) -> Run:
    return simulate(SimulatedPolicy("policy.yaml", which, interval, max_age), around)


def figures(made: Run) -> dict[str, float]:
    return {figure.name: figure.number or 0.0 for figure in made.figures}


# --- what happens


def test_a_step_is_followed_up_after_it_is_scraped_and_down_after_the_window() -> None:
    made = run(policy(THROUGHPUT, down=CALM), scenario("pulse", at=300.0, width=300.0, period=1800.0))
    first, last = made.decisions[0], made.decisions[-1]
    assert first.reason is Reason.ABOVE_TARGET
    assert 305 < first.at < 330
    assert max(decision.desired for decision in made.decisions) in {4, 5}
    assert last.direction is Direction.DOWN
    assert last.desired == 1
    assert 900 < last.at < 960
    assert (made.title, made.service, made.goal_seconds) == ("policy.yaml", "userservice", 0.3)


def test_replicas_that_were_asked_for_serve_after_the_start_delay() -> None:
    made = run(policy(THROUGHPUT, down=CALM), scenario(at=300.0))
    asked = next(sample.at for sample in made.samples if sample.replicas > 1)
    serving = next(sample.at for sample in made.samples if sample.ready > 1)
    assert serving - asked == 20.0


def test_it_begins_with_what_the_load_needs_within_the_bounds() -> None:
    assert run(policy(), scenario(base=150.0)).samples[0].ready == 3
    assert run(policy(low=5), scenario(base=150.0)).samples[0].ready == 5
    assert run(policy(high=2), scenario(base=150.0)).samples[0].ready == 2


def test_a_latency_rule_sees_the_queue_that_it_shortens() -> None:
    made = run(policy(LATENCY, down=behavior(window=3600.0)), scenario(at=300.0))
    assert made.decisions[0].winner == "p95"
    assert made.samples[-1].ready >= 3
    assert (made.samples[-1].p95_seconds or 9) < 0.3


def stepwise() -> Run:
    """A run that raises and lowers by one at a time, as fast as it may."""
    one_by_one = behavior(at_most(1, 5.0))
    which = policy(THROUGHPUT, up=one_by_one, down=one_by_one)
    return run(which, scenario("pulse", at=300.0, width=600.0, period=1800.0))


def test_still_more_replicas_are_ordered_while_others_start() -> None:
    ups = [decision.at for decision in stepwise().decisions if decision.direction is Direction.UP]
    assert len(ups) >= 3
    assert min(later - earlier for earlier, later in pairwise(ups)) < PLANT.start_seconds


def test_nothing_is_lowered_while_replicas_start_and_nothing_ordered_while_they_drain() -> None:
    made = stepwise()
    downs = [decision.at for decision in made.decisions if decision.direction is Direction.DOWN]
    assert len(downs) >= 3
    for earlier, later in pairwise(made.decisions):
        if earlier.direction is Direction.DOWN:
            assert later.at - earlier.at >= PLANT.drain_seconds
        elif later.direction is Direction.DOWN:
            assert later.at - earlier.at >= PLANT.start_seconds


def test_stale_readings_keep_it_from_deciding_anything() -> None:
    made = run(policy(), replace(scenario(), plant=replace(PLANT, scrape_seconds=60)))
    assert made.decisions == ()
    assert figures(made)["answers slower than 300ms"] > 0.5


def test_a_policy_at_its_maximum_is_told_by_the_figures() -> None:
    made = figures(run(policy(high=2), scenario(at=300.0)))
    assert made["time at the maximum"] == pytest.approx(1480, abs=30)
    assert made["time with too little capacity"] == 1500.0
    assert made["refused requests"] > 0.1
    assert made["p95 in 95 % of the time below"] > 5.0


# --- what it yields


def test_all_figures_are_there_and_consistent() -> None:
    made = run(policy(THROUGHPUT, down=CALM), scenario())
    assert [figure.name for figure in made.figures] == ALL_FIGURES
    values = figures(made)
    assert values["requests"] == pytest.approx(20 * 300 + 200 * 1500, rel=0.02)
    assert values["replica-hours"] == pytest.approx(values["replicas on average"] * 0.5, rel=0.02)
    assert values["changes per hour"] == 2 * len(made.decisions)
    assert values["replicas at the peak"] == max(sample.replicas for sample in made.samples)
    assert values["replica-hours over the ideal"] > 1.0


def test_a_load_of_nothing_is_simulated_too() -> None:
    values = figures(run(policy(), scenario(base=0.0, peak=0.0)))
    assert (values["requests"], values["answers slower than 300ms"], values["replicas on average"]) == (0, 0, 1)


def test_the_same_seed_gives_the_same_run_and_another_one_other_requests() -> None:
    first, again = (run(policy(), scenario()) for _ in range(2))
    assert first == again
    assert run(policy(), replace(scenario(), seed=2)) != first


def test_two_policies_in_a_scene_get_the_same_requests() -> None:
    around = scenario()
    assert figures(run(policy(), around))["requests"] == figures(run(policy(low=8), around))["requests"]


def test_a_long_simulation_keeps_a_bounded_number_of_samples_and_no_peak_is_lost() -> None:
    spike = array_with_spike(8 * 3600, at=20_001)
    made = run(policy(), Scenario(Load("spike", spike), PLANT), interval=1.0)
    assert len(made.samples) <= MOST_SAMPLES * 2
    assert max(sample.load or 0 for sample in made.samples) == 500.0


def array_with_spike(seconds: int, at: int) -> "array[float]":
    rates = array("d", [10.0]) * seconds
    rates[at] = 500.0
    return rates


def test_progress_is_told_from_the_beginning_to_the_end() -> None:
    told: list[float] = []
    simulate(SimulatedPolicy("policy.yaml", policy(), 5.0, 30.0), scenario(), told.append)
    assert (told[0], told[-1], told) == (0.0, 1.0, sorted(told))


def test_an_interval_that_is_no_whole_number_of_seconds_is_kept_on_average() -> None:
    made = run(policy(THROUGHPUT, down=CALM), scenario(), interval=2.5)
    assert made.decisions


# --- time


def test_schedules_go_by_a_monday_or_by_the_files_own_time() -> None:
    at_ten_past = replace(policy(high=9), schedules=(Schedule("10 0 * * 1", 600.0, ZoneInfo("UTC"), min_replicas=6),))
    around = scenario(base=1.0, peak=1.0)
    raised = run(at_ten_past, around).decisions[0]
    assert (raised.at, raised.desired, raised.reason) == (600.0, 6, Reason.BELOW_MIN)
    unix = replace(around, load=replace(around.load, start=MONDAY + 300))
    assert run(at_ten_past, unix).decisions[0].at == MONDAY + 600
    assert run(at_ten_past, unix).samples[0].at == MONDAY + 300


@examples(15)
@given(
    rates=st.lists(st.floats(0, 600), min_size=4, max_size=12),
    low=st.integers(1, 4),
    more=st.integers(0, 8),
    seed=st.integers(0, 99),
)
def test_replicas_stay_within_the_bounds_whatever_arrives(rates: list[float], low: int, more: int, seed: int) -> None:
    load = Load("any", array("d", (rate for rate in rates for _ in range(60))))
    made = run(policy(THROUGHPUT, LATENCY, low=low, high=low + more), Scenario(load, PLANT, seed=seed))
    assert all(low <= sample.replicas <= low + more for sample in made.samples)
    assert all(1 <= sample.ready <= sample.replicas for sample in made.samples)
