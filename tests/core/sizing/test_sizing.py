"""Sizing as a whole: which part is followed and when, each part off, and what they say to the operator."""

from dataclasses import replace
from functools import cache

import pytest

from autoscaler.core.memory import Memory
from autoscaler.core.model import Reason, Sizing
from autoscaler.core.policy import OBJECTIVE, Rule
from autoscaler.core.replay import learn_from
from autoscaler.core.sizing.estimates import headroom_estimate, season_estimate
from autoscaler.core.sizing.learned import TRUSTED_BINS, Learned
from autoscaler.core.sizing.shadow import BIN_SECONDS, HEADROOMS, HOLDS_SECONDS
from autoscaler.core.sizing.sizing import USUAL_START_SECONDS, Starts, learn, reaction_delay_seconds, size
from tests.support.builders import BURSTY, NOW, THROUGHPUT, policy, seen
from tests.support.learning import GOAL, MIDNIGHT, every, lived, noisy, notes, promising, sizing_of, spiking, taught
from tests.support.reason_examples import sized
from tests.support.timelines import Timeline

SIZED = promising(high=40)
HALF_A_DAY = tuple(noisy(300.0, 60.0, int(TRUSTED_BINS / 2)))
A_DAY = tuple(noisy(300.0, 60.0, int(TRUSTED_BINS) + 1))  # the first only starts the clock


@cache
def learned(loads: tuple[float, ...]) -> Learned:
    return taught(SIZED, every(BIN_SECONDS, loads))


def test_without_an_objective_nothing_is_sized() -> None:
    assert size(policy(), learned(A_DAY)) is None
    assert learn(policy(), seen(1, {"throughput": 5.0}), learned(A_DAY), Starts(), NOW) is None


def test_before_any_load_the_policy_is_followed_as_stated() -> None:
    assert size(SIZED, None) == Sizing("throughput", 50.0)
    assert size(SIZED, Learned(NOW, 0)) == Sizing("throughput", 50.0)


def test_before_a_day_of_load_the_headroom_is_not_followed_and_says_so() -> None:
    sizing = sizing_of(SIZED, learned(HALF_A_DAY))
    assert notes(sizing)["headroom"] == (False, "12.0 h of load were seen, 24 h are needed")
    assert (sizing.reserve, sizing.reserve_note, sizing.hold_seconds, sizing.floor) == (0.0, "", None, 0)


def test_after_a_day_of_load_the_headroom_is_followed() -> None:
    sizing = sizing_of(SIZED, learned(A_DAY))
    assert notes(sizing)["headroom"][0]
    assert 300.0 < sizing.reserve < 700.0
    assert sizing.reserve_note.startswith(f"{sizing.reserve:.4g}/s, ")
    assert sizing.hold_seconds in HOLDS_SECONDS


@pytest.mark.parametrize("part", ["capacity", "headroom", "season"])
def test_a_part_that_is_off_is_not_followed_and_says_so(part: str) -> None:
    off = replace(GOAL, **{f"learn_{part}": False})  # type: ignore[arg-type]
    which = promising(off, high=40)
    known, capacity = taught(which, every(BIN_SECONDS, A_DAY)), lived(which, 0.0).capacity
    known = learn(which, seen(4, {"throughput": 300.0}), replace(known, capacity=capacity), Starts(), NOW) or known
    sizing = sizing_of(which, known)
    assert notes(sizing)[part] == (False, f"objective.{part} is off")
    others = {name: trusted for name, (trusted, _) in notes(sizing).items() if name not in {part, "season"}}
    assert set(others.values()) == {True}
    assert (sizing.reserve > 0.0) == (part != "headroom")
    assert (sizing.capacity_factor > 1.0) == (part != "capacity")


def test_with_everything_off_the_policy_is_followed_as_stated() -> None:
    off = replace(GOAL, learn_capacity=False, learn_headroom=False, learn_season=False)
    timeline = Timeline(promising(off), count=4)
    for _ in range(200):
        timeline.see({"throughput": 190.0, OBJECTIVE: 0.1})
    sizing = sizing_of(timeline.policy, timeline.memory.learned)
    assert replace(sizing, estimates=()) == Sizing("throughput", 50.0)


JUST_BEFORE, HOURS_AFTER, ON_TRIAL = 5 + 2.98 / 24, 5.5, 2.5  # days


def spiked(days: float) -> Sizing:
    """The sizing after days of a constant load with a daily spike, when a replica takes two minutes to start."""
    return sizing_of(SIZED, spike_learned(days))


@cache
def spike_learned(days: float) -> Learned:
    """What they teach, learned on from what fewer of them have taught."""
    fewer = max((each for each in (ON_TRIAL, JUST_BEFORE, HOURS_AFTER) if each < days), default=None)
    known = None if fewer is None else spike_learned(fewer)
    past = every(60.0, spiking(days))[0 if fewer is None else len(spiking(fewer)) :]
    learned = learn_from(SIZED, past, Memory(learned=known, start_seconds=120.0), MIDNIGHT).learned
    assert learned is not None
    return learned


def test_a_daily_spike_is_expected_before_it_comes() -> None:
    just_before = spiked(JUST_BEFORE)
    trusted, note = notes(just_before)["season"]
    assert trusted
    assert note.startswith("with the day's profile 0.00% would have been missed instead of ")
    assert just_before.floor == 400 / 50
    decision = sized(SIZED, seen(2, {"throughput": 98.0}), just_before)
    assert (decision.desired, decision.reason) == (8, Reason.SEASONAL)


def test_hours_after_the_spike_the_floor_is_that_of_the_usual_load() -> None:
    assert spiked(HOURS_AFTER).floor == 100 / 50


def test_a_season_is_on_trial_until_its_shadows_have_proved_it() -> None:
    """The days are shorter, so that a day of bins has not yet been seen when the profile is known."""
    sizing = spiked(ON_TRIAL)
    assert notes(sizing)["season"] == (False, "the day's profile is still on trial")
    assert sizing.floor == 0


def test_chance_is_no_season() -> None:
    sizing = sizing_of(SIZED, learned(A_DAY))
    assert notes(sizing)["season"] == (
        False,
        "no profile of an hour, a day or a week forecasts better than the latest load",
    )


def test_a_season_is_not_tried_without_headroom() -> None:
    alone = replace(GOAL, learn_headroom=False)
    known = taught(promising(alone, high=40), every(60.0, spiking(ON_TRIAL)), start_seconds=120.0)
    note = "objective.headroom is off, and a season is tried against it"
    assert season_estimate(alone, known).note == note


def test_the_reserve_never_exceeds_the_bounds() -> None:
    sizing = Sizing("throughput", 50.0, reserve=1e9, reserve_note="a lot")
    decision = sized(SIZED, seen(2, {"throughput": 98.0}), sizing)
    assert decision.desired == SIZED.max_replicas


@pytest.mark.parametrize(
    ("high", "trusted", "floor"),
    [
        pytest.param(9, True, 9, id="430 requests per second need 9"),
        pytest.param(8, True, 8, id="no more than there may be, which serve them, too"),
        pytest.param(3, False, 0, id="where the most miss too many, no season is followed"),
    ],
)
def test_a_floor_never_exceeds_the_bounds(high: int, trusted: bool, floor: int) -> None:
    which = promising(high=high)
    known = taught(which, every(60.0, spiking(JUST_BEFORE, spike=430.0)), start_seconds=120.0)
    sizing = sizing_of(which, known)
    assert (notes(sizing)["season"][0], sizing.floor) == (trusted, floor)


@pytest.mark.parametrize(
    ("missed", "words"),
    [
        pytest.param(5.0, "the cheapest of 54, would have missed 0.50%", id="within the budget"),
        pytest.param(20.0, "the safest of 54, would have missed 2.00%", id="none is within the budget"),
    ],
)
def test_the_headroom_says_how_it_was_chosen(missed: float, words: str) -> None:
    known = learned(A_DAY)
    shares = known.plain.missed[:]
    shares[7] = missed
    leading = replace(known.plain, missed=shares, load=1000.0, leader=7)
    headroom = HEADROOMS[7]
    assert headroom_estimate(GOAL, known, leading).note == (
        f"{headroom.deviations:g} deviations above the trend of {headroom.window_seconds / 60:g} min, "
        f"and the most of {headroom.hold_seconds:g} s: {words}"
    )


@pytest.mark.parametrize(("rule", "seconds"), [(THROUGHPUT, 60.0), (BURSTY, 10.0)])
def test_a_new_load_is_seen_whole_after_the_shortest_window(rule: Rule, seconds: float) -> None:
    assert reaction_delay_seconds(rule) == seconds


def test_slower_starts_miss_more() -> None:
    jumps = [300.0 if minute % 20 < 5 else 100.0 for minute in range(1440)]
    quick, slow = (
        taught(SIZED, every(60.0, jumps), start_seconds=seconds).plain for seconds in (1.0, 4 * USUAL_START_SECONDS)
    )
    assert sum(slow.missed) > sum(quick.missed)
    usual = taught(SIZED, every(60.0, jumps))
    assert usual.plain == taught(SIZED, every(60.0, jumps), start_seconds=USUAL_START_SECONDS).plain
