"""What a replica serves within the goal: the account of slow answers, and the ceiling above it."""

import math
from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from autoscaler.core.sizing.capacity import (
    AIM,
    CEILING_GROWTH_PER_HOUR,
    GAIN_PER_HOUR,
    HIGHEST,
    JUMP,
    LOWEST,
    OVERLOADED_SHARE,
    Capacity,
    CapacityOptions,
    Pair,
    observe_load,
    observe_no_pair,
    observe_pair,
)

BUDGET = 0.01
TERMS = CapacityOptions(stated=50.0, budget=BUDGET, settled=True, at_min=False, at_max=False)
AT_MIN, AT_MAX = replace(TERMS, at_min=True), replace(TERMS, at_max=True)
AGES_SECONDS = 90 * 86_400.0
OLD = Capacity(mean_load=100.0, age_seconds=AGES_SECONDS, judged_seconds=AGES_SECONDS)  # nothing is early any more
HOUR = 3600.0


def gains(share: float, load: float = 100.0, terms: CapacityOptions = TERMS, capacity: Capacity = OLD) -> float:
    """By how many hours of quick answers such an hour moves the factor."""
    moved = observe_pair(capacity, Pair(load, 2, share), HOUR, terms)
    return (moved.log_factor - capacity.log_factor) / GAIN_PER_HOUR


@pytest.mark.parametrize(
    ("share", "load", "terms", "hours"),
    [
        pytest.param(0.0, 100.0, TERMS, 1.0, id="quick answers raise it"),
        pytest.param(AIM * BUDGET, 100.0, TERMS, 0.0, id="as many slow ones as it aims at leave it"),
        pytest.param(2 * AIM * BUDGET, 100.0, TERMS, -1.0, id="more lower it"),
        pytest.param(11 * AIM * BUDGET, 100.0, TERMS, -10.0, id="each of them counts"),
        pytest.param(0.0, 50.0, TERMS, 0.5, id="half as many answers count half"),
        pytest.param(0.0, 0.0, TERMS, 0.0, id="no answers count nothing"),
        pytest.param(1.0, 0.0, TERMS, 0.0, id="nor when they would be slow"),
        pytest.param(0.0, 100.0, AT_MIN, 0.0, id="quick ones of the fewest replicas prove nothing"),
        pytest.param(2 * AIM * BUDGET, 100.0, AT_MIN, -1.0, id="slow ones of the fewest do"),
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
        capacity = observe_pair(capacity, Pair(100.0, 2, share), HOUR, TERMS)
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
    assert slow / answers == pytest.approx(AIM * BUDGET, rel=0.05)


QUIET, SLOW = Pair(190.0, 2, 0.0), Pair(200.0, 2, OVERLOADED_SHARE)


def ceiling(before: Pair | None, pair: Pair, terms: CapacityOptions = TERMS, known: Capacity = OLD) -> float:
    """Load per replica at the ceiling after these two pairs, over the stated one."""
    return math.exp(observe_pair(replace(known, latest=before), pair, 5.0, terms).log_ceiling)


@pytest.mark.parametrize(
    ("before", "pair", "terms", "mean_load"),
    [
        pytest.param(None, SLOW, TERMS, 100.0, id="what came before is not known"),
        pytest.param(QUIET, replace(SLOW, slow_share=OVERLOADED_SHARE - 0.01), TERMS, 100.0, id="most are quick"),
        pytest.param(replace(QUIET, load=200.0 / JUMP - 1.0), SLOW, TERMS, 100.0, id="after a jump"),
        pytest.param(replace(QUIET, load=200.0 * JUMP + 1.0), SLOW, TERMS, 100.0, id="after a fall"),
        pytest.param(replace(QUIET, load=0.0), SLOW, TERMS, 100.0, id="after silence"),
        pytest.param(replace(QUIET, slow_share=OVERLOADED_SHARE), SLOW, TERMS, 100.0, id="with a queue from before"),
        pytest.param(QUIET, SLOW, replace(TERMS, settled=False), 100.0, id="right after a change"),
        pytest.param(replace(QUIET, ready=3), SLOW, TERMS, 100.0, id="a replica less"),
        pytest.param(replace(QUIET, ready=0), replace(SLOW, ready=0), TERMS, 100.0, id="no replica is ready"),
        pytest.param(QUIET, SLOW, TERMS, 201.0, id="below the mean load"),
    ],
)
def test_a_ceiling_is_learned_at_an_onset_only(
    before: Pair | None, pair: Pair, terms: CapacityOptions, mean_load: float
) -> None:
    assert ceiling(before, pair, terms, replace(OLD, mean_load=mean_load)) == math.inf


def test_at_an_onset_the_ceiling_is_the_load_per_replica() -> None:
    assert ceiling(QUIET, SLOW) == pytest.approx(200.0 / 2 / 50.0)


@pytest.mark.parametrize(("known", "then"), [(1.9, 1.9), (2.1, 2.0)])
def test_of_two_ceilings_the_lower_counts(known: float, then: float) -> None:
    assert ceiling(QUIET, SLOW, known=replace(OLD, log_ceiling=math.log(known))) == pytest.approx(then)


def test_the_next_pair_after_an_unmeasured_time_is_no_onset() -> None:
    known = observe_no_pair(replace(OLD, latest=QUIET))
    assert observe_pair(known, SLOW, 5.0, TERMS).log_ceiling == math.inf


@pytest.mark.parametrize(("onset", "factor"), [(60.0, 1.2), (30.0, 0.6), (1.0, LOWEST)])
def test_the_factor_is_at_once_no_higher_than_the_ceiling(onset: float, factor: float) -> None:
    known = replace(OLD, log_factor=math.log(1.5), mean_load=onset, latest=Pair(onset, 1, 0.0))
    assert observe_pair(known, Pair(onset, 1, 1.0), 5.0, TERMS).factor == pytest.approx(factor)


def test_an_old_ceiling_is_trusted_less_and_less() -> None:
    known = observe_load(replace(OLD, log_ceiling=0.1), 100.0, 20 * HOUR)
    assert known.log_ceiling == pytest.approx(0.1 + 20 * CEILING_GROWTH_PER_HOUR)


@pytest.mark.parametrize("see", [lambda known: observe_pair(known, QUIET, 5.0, TERMS), observe_no_pair])
def test_pairs_alone_make_a_ceiling_no_older(see: Callable[[Capacity], Capacity]) -> None:
    assert see(replace(OLD, log_ceiling=0.1)).log_ceiling == 0.1
