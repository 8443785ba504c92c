"""Onsets by the clock: what happened twice at this time of the hour or the day is expected; chance is not."""

from collections.abc import Iterable
from random import Random

import pytest

from autoscaler.core.sizing.onsets import Calendar, floor, new_calendars, observe
from tests.support.learning import MIDNIGHT

HOUR, DAY = new_calendars()
AHEAD = 60.0


def lived(loads: Iterable[tuple[float, float]], calendar: Calendar = HOUR) -> Calendar:
    for at, load in loads:
        calendar = observe(calendar, load, at)
    return calendar


def cron(cycles: float, *, cycle: float = 3600.0) -> list[tuple[float, float]]:
    """A constant load that is four times as high for ten minutes from the middle of each cycle on."""
    times = (MIDNIGHT + 10.0 * index for index in range(round(cycles * cycle / 10.0)))
    return [(at, 400.0 if 0.0 <= at % cycle - cycle / 2 < 600.0 else 100.0) for at in times]


@pytest.mark.parametrize(("calendar", "cycle", "cycles"), [(HOUR, 3600.0, 8.4), (DAY, 86_400.0, 3.49)])
def test_an_onset_that_happened_twice_is_expected_before_it_comes(
    calendar: Calendar, cycle: float, cycles: float
) -> None:
    known = lived(cron(cycles, cycle=cycle), calendar)
    start = MIDNIGHT + int(cycles) * cycle + cycle / 2
    assert floor(known, start - 30.0, AHEAD) == pytest.approx(400.0)
    assert floor(known, start - cycle / 4, AHEAD) == 0.0


def test_an_onset_that_happened_once_is_not_expected() -> None:
    assert floor(lived(cron(1.4)), MIDNIGHT + 1.5 * 3600.0 - 30.0, AHEAD) == 0.0
    assert floor(lived(cron(2.4)), MIDNIGHT + 2.5 * 3600.0 - 30.0, AHEAD) == pytest.approx(400.0)


def test_an_onset_is_forgotten_when_it_no_longer_comes() -> None:
    quiet = [(MIDNIGHT + 3 * 3600.0 + 10.0 * index, 100.0) for index in range(round(8.4 * 360))]
    assert floor(lived([*cron(3), *quiet]), MIDNIGHT + 11.5 * 3600.0 - 30.0, AHEAD) == 0.0


def test_it_is_the_jump_that_is_known_not_the_load() -> None:
    """Twice the level before is twice the onset."""
    known = lived([*cron(3), *((at + 3 * 3600.0, 2.0 * load) for at, load in cron(0.49))])
    assert floor(known, MIDNIGHT + 3.5 * 3600.0 - 30.0, AHEAD) == pytest.approx(800.0)


def test_chance_is_no_onset() -> None:
    dice = Random(1)
    known = lived((MIDNIGHT + 10.0 * index, dice.uniform(50.0, 150.0)) for index in range(5 * 360))
    found = [floor(known, MIDNIGHT + 5 * 3600.0 + 30.0 * slot, AHEAD) for slot in range(120)]
    assert sum(each > 0.0 for each in found) <= 2


def test_after_a_gap_nothing_is_a_jump() -> None:
    before = [(MIDNIGHT + 10.0 * index, 10.0) for index in range(60)]
    after = [(MIDNIGHT + 3600.0 * (1 + hour), 400.0) for hour in range(4)]
    assert not any(lived([*before, *after]).jumps[-8:])
    assert max(lived([*before, *after]).jumps) == pytest.approx(1.0)


@pytest.mark.parametrize("loads", [[], [(MIDNIGHT, 100.0)], [(MIDNIGHT, 0.0), (MIDNIGHT + 30.0, 0.0)]])
def test_without_a_past_nothing_is_expected(loads: list[tuple[float, float]]) -> None:
    assert floor(lived(loads), MIDNIGHT + 60.0, AHEAD) == 0.0
