"""The plant as a timeline: starts, drains, queue, refusals, and what its scraped counters say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoscaler.rehearse.simulation.plant import Plant, Simulation, poisson
from autoscaler.rehearse.simulation.queueing import Service, slow_share

SERVICE = Service(slots=4, service_seconds=0.05, goal_seconds=0.3, queue_seconds=5.0)  # 80 requests/s a replica
PLANT = Plant(SERVICE, start_seconds=20.0, start_jitter=0.0, drain_seconds=10.0, scrape_seconds=5, stale_scrapes=1)


def simulation(replicas: int = 1, plant: Plant = PLANT) -> Simulation:
    return Simulation(plant, replicas, seed=1)


def let(simulation: Simulation, seconds: int, rate: float) -> Simulation:
    for _ in range(seconds):
        simulation.second(rate, rate)
    return simulation


# --- replicas


def test_a_new_replica_is_asked_for_at_once_and_serves_after_its_start() -> None:
    plant = let(simulation(), 10, 0.0)
    plant.scale(3)
    assert (plant.replicas, plant.ready) == (3, 1)
    let(plant, 20, 0.0)
    assert plant.ready == 1
    let(plant, 1, 0.0)
    assert (plant.replicas, plant.ready, plant.capacity) == (3, 3, 240.0)


def test_starts_take_no_longer_and_no_shorter_than_the_jitter_says() -> None:
    plant = simulation(plant=Plant(SERVICE, start_seconds=20.0, start_jitter=0.2))
    plant.scale(101)
    let(plant, 16, 0.0)
    assert plant.ready == 1
    let(plant, 5, 0.0)
    assert 1 < plant.ready < 101
    let(plant, 5, 0.0)
    assert plant.ready == 101


def test_of_those_to_go_starting_ones_go_first_and_cost_no_drain() -> None:
    plant = simulation(replicas=2)
    plant.scale(4)
    plant.scale(2)
    assert (plant.replicas, plant.ready, plant.paid_replica_seconds) == (2, 2, 0.0)
    plant.scale(1)
    assert (plant.replicas, plant.ready, plant.paid_replica_seconds) == (1, 1, 10.0)


def test_starting_replicas_are_paid_for() -> None:
    plant = simulation()
    plant.scale(3)
    assert let(plant, 10, 0.0).paid_replica_seconds == 30.0


# --- load


def test_a_steady_load_is_as_slow_as_erlang_says() -> None:
    plant = let(simulation(), 100, 72.0)
    assert plant.slow_now == slow_share(SERVICE, 1, 72.0)
    assert plant.slow_total == pytest.approx(7200 * plant.slow_now)
    assert (plant.queued_seconds, plant.refused_total) == (0.0, 0.0)


def test_an_overload_fills_the_queue_until_more_is_refused() -> None:
    """120 requests/s on 80: the wait grows by half a second a second, up to 5 s; then 40 a second are refused."""
    plant = let(simulation(), 4, 120.0)
    assert (plant.queued_seconds, plant.slow_now) == (2.0, 1.0)
    let(plant, 6, 120.0)
    assert (plant.queued_seconds, plant.refused_total) == (5.0, 0.0)
    let(plant, 3, 120.0)
    assert (plant.queued_seconds, plant.refused_total) == (5.0, 120.0)


def test_after_an_overload_answers_are_slow_until_the_queue_is_short_again() -> None:
    """A wait of 2 s falls by three quarters of a second a second, and evenly; above 0.25 s it is slow."""
    plant = let(simulation(), 4, 120.0)
    slow = []
    for _ in range(4):
        let(plant, 1, 20.0)
        slow.append(round(plant.slow_now, 2))
    assert slow == [1.0, 1.0, 0.5, 0.0]
    assert plant.queued_seconds == 0.0


def test_a_second_in_which_the_queue_becomes_too_long_counts_in_part() -> None:
    """From 0 to 0.5 s of waiting within the second: the half above 0.25 s is slow."""
    plant = simulation()
    plant.second(20.0, 120.0)
    assert plant.slow_now == pytest.approx(0.5)


def test_without_a_ready_replica_everything_is_refused_and_slow() -> None:
    plant = let(simulation(replicas=0), 3, 10.0)
    assert (plant.refused_total, plant.slow_total, plant.capacity, plant.queued_seconds) == (30.0, 30.0, 0.0, 5.0)


# --- what is scraped


def test_nothing_is_known_before_the_second_scrape() -> None:
    plant = let(simulation(), 9, 50.0)
    assert plant.scraped_rate(20.0) is None
    assert plant.scraped_slow_share(20.0) is None
    assert plant.scraped_refused_share(20.0) is None
    assert plant.visible_scrape == 0
    let(plant, 1, 50.0)
    assert (plant.scraped_rate(20.0), plant.visible_scrape) == (50.0, 5)


def test_a_rate_spans_the_scrapes_within_the_window_that_ends_a_scrape_ago() -> None:
    """A range of 20 s holds 4 scrapes 5 s apart, the first and the last of which are 15 s apart."""
    plant = let(let(simulation(), 30, 10.0), 12, 50.0)
    assert plant.scraped_span(20.0) == (20, 35)
    assert plant.scraped_rate(20.0) == (10 * 10 + 5 * 50) / 15
    assert plant.scraped_rate(5.0) == 50.0
    assert plant.fresh_rate(20.0) == (8 * 10 + 12 * 50) / 20


def test_concurrency_is_littles_law_and_holds_those_that_queue() -> None:
    plant = let(simulation(), 30, 40.0)
    assert plant.scraped_concurrency(20.0) == pytest.approx(40 * 0.05)
    let(plant, 30, 120.0)
    assert plant.scraped_concurrency(5.0) == pytest.approx(4 + 5 * 80)  # all slots, and the full queue


def test_shares_are_of_the_windows_requests_and_zero_without_any() -> None:
    plant = let(simulation(), 60, 120.0)
    assert plant.scraped_slow_share(20.0) == 1.0
    assert plant.scraped_refused_share(20.0) == pytest.approx(1 / 3)
    idle = let(simulation(), 60, 0.0)
    assert (idle.scraped_slow_share(20.0), idle.scraped_refused_share(20.0)) == (0.0, 0.0)


@given(
    loads=st.lists(st.tuples(st.floats(0, 500), st.integers(1, 6)), min_size=1, max_size=40),
    seed=st.integers(0, 1000),
)
def test_no_request_is_counted_twice_and_none_waits_beyond_the_limit(loads: list[tuple[float, int]], seed: int) -> None:
    plant = Simulation(Plant(SERVICE), 2, seed)
    for rate, replicas in loads:
        plant.scale(replicas)
        let(plant, 5, rate)
        assert plant.queued_seconds <= SERVICE.queue_seconds
    assert plant.arrived_total == pytest.approx(5 * sum(rate for rate, _ in loads))
    assert 0 <= plant.refused_total <= plant.arrived_total + 1e-9
    assert 0 <= plant.slow_total <= plant.arrived_total + 1e-9


# --- arrivals


@pytest.mark.parametrize("mean", [0.5, 5.0, 25.0, 200.0])
def test_arrivals_have_the_mean_and_the_variance_of_a_poisson_count(mean: float) -> None:
    counts = poisson([mean] * 20_000, seed=7)
    average = sum(counts) / len(counts)
    variance = sum((count - average) ** 2 for count in counts) / len(counts)
    assert average == pytest.approx(mean, rel=0.02)
    assert variance == pytest.approx(mean, rel=0.05)
    assert all(count >= 0 and count == int(count) for count in counts)


def test_the_same_seed_draws_the_same_arrivals() -> None:
    rates = [3.0, 40.0] * 50
    assert poisson(rates, 1) == poisson(rates, 1) != poisson(rates, 2)
