"""The seasons: what is learned of an hour, a day and a week, and when it is better than the latest load."""

from array import array
from collections.abc import Iterable
from random import Random

import pytest

from autoscaler.core.context import DecisionContext
from autoscaler.core.guards import season as floor_guard
from autoscaler.core.memory import Memory
from autoscaler.core.model import Replicas, Sizing
from autoscaler.core.schedule import Bounds
from autoscaler.core.sizing.season import _CLIP, CYCLES_NEEDED, Profile, best, forecast, new_profiles, observe
from tests.support.builders import NOW, policy
from tests.support.learning import DAY, MIDNIGHT, every, spiking

SPIKE_AT = 3 * 3600.0


def profiled(past: Iterable[tuple[float, float]]) -> tuple[Profile, ...]:
    profiles = new_profiles()
    for at, load in past:
        profiles = tuple(observe(each, load, at) for each in profiles)
    return profiles


def test_a_daily_spike_is_trusted_after_two_days() -> None:
    assert best(profiled(every(60.0, spiking(CYCLES_NEEDED - 0.1)))) is None
    known = best(profiled(every(60.0, spiking(CYCLES_NEEDED + 0.01))))
    assert known is not None
    assert known.name == "day"


@pytest.mark.parametrize(
    ("at", "ahead_seconds", "load"),
    [
        pytest.param(SPIKE_AT - 900.0, 300.0, 100.0, id="not yet"),
        pytest.param(SPIKE_AT - 300.0, 300.0, 400.0, id="before it comes"),
        pytest.param(SPIKE_AT + 300.0, 300.0, 400.0, id="while it lasts"),
        pytest.param(SPIKE_AT + 600.0, 300.0, 100.0, id="no longer"),
    ],
)
def test_a_daily_spike_is_forecast(at: float, ahead_seconds: float, load: float) -> None:
    profile = best(profiled(every(60.0, spiking(3.0))))
    assert profile is not None
    present = 400.0 if SPIKE_AT <= at < SPIKE_AT + 600.0 else 100.0
    assert forecast(profile, present, MIDNIGHT + 3 * DAY + at, ahead_seconds) == pytest.approx(load, rel=1e-6)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_chance_hardly_ever_looks_like_a_season(seed: int) -> None:
    """What does is tried by shadows before it is followed."""
    dice, profiles, skilled = Random(seed), new_profiles(), 0
    for minute in range(14 * 1440):
        profiles = tuple(observe(each, dice.uniform(50.0, 150.0), NOW + 60.0 * minute) for each in profiles)
        skilled += minute > 2 * 1440 and best(profiles) is not None
    assert skilled < 0.1 * 12 * 1440


def test_a_constant_load_has_no_season() -> None:
    assert best(profiled(every(60.0, [100.0] * 4 * 1440))) is None


def test_of_two_seasons_the_one_that_errs_less_is_best() -> None:
    hourly = [400.0 if minute % 60 < 5 else 100.0 for minute in range(3 * 1440)]
    known = best(profiled(every(60.0, hourly)))
    assert known is not None
    assert known.name in {"hour", "day"}
    assert known.error == pytest.approx(0.0, abs=1e-6)


def test_a_slot_keeps_its_highest_load_of_each_cycle() -> None:
    profile = Profile("short", 10.0, array("f", [-1.0, -1.0]))
    for at, load in [(0.0, 5.0), (4.0, 9.0), (8.0, 2.0), (10.0, 1.0), (20.0, 3.0)]:
        profile = observe(profile, load, at)
    assert list(profile.levels) == [9.0, 1.0]
    assert (profile.slot, profile.highest, profile.cycles) == (2, 3.0, 1.0)


def test_a_later_cycle_moves_the_usual_level_a_part_of_the_way() -> None:
    profile = Profile("short", 10.0, array("f", [-1.0, -1.0]))
    for slot, load in enumerate([100.0, 50.0, 200.0, 50.0, 0.0]):
        profile = observe(profile, load, 10.0 * slot)
    assert 100.0 < profile.levels[0] < 200.0
    assert profile.levels[1] == 50.0
    assert profile.error > 0.0


LEVELS = Profile("short", 10.0, array("f", [100.0, 300.0, 200.0, -1.0]))


@pytest.mark.parametrize(
    ("load", "now", "ahead_seconds", "coming"),
    [
        pytest.param(100.0, 0.0, 10.0, 300.0, id="the next slot"),
        pytest.param(100.0, 0.0, 9.0, 100.0, id="only the present one"),
        pytest.param(200.0, 20.0, 10.0, 200.0, id="a slot that was never seen says nothing"),
        pytest.param(100.0, 30.0, 10.0, 0.0, id="nor does one to start from"),
        pytest.param(200.0, 20.0, 1e6, 300.0, id="a whole cycle at most, round its end"),
        pytest.param(150.0, 0.0, 10.0, 450.0, id="moved to today's level"),
        pytest.param(900.0, 0.0, 10.0, 300.0 * _CLIP, id="which is not much higher"),
        pytest.param(1.0, 0.0, 10.0, 300.0 / _CLIP, id="nor lower than the usual one"),
    ],
)
def test_a_forecast_is_the_most_that_is_coming(load: float, now: float, ahead_seconds: float, coming: float) -> None:
    assert forecast(LEVELS, load, now, ahead_seconds) == pytest.approx(coming)


@pytest.mark.parametrize("floor", [0, 3, 4, 5, 9])
@pytest.mark.parametrize("wanted", [0, 3, 4, 7])
def test_a_floor_lowers_nothing(wanted: int, floor: int) -> None:
    which, sizing = policy(), Sizing("throughput", 50.0, floor=floor)
    context = DecisionContext(which, Bounds(1, 10), Replicas(4, 4), (), Memory(), NOW, sizing)
    allowed, note = floor_guard(context, wanted)
    assert allowed == max(wanted, floor)
    assert bool(note) == (floor > wanted)
