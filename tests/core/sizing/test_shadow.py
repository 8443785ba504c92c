"""The shadows: each lives through the load with its own headroom; the cheapest that misses few enough leads."""

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import replace
from random import Random

import pytest

from autoscaler.core.sizing.shadow import (
    BIN_SECONDS,
    CALM,
    CHALLENGE,
    CHANGE_COST_BINS,
    DEVIATIONS,
    HEADROOMS,
    HOLDS_SECONDS,
    SHADOWS,
    WINDOWS_SECONDS,
    Field,
    Footing,
    Headroom,
    Loads,
    elect,
    new_field,
    step,
    trend,
)

FOOTING = Footing(per_replica=50.0, lag_bins=0.0, low=1, high=10, tolerance_up=0.0, tolerance_down=0.0)
BUDGET = 0.01
SIMPLEST = HEADROOMS.index(Headroom(WINDOWS_SECONDS[0], DEVIATIONS[0], HOLDS_SECONDS[0]))


def lived(loads: Iterable[float], footing: Footing = FOOTING, field: Field | None = None) -> Field:
    """The field after a bin of each load."""
    known, field = Loads(), field or new_field(1)
    for load in loads:
        known = known.with_bin(load)
        field = step(field, known, footing)
    return field


@pytest.mark.parametrize(
    ("loads", "ahead_bins", "level", "deviation"),
    [
        pytest.param([], 4.0, 0.0, 0.0, id="nothing"),
        pytest.param([7.0], 4.0, 7.0, 0.0, id="a single load has no trend"),
        pytest.param([5.0] * 9, 4.0, 5.0, 0.0, id="a constant one stays"),
        pytest.param([10.0, 20.0, 30.0], 0.0, 30.0, 0.0, id="a rising one is where it is"),
        pytest.param([10.0, 20.0, 30.0], 2.5, 55.0, 0.0, id="and rises on"),
        pytest.param([30.0, 20.0, 10.0], 5.0, 0.0, 0.0, id="a falling one falls to nothing, not below"),
        pytest.param([10.0, 20.0, 20.0, 10.0], 3.0, 15.0, 5.0, id="what is not on the line deviates"),
    ],
)
def test_the_trend_is_the_straight_line_through_the_loads(
    loads: list[float], ahead_bins: float, level: float, deviation: float
) -> None:
    assert trend(array("d", loads), ahead_bins) == pytest.approx((level, deviation), abs=1e-6)


def costs_of_raising_to(replicas: float) -> float:
    return replicas * (1.0 + CHANGE_COST_BINS)


def test_there_is_a_shadow_for_every_headroom() -> None:
    assert len(set(HEADROOMS)) == SHADOWS == len(lived([100.0]).replicas)


@pytest.mark.parametrize(
    ("before", "load", "footing", "expected"),
    [
        pytest.param(3, 150.0, FOOTING, (3, 0.0, 3.0), id="just enough"),
        pytest.param(2, 150.0, FOOTING, (3, 0.0, costs_of_raising_to(3)), id="raised at once; a change costs more"),
        pytest.param(2, 150.0, replace(FOOTING, lag_bins=0.25), (3, 37.5, costs_of_raising_to(3)), id="a quarter late"),
        pytest.param(3, 150.0, replace(FOOTING, lag_bins=0.25), (3, 0.0, 3.0), id="nothing is late that was there"),
        pytest.param(2, 150.0, replace(FOOTING, high=2), (2, 150.0, 2.0), id="the most are too few"),
        pytest.param(2, 150.0, replace(FOOTING, tolerance_up=0.5), (2, 150.0, 2.0), id="within the tolerance, too few"),
        pytest.param(3, 151.0, FOOTING, (4, 0.0, costs_of_raising_to(4)), id="a part of a replica is one"),
        pytest.param(3, 151.0, replace(FOOTING, high=3), (3, 0.0, 3.0), id="a little more is served"),
        pytest.param(4, 100.0, FOOTING, (3, 0.0, costs_of_raising_to(3)), id="lowered to where it stays calm"),
        pytest.param(4, 100.0, replace(FOOTING, low=4), (4, 0.0, 4.0), id="never below the fewest"),
        pytest.param(4, 100.0, replace(FOOTING, floor=4), (4, 0.0, 4.0), id="nor below the season's floor"),
        pytest.param(2, 50.0, replace(FOOTING, floor=5), (5, 0.0, costs_of_raising_to(5)), id="the floor raises"),
        pytest.param(2, 50.0, replace(FOOTING, floor=50), (10, 0.0, costs_of_raising_to(10)), id="to the most at most"),
        pytest.param(
            4, 180.0, replace(FOOTING, tolerance_down=0.1), (4, 0.0, 4.0), id="within the tolerance, too many"
        ),
        pytest.param(1, 0.0, FOOTING, (1, 0.0, 1.0), id="no load misses nothing"),
    ],
)
def test_a_bin_under_the_simplest_headroom(
    before: int, load: float, footing: Footing, expected: tuple[float, float, float]
) -> None:
    """What is expected: the replicas after it, the load that was missed, and the cost."""
    field = lived([load], footing, new_field(before))
    assert (field.replicas[SIMPLEST], field.missed[SIMPLEST], field.cost[SIMPLEST]) == pytest.approx(expected)
    assert (field.load, field.weight) == (load, 1.0)


def test_what_is_lowered_stays_at_a_little_more_load() -> None:
    lowered = lived([100.0], field=new_field(4)).replicas[SIMPLEST]
    assert lowered * FOOTING.per_replica >= 100.0 * (1.0 + CALM)


@pytest.mark.parametrize(
    ("lag_bins", "missed"),
    [
        pytest.param(0.0, 0.0, id="at once"),
        pytest.param(1.0, 200.0, id="a bin"),
        pytest.param(1.5, 200.0 + 0.5 * 200.0, id="a bin and a half"),
        pytest.param(3.0, 3 * 200.0, id="three bins"),
    ],
)
def test_a_load_that_jumps_is_missed_for_as_long_as_a_start_takes(lag_bins: float, missed: float) -> None:
    loads = [100.0] * 6 + [200.0] * 6
    field = lived(loads, replace(FOOTING, lag_bins=lag_bins), new_field(2))
    assert field.missed[SIMPLEST] == pytest.approx(missed, rel=0.01)


def test_nothing_happens_before_a_load_is_old_enough_to_be_followed() -> None:
    late = replace(FOOTING, lag_bins=3.0)
    assert lived([100.0] * 3, late) == new_field(1)
    assert lived([100.0] * 4, late).weight == 1.0


def test_the_most_of_the_hold_is_kept() -> None:
    bins_until_lowered = []
    for hold in HOLDS_SECONDS:
        index = HEADROOMS.index(Headroom(WINDOWS_SECONDS[0], 0.0, hold))
        known, field, bins = Loads().with_bin(400.0), new_field(8), 0
        while field.replicas[index] == 8:
            known, bins = known.with_bin(10.0), bins + 1
            field = step(field, known, FOOTING)
        bins_until_lowered.append(bins)
    assert bins_until_lowered == [int(hold / BIN_SECONDS) for hold in HOLDS_SECONDS]


def held(missed: Mapping[int, float], cost: Mapping[int, float], leader: int = -1) -> Field:
    """A field in which every shadow cost 100 and missed nothing, but for these; 1000 requests came."""
    return Field(
        missed=array("d", [missed.get(index, 0.0) for index in range(SHADOWS)]),
        cost=array("d", [cost.get(index, 100.0) for index in range(SHADOWS)]),
        replicas=array("d", [1.0] * SHADOWS),
        load=1000.0,
        weight=50.0,
        leader=leader,
    )


ALL_BUT_7 = dict.fromkeys([index for index in range(SHADOWS) if index != 7], 20.0)


@pytest.mark.parametrize(
    ("field", "leader"),
    [
        pytest.param(held({}, {7: 90.0, 8: 80.0}), 8, id="the cheapest"),
        pytest.param(held({8: 10.1}, {7: 90.0, 8: 80.0}), 7, id="not one that missed more than may be"),
        pytest.param(held({8: 10.0}, {7: 90.0, 8: 80.0}), 8, id="as much as may be is allowed"),
        pytest.param(held({**ALL_BUT_7, 7: 19.0}, {8: 1.0}), 7, id="without any, the one that missed least"),
        pytest.param(held({**ALL_BUT_7, 7: 20.0}, {7: 90.0}), 7, id="of those the cheaper"),
        pytest.param(held({}, {8: 100.0 * CHALLENGE + 0.1}, leader=7), 7, id="hardly cheaper is no reason to change"),
        pytest.param(held({}, {8: 100.0 * CHALLENGE - 0.1}, leader=7), 8, id="clearly cheaper is"),
        pytest.param(held({7: 11.0}, {7: 1.0, 8: 99.0}, leader=7), 8, id="a leader that missed too much falls"),
        pytest.param(held({}, {7: 90.0}, leader=7), 7, id="the cheapest stays"),
    ],
)
def test_an_election(field: Field, leader: int) -> None:
    elected = elect(field, BUDGET)
    assert elected == replace(field, leader=leader)
    assert elected.headroom == HEADROOMS[leader]


def test_the_leader_tells_what_it_missed_and_cost() -> None:
    field = held({8: 5.0}, {8: 80.0}, leader=8)
    assert (field.missed_share, field.mean_cost) == (5.0 / 1000.0, 80.0 / 50.0)
    assert new_field(1).missed_share == 0.0
    assert new_field(1).mean_cost == float("inf")


LATE = replace(FOOTING, per_replica=10.0, high=100, lag_bins=2.5)


def elected(loads: Iterable[float]) -> Headroom:
    return elect(lived(loads, LATE), BUDGET / 2).headroom


def test_a_constant_load_needs_no_deviations() -> None:
    assert elected([200.0] * 1000).deviations == 0.0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_load_that_jumps_needs_more_headroom_than_a_calm_one(seed: int) -> None:
    dice = Random(seed)
    calm = [dice.gauss(200.0, 2.0) for _ in range(2400)]
    starts = {index for index in range(len(calm)) if dice.random() < 1 / 160}
    jumping = [load * (1.3 if starts & {*range(index - 7, index + 1)} else 1.0) for index, load in enumerate(calm)]
    assert elected(jumping).deviations > elected(calm).deviations


def test_what_is_long_past_weighs_little() -> None:
    field = lived([500.0], replace(FOOTING, high=1))
    once = field.missed[SIMPLEST]
    for _ in range(100):
        field = step(field, Loads().with_bin(10.0), FOOTING)
    assert 0.0 < field.missed[SIMPLEST] < once
    assert field.missed[SIMPLEST] / once == pytest.approx((field.load - 10.0 * 100) / 500.0, rel=0.02)
