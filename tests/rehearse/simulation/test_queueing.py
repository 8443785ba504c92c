"""Erlang C against tables and textbook examples, and the demand that follows from it."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoscaler.rehearse.simulation.queueing import Service, most_rate, needed, slow_share, waiting_probability

DEMO = Service(slots=4, service_seconds=0.05, goal_seconds=0.3)
CALL_CENTRE = Service(slots=1, service_seconds=180.0, goal_seconds=200.0)  # answered within 20 s

services = st.builds(
    Service,
    slots=st.integers(1, 16),
    service_seconds=st.floats(0.01, 0.2),
    goal_seconds=st.floats(0.25, 2.0),
)


@pytest.mark.parametrize(
    ("servers", "load", "waiting"),
    [
        (1, 0.7, 0.7),  # M/M/1: the utilisation itself
        (2, 1.0, 1 / 3),
        (3, 2.0, 4 / 9),
        (5, 4.0, 0.5541),
        (10, 8.0, 0.4092),
        (11, 10.0, 0.6821),
        (14, 10.0, 0.1741),  # the usual example of call-centre staffing
        (4, 0.0, 0.0),
        (4, 4.0, 1.0),
        (4, 9.0, 1.0),
    ],
)
def test_the_share_that_waits_is_erlang_c(servers: int, load: float, waiting: float) -> None:
    assert waiting_probability(servers, load) == pytest.approx(waiting, abs=5e-5)


def test_a_call_centre_of_14_agents_answers_89_percent_within_20_seconds() -> None:
    """200 calls an hour of 3 minutes are 10 Erlang; the service level is 88.8 %."""
    assert slow_share(CALL_CENTRE, 14, 200 / 3600) == pytest.approx(1 - 0.888, abs=0.001)


def test_a_call_centre_needs_14_agents_for_80_percent_within_20_seconds_and_one_less_misses_it() -> None:
    assert needed(CALL_CENTRE, 200 / 3600, slow=0.2) == 14
    assert slow_share(CALL_CENTRE, 13, 200 / 3600) > 0.2


def test_with_one_server_the_wait_is_that_of_m_m_1() -> None:
    service = Service(slots=1, service_seconds=0.1, goal_seconds=0.5)
    assert slow_share(service, 1, 8.0) == pytest.approx(0.8 * math.exp(-(1 - 0.8) * 0.4 / 0.1))


@pytest.mark.parametrize(("replicas", "rate"), [(0, 1.0), (1, 80.0), (1, 200.0), (-1, 0.0)])
def test_without_replicas_or_beyond_what_they_serve_everything_is_slow(replicas: int, rate: float) -> None:
    assert slow_share(DEMO, replicas, rate) == 1.0


def test_a_goal_below_the_service_time_leaves_no_patience_at_all() -> None:
    assert Service(service_seconds=0.5, goal_seconds=0.3).patience_seconds == 0.0


@pytest.mark.parametrize(("rate", "replicas"), [(0.0, 1), (50.0, 1), (79.0, 2), (80.0, 2), (1000.0, 13)])
def test_the_demand_is_the_fewest_replicas_that_keep_the_goal(rate: float, replicas: int) -> None:
    assert needed(DEMO, rate) == replicas


@given(service=services, replicas=st.integers(1, 30))
def test_a_load_above_the_most_one_breaks_the_goal_and_below_it_keeps_it(service: Service, replicas: int) -> None:
    most = most_rate(service, replicas)
    assert slow_share(service, replicas, most * 0.999) <= 0.01
    assert slow_share(service, replicas, most + service.replica_rate * replicas / 500) > 0.01


@given(service=services, rate=st.floats(0, 500))
def test_more_load_never_needs_fewer_replicas_and_what_is_needed_is_enough(service: Service, rate: float) -> None:
    replicas = needed(service, rate)
    assert needed(service, rate * 1.1 + 1) >= replicas
    assert most_rate(service, replicas) >= rate
