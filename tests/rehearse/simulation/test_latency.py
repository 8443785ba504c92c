"""How long simulated answers take: one second's distribution, and the histogram that Prometheus would ask."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoscaler.rehearse.simulation.latency import Answers, Histogram, histogram_quantile
from autoscaler.rehearse.simulation.queueing import Service, slow_share

SERVICE = Service(slots=4, service_seconds=0.05, goal_seconds=0.3, queue_seconds=5.0)


def answers(ready: int = 2, rate: float = 40.0, queued: float = 0.0, service: Service = SERVICE) -> Answers:
    return Answers(service, ready, rate, queued)


def test_an_idle_service_answers_in_its_service_time() -> None:
    calm = answers(rate=0.0)
    assert (calm.quantile(0.95), calm.slower_than(0.05), calm.slower_than(0.049)) == (0.05, 0.0, 1.0)


def test_at_a_steady_load_the_share_above_the_goal_is_the_plants_own() -> None:
    assert answers(rate=150.0).slower_than(0.3) == pytest.approx(slow_share(SERVICE, 2, 150.0))


def test_a_queue_delays_every_answer_by_as_much() -> None:
    behind = answers(queued=2.0)
    assert behind.quantile(0.5) == pytest.approx(2.05)
    assert behind.slower_than(2.0) == 1.0
    assert behind.slower_than(2.06) == pytest.approx(answers().slower_than(0.06))


def test_nobody_waits_longer_than_the_queue_limit() -> None:
    assert answers(rate=400.0, queued=5.0).quantile(0.99) == pytest.approx(5.05)


def test_near_saturation_and_beyond_the_wait_by_chance_is_one_that_ten_seconds_bring_about() -> None:
    """Without that, p95 would be infinite from the first second of an overload on."""
    at, beyond = answers(rate=160.0).quantile(0.95), answers(rate=400.0).quantile(0.95)
    assert at == beyond
    assert 0.4 < at < 0.7


def test_long_services_settle_in_twenty_of_their_service_times() -> None:
    slow = Service(slots=1, service_seconds=10.0, goal_seconds=30.0, queue_seconds=600.0)
    assert 10.0 < answers(1, 0.2, service=slow).quantile(0.95) < 200.0


def test_a_crowd_of_servers_is_never_taken_as_saturated() -> None:
    crowd = Service(slots=1000, service_seconds=0.001, goal_seconds=0.3)
    assert math.isfinite(answers(1000, 1e9, service=crowd).quantile(0.95))


@given(
    ready=st.integers(1, 20),
    rate=st.floats(0, 3000),
    queued=st.floats(0, 5),
    quantile=st.sampled_from([0.5, 0.95, 0.99]),
)
def test_the_quantile_is_where_the_tail_says_it_is(ready: int, rate: float, queued: float, quantile: float) -> None:
    made = answers(ready, rate, queued)
    seconds = made.quantile(quantile)
    if seconds < SERVICE.service_seconds + SERVICE.queue_seconds - 1e-9:
        assert made.slower_than(seconds + 1e-9) <= 1 - quantile + 1e-6


# --- the histogram

BOUNDS = (0.1, 0.3, 1.0, math.inf)


@pytest.mark.parametrize(
    ("quantile", "counts", "seconds"),
    [
        pytest.param(0.5, [100, 100, 100, 100], 0.05, id="linear from zero in the first bucket"),
        pytest.param(0.95, [0, 100, 100, 100], 0.1 + 0.2 * 0.95, id="linear within a bucket"),
        pytest.param(0.95, [90, 100, 100, 100], 0.1 + 0.2 * 0.5, id="above the share of the one before"),
        pytest.param(0.99, [0, 0, 90, 100], 1.0, id="the last finite bound, beyond which nothing is known"),
        pytest.param(0.5, [50, 50, 100, 100], 0.1, id="on a bound"),
    ],
)
def test_a_quantile_is_prometheus_histogram_quantile(quantile: float, counts: list[float], seconds: float) -> None:
    assert histogram_quantile(quantile, BOUNDS, counts) == pytest.approx(seconds)


def test_no_answers_have_no_quantile() -> None:
    assert math.isnan(histogram_quantile(0.95, BOUNDS, [0, 0, 0, 0]))


def observed(histogram: Histogram, start: int, seconds: int, made: Answers, arrivals: float = 10.0) -> None:
    for now in range(start + 1, start + seconds + 1):
        histogram.second(made, arrivals, now)


def test_the_histogram_tells_the_window_and_not_what_was_before_or_after() -> None:
    histogram = Histogram(scrape_seconds=5, longest_window_seconds=20.0)
    observed(histogram, 0, 20, answers(queued=4.0))
    observed(histogram, 20, 20, answers(queued=0.8))
    observed(histogram, 40, 5, answers(queued=4.0))
    assert histogram.quantile(0.5, 20, 40) == pytest.approx(0.75 + 0.25 * 0.5, abs=0.02)  # in the bucket 0.75 to 1


def test_the_histogram_is_as_coarse_as_its_buckets() -> None:
    histogram = Histogram(scrape_seconds=5, longest_window_seconds=20.0, buckets=(0.1, 10.0))
    observed(histogram, 0, 20, answers(queued=0.2))
    assert histogram.quantile(0.5, 0, 20) == pytest.approx(0.1 + 9.9 * 0.5)


def test_with_a_single_scrape_there_is_no_quantile_and_without_requests_it_is_not_a_number() -> None:
    histogram = Histogram(scrape_seconds=5, longest_window_seconds=20.0)
    assert histogram.quantile(0.95, -5, 0) is None
    observed(histogram, 0, 10, answers(), arrivals=0.0)
    assert math.isnan(histogram.quantile(0.95, 0, 10) or 0.0)
