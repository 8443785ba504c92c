"""The base levels: the most of some time, means with deviations, and the load that chance does not explain."""

import math
from collections.abc import Iterable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoscaler.core.sizing.levels import BASES, Levels, observe, sure_load
from tests.support.examples import examples
from tests.support.learning import size_of

STEP = 4.0
NOW = 1_700_000_160.0  # where buckets begin


def lived(loads: Iterable[float], *, step: float = STEP) -> Levels:
    levels = Levels()
    for index, load in enumerate(loads):
        levels = observe(levels, load, NOW + step * index, step, STEP)
    return levels


def test_a_constant_load_is_every_base() -> None:
    assert lived([50.0] * 900).bases == pytest.approx([50.0] * len(BASES))


@pytest.mark.parametrize(
    ("base", "seconds"), [pytest.param(0, 30.0, id=BASES[0]), (1, 600.0), pytest.param(2, 7200.0, id=BASES[2])]
)
def test_the_most_of_a_time_is_kept_for_that_time(base: int, seconds: float) -> None:
    def after(steps: int) -> float:
        return lived([90.0, *[50.0] * steps]).bases[base]

    assert after(int(seconds * 0.9 / STEP)) == 90.0
    assert after(int(seconds / STEP) + 1) == 50.0


def test_of_two_peaks_the_later_is_kept_when_the_higher_is_out_of_the_time() -> None:
    assert lived([90.0, *[50.0] * 5, 70.0, *[50.0] * 3]).bases[0] == 70.0


@pytest.mark.parametrize(("base", "seconds"), [(3, 1200.0), (4, 14_400.0)])
def test_a_mean_stands_with_two_deviations(base: int, seconds: float) -> None:
    dice = Random(1)
    level = lived(dice.gauss(300.0, 30.0) for _ in range(int(5 * seconds / STEP))).bases[base]
    assert level == pytest.approx(360.0, rel=0.05)


def test_a_step_of_fifteen_seconds_teaches_the_means_as_much_as_several_short_ones() -> None:
    short, long = lived([100.0, *[200.0] * 150]), lived([100.0, *[200.0] * 40], step=15.0)
    assert short.means == pytest.approx(long.means, rel=0.01)


@pytest.mark.parametrize(("load", "sure"), [(0.0, 0.0), (0.5, 0.0), (100.0, 90.0), (2500.0, 2450.0)])
def test_what_two_deviations_of_a_poisson_count_explain_is_not_sure(load: float, sure: float) -> None:
    assert sure_load(load, STEP) == pytest.approx(sure)
    assert lived([load]).surely == pytest.approx(sure)


def test_the_sure_load_is_the_most_of_half_a_minute() -> None:
    assert lived([100.0, *[25.0] * 5]).surely == pytest.approx(90.0)
    assert lived([100.0, *[25.0] * 8]).surely == pytest.approx(20.0)


@pytest.mark.parametrize(("deviation", "margin"), [(0.0, 1.0), (0.03, 1.0), (0.1, 1.27), (0.5, 1.6)])
def test_the_cold_margin_grows_with_what_the_load_varies(deviation: float, margin: float) -> None:
    loads = [100.0 * (1.0 + deviation * (-1) ** index) for index in range(2000)]
    assert lived(loads).cold_margin == pytest.approx(margin, abs=0.02)
    assert Levels().cold_margin == 1.0


def test_a_load_that_changes_slowly_is_not_noise() -> None:
    assert lived([100.0 + index for index in range(900)]).cold_margin == 1.0


@examples(50)
@given(st.integers(0, 1000), st.sampled_from([2.0, 4.0, 5.0, 15.0]), st.floats(0.0, 1e6))
def test_no_base_is_below_what_it_stands_for_and_the_memory_is_bounded(seed: int, step: float, scale: float) -> None:
    dice, levels = Random(seed), Levels()
    for index in range(300):
        load = scale * dice.random()
        levels = observe(levels, load, NOW + step * index, step, STEP)
        assert levels.bases[2] >= levels.bases[1] >= levels.bases[0] >= load >= levels.surely - scale
        assert all(math.isfinite(base) for base in levels.bases)
    assert size_of(levels) < 10_000
