"""What a replica serves within the goal: the account of slow answers, of settled pairs only."""

import math
from dataclasses import replace
from random import Random

import pytest

from autoscaler.core.sizing.capacity import (
    AIM,
    BUSY,
    GAIN_PER_HOUR,
    HIGHEST,
    JUMP,
    LOWEST,
    Capacity,
    CapacityOptions,
    Pair,
    observe_load,
    observe_no_pair,
    observe_pair,
)

BUDGET = 0.01
TERMS = CapacityOptions(stated=50.0, budget=BUDGET, settled=True, at_max=False)
AT_MAX = replace(TERMS, at_max=True)
AGES_SECONDS = 90 * 86_400.0
OLD = Capacity(mean_load=100.0, age_seconds=AGES_SECONDS, judged_seconds=AGES_SECONDS)  # nothing is early any more
HOUR = 3600.0


def gains(share: float, load: float = 100.0, terms: CapacityOptions = TERMS, capacity: Capacity = OLD) -> float:
    """By how many hours of quick answers such an hour, after one with the same load, moves the factor."""
    capacity = replace(capacity, latest=Pair(load, 2, 0.0))
    moved = observe_pair(capacity, Pair(load, 2, share), HOUR, terms)
    return (moved.log_factor - capacity.log_factor) / GAIN_PER_HOUR


@pytest.mark.parametrize(
    ("share", "load", "terms", "hours"),
    [
        pytest.param(0.0, 100.0, TERMS, 1.0, id="quick answers raise it"),
        pytest.param(AIM * BUDGET, 100.0, TERMS, 0.0, id="as many slow ones as it aims at leave it"),
        pytest.param(2 * AIM * BUDGET, 100.0, TERMS, -1.0, id="more lower it"),
        pytest.param(11 * AIM * BUDGET, 100.0, TERMS, -10.0, id="each of them counts"),
        pytest.param(0.02, 50.0, TERMS, 0.5 * (1.0 - 0.02 / (AIM * BUDGET)), id="half as many answers count half"),
        pytest.param(0.0, BUSY * 100.0, TERMS, BUSY, id="of busy replicas"),
        pytest.param(0.0, BUSY * 100.0 - 1.0, TERMS, 0.0, id="quick answers of replicas that are hardly busy do not"),
        pytest.param(0.0, 0.0, TERMS, 0.0, id="no answers count nothing"),
        pytest.param(1.0, 0.0, TERMS, 0.0, id="nor when they would be slow"),
        pytest.param(2 * AIM * BUDGET, 100.0, AT_MAX, 0.0, id="slow ones of the most replicas prove nothing"),
        pytest.param(0.0, 100.0, AT_MAX, 1.0, id="quick ones of the most do"),
    ],
)
def test_an_hour_of_answers_moves_the_factor(share: float, load: float, terms: CapacityOptions, hours: float) -> None:
    assert gains(share, load, terms) == pytest.approx(hours, abs=1e-6)


def test_while_little_is_known_answers_count_for_more() -> None:
    young = replace(OLD, judged_seconds=0.0)
    assert gains(0.0, capacity=young) > 1.0 + 1e-6
    assert gains(3 * BUDGET, capacity=young) < gains(3 * BUDGET)


def test_only_what_was_judged_makes_it_old() -> None:
    hour = observe_pair(observe_load(OLD, 100.0, HOUR), Pair(100.0, 2, 0.0), HOUR, TERMS)
    assert observe_load(OLD, 100.0, HOUR).judged_seconds == OLD.judged_seconds
    assert hour.judged_seconds == OLD.judged_seconds + HOUR


@pytest.mark.parametrize(("share", "bound"), [(0.0, HIGHEST), (1.0, LOWEST)])
def test_the_factor_stays_within_its_bounds(share: float, bound: float) -> None:
    capacity = OLD
    for _ in range(1000):
        load = 100.0 * capacity.factor
        capacity = observe_pair(replace(capacity, latest=Pair(load, 2, 0.0)), Pair(load, 2, share), HOUR, TERMS)
    assert capacity.factor == pytest.approx(bound)


def test_before_any_load_nothing_is_settled() -> None:
    assert observe_pair(Capacity(), Pair(100.0, 2, 1.0), HOUR, TERMS).log_factor == 0.0


@pytest.mark.parametrize(("days", "least", "most"), [(1, 0.5, 0.8), (7, 0.99, 1.0)])
def test_the_share_of_slow_answers_is_told_as_a_mean_of_about_a_day(days: int, least: float, most: float) -> None:
    capacity = OLD
    for _ in range(24 * days):
        capacity = observe_pair(capacity, Pair(100.0, 2, 0.02), HOUR, TERMS)
    assert least <= capacity.slow_share / 0.02 <= most


def test_the_mean_load_is_that_of_about_a_day() -> None:
    capacity = Capacity()
    for load in [*[100.0] * 240, *[300.0] * 24]:
        capacity = observe_load(capacity, load, HOUR)
    assert capacity.mean_load == pytest.approx(300.0 - 200.0 / math.e, rel=0.03)
    assert observe_load(Capacity(), 100.0, 0.0).mean_load == 0.0


@pytest.mark.parametrize("real", [0.7, 1.0, 1.3, 1.7])
def test_in_the_long_run_as_many_answers_are_slow_as_it_aims_at(real: float) -> None:
    """Whatever the operator stated; three of ten answers are slow while there is more than a replica really serves."""
    dice, capacity, answers, slow = Random(1), Capacity(), 0.0, 0.0
    for minute in range(90 * 24 * 60):
        load = 1000.0 * (1.0 + 0.6 * math.sin(minute / 720.0 * math.pi)) * dice.uniform(0.9, 1.1)
        replicas = math.ceil(load / dice.uniform(1.0, 1.2) / (50.0 * capacity.factor))  # it comes as it grows
        share = 0.3 if load > replicas * 50.0 * real else 0.0
        if minute > 30 * 24 * 60:
            answers, slow = answers + load, slow + load * share
        capacity = observe_pair(observe_load(capacity, load, 60.0), Pair(load, replicas, share), 60.0, TERMS)
    assert slow / answers == pytest.approx(AIM * BUDGET, rel=0.12)


SAME = Pair(100.0, 2, 0.0)


@pytest.mark.parametrize(
    ("before", "terms"),
    [
        pytest.param(None, TERMS, id="what came before is not known"),
        pytest.param(replace(SAME, load=100.0 / JUMP - 1.0), TERMS, id="after a jump"),
        pytest.param(replace(SAME, load=100.0 * JUMP + 1.0), TERMS, id="after a fall"),
        pytest.param(replace(SAME, load=0.0), TERMS, id="after silence"),
        pytest.param(SAME, replace(TERMS, settled=False), id="right after a change"),
        pytest.param(replace(SAME, ready=3), TERMS, id="a replica less"),
        pytest.param(replace(SAME, ready=1), TERMS, id="a replica more"),
    ],
)
@pytest.mark.parametrize("share", [0.0, 1.0])
def test_only_what_is_settled_moves_the_factor(before: Pair | None, terms: CapacityOptions, share: float) -> None:
    """A jump is missed whatever a replica serves: blamed on the replicas, it would make each load dearer."""
    moved = observe_pair(replace(OLD, latest=before), Pair(100.0, 2, share), 5.0, terms)
    assert moved.log_factor == 0.0
    assert moved.latest == Pair(100.0, 2, share)


def test_without_a_ready_replica_nothing_is_settled() -> None:
    none = Pair(100.0, 0, 1.0)
    assert observe_pair(replace(OLD, latest=none), none, 5.0, TERMS).log_factor == 0.0


def test_the_next_pair_after_an_unmeasured_time_is_not_settled() -> None:
    known = observe_no_pair(replace(OLD, latest=SAME))
    assert observe_pair(known, replace(SAME, slow_share=1.0), 5.0, TERMS).log_factor == 0.0
