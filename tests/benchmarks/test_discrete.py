"""The fluid plant against the same plant simulated request by request.

Margins are in points of the share of slow answers, over a quarter of an hour and the mean of a few seeds. Up to 90 % of
utilisation the two agree within 1 point, at 95 % within 5, and in a step above what there is within 2.
"""

from collections.abc import Mapping, Sequence
from itertools import accumulate

import pytest

from autoscaler.rehearse.simulation.latency import Answers
from autoscaler.rehearse.simulation.plant import Plant, Simulation, poisson
from autoscaler.rehearse.simulation.queueing import Service
from benchmarks.elasticity.discrete import REFUSED, Waits, simulate

DEMO = Service(slots=4, service_seconds=0.05, goal_seconds=0.3, queue_seconds=5.0)
STRICT = Service(slots=4, service_seconds=0.05, goal_seconds=0.1, queue_seconds=5.0)
SINGLE = Service(slots=1, service_seconds=0.05, goal_seconds=0.3, queue_seconds=5.0)
LARGE = Service(slots=8, service_seconds=0.1, goal_seconds=0.3, queue_seconds=5.0)
SEEDS = range(3)


def fluid(service: Service, rates: Sequence[float], ready: Mapping[int, int], seed: int) -> Simulation:
    plant = Plant(service, start_seconds=0.0, start_jitter=0.0)
    simulation = Simulation(plant, ready[0], seed)
    for second, (rate, arrivals) in enumerate(zip(rates, poisson(rates, seed), strict=True)):
        simulation.scale(ready.get(second, simulation.replicas))
        simulation.second(rate, arrivals)
    return simulation


def shares(service: Service, rates: Sequence[float], ready: Mapping[int, int]) -> tuple[float, float]:
    """The shares of slow answers in the fluid and in the discrete simulation."""
    runs = [fluid(service, rates, ready, seed) for seed in SEEDS]
    waits = [simulate(service, rates, ready, seed) for seed in SEEDS]
    exact = [each.slow_share(service.patience_seconds, 0, len(rates)) for each in waits]
    return sum(run.slow_total / run.arrived_total for run in runs) / len(runs), sum(exact) / len(exact)


def refused(waits: Waits) -> float:
    return sum(wait == REFUSED for wait in waits.seconds) / len(waits.seconds)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("service", "replicas", "utilisation", "margin"),
    [
        (DEMO, 2, 0.7, 0.01),
        (DEMO, 2, 0.9, 0.01),
        (DEMO, 2, 0.95, 0.05),
        (STRICT, 4, 0.8, 0.01),
        (STRICT, 4, 0.9, 0.01),
        (SINGLE, 3, 0.8, 0.01),
        (LARGE, 2, 0.9, 0.01),
        (LARGE, 2, 0.95, 0.05),
    ],
)
def test_at_a_steady_load_the_share_of_slow_answers_is_the_same(
    service: Service, replicas: int, utilisation: float, margin: float
) -> None:
    rates = [utilisation * replicas * service.replica_rate] * 900
    approximate, exact = shares(service, rates, {0: replicas})
    assert approximate == pytest.approx(exact, abs=margin)


@pytest.mark.parametrize(
    ("service", "before", "after", "peak", "delay"),
    [
        pytest.param(DEMO, 2, 5, 300.0, 25, id="far above, and refused"),
        pytest.param(DEMO, 2, 5, 200.0, 60, id="a quarter above for a minute"),
        pytest.param(DEMO, 2, 5, 170.0, 25, id="hardly above"),
        pytest.param(LARGE, 3, 8, 400.0, 40, id="larger replicas"),
        pytest.param(LARGE, 3, 8, 260.0, 40, id="larger replicas, hardly above"),
    ],
)
def test_in_an_overload_step_the_share_of_slow_answers_is_the_same(
    service: Service, before: int, after: int, peak: float, delay: int
) -> None:
    """A minute at half of what there is, then four at the peak; more replicas come after the delay."""
    rates = [before * service.replica_rate / 2] * 60 + [peak] * 240
    approximate, exact = shares(service, rates, {0: before, 60 + delay: after})
    assert approximate == pytest.approx(exact, abs=0.02)
    assert exact > 0.03


def test_as_much_is_refused_in_an_overload() -> None:
    rates, ready = [80.0] * 60 + [300.0] * 120, {0: 2, 85: 5}
    run, waits = fluid(DEMO, rates, ready, 1), simulate(DEMO, rates, ready, 1)
    assert run.refused_total / run.arrived_total == pytest.approx(refused(waits), abs=0.01)
    assert refused(waits) > 0.05


def test_replicas_that_are_taken_away_slow_it_down_alike() -> None:
    rates, ready = [120.0] * 300, {0: 3, 60: 1, 120: 3}
    approximate, exact = shares(DEMO, rates, ready)
    assert approximate == pytest.approx(exact, abs=0.02)
    assert exact > 0.2


@pytest.mark.parametrize(("utilisation", "margin"), [(0.5, 0.01), (0.7, 0.01), (0.9, 0.03), (0.95, 0.15)])
def test_p95_at_a_steady_load_is_the_same(utilisation: float, margin: float) -> None:
    rate = utilisation * 2 * DEMO.replica_rate
    exact = [simulate(DEMO, [rate] * 900, {0: 2}, seed).quantile(0.95, 60, 900) for seed in SEEDS]
    assert Answers(DEMO, 2, rate, 0.0).quantile(0.95) - 0.05 == pytest.approx(sum(exact) / len(exact), abs=margin)


def test_p95_grows_alike_second_by_second_in_an_overload() -> None:
    rates = [80.0] * 60 + [200.0] * 20
    exact = simulate(DEMO, rates, {0: 2}, 1)
    for after in (65, 70, 75):
        run = fluid(DEMO, rates[:after], {0: 2}, 1)
        approximate = Answers(DEMO, 2, 200.0, run.queued_seconds).quantile(0.95) - 0.05
        assert approximate == pytest.approx(exact.quantile(0.95, after - 1, after), abs=0.6)


def test_requests_are_served_in_order_and_their_number_is_that_of_a_poisson_process() -> None:
    waits = simulate(DEMO, [100.0] * 400, {0: 2}, 1)
    starts = [at + wait for at, wait in zip(waits.arrived_at, waits.seconds, strict=True)]
    assert starts == list(accumulate(starts, max))
    assert len(starts) == pytest.approx(40_000, abs=5 * 200)
