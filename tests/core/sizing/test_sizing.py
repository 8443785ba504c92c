"""Sizing as a whole: what leads and when, each part off, what it says to the operator, and what it costs."""

from dataclasses import replace
from functools import cache
from itertools import pairwise
from random import Random
from time import process_time

import pytest

from autoscaler.core.memory import Memory
from autoscaler.core.model import Moment, Reading, Reason, Sizing
from autoscaler.core.policy import OBJECTIVE, Rule
from autoscaler.core.replay import learn_from
from autoscaler.core.sizing.learned import Learned
from autoscaler.core.sizing.levels import BASES
from autoscaler.core.sizing.rehearsal import MARGINS
from autoscaler.core.sizing.sizing import COLD_SECONDS, REACH_SECONDS, Starts, learn, recent_load, size, window_seconds
from tests.support.builders import BURSTY, NOW, THROUGHPUT, behavior, missing, policy, seen
from tests.support.learning import (
    GOAL,
    MIDNIGHT,
    every,
    lived,
    noisy,
    notes,
    promising,
    size_of,
    sizing_of,
    taught,
)
from tests.support.reason_examples import sized
from tests.support.timelines import Timeline

SIZED = promising(high=40)
STEP = 15.0
HALF_AN_HOUR = tuple(noisy(300.0, 30.0, 121))
TWO_HOURS = tuple(noisy(300.0, 30.0, 481))


@cache
def learned(loads: tuple[float, ...]) -> Learned:
    return taught(SIZED, every(STEP, loads))


def test_without_an_objective_nothing_is_sized() -> None:
    assert size(policy(), learned(TWO_HOURS)) is None
    assert learn(policy(), seen(1, {"throughput": 5.0}), learned(TWO_HOURS), Starts(), NOW) is None


def test_before_any_load_the_policy_is_followed_as_stated() -> None:
    assert size(SIZED, None) == Sizing("throughput", 50.0)
    assert learn(SIZED, seen(1, {"throughput": missing()}), None, Starts(), NOW) is None


def test_in_the_first_hour_the_most_of_ten_minutes_leads_and_says_so() -> None:
    minutes = HALF_AN_HOUR[-40:]
    sizing = sizing_of(SIZED, learned(HALF_AN_HOUR))
    trusted, note = notes(sizing)["headroom"]
    assert not trusted
    assert note.startswith(f"{BASES[1]} x 1.")
    assert note.endswith("until 60 min of load were seen; now 30")
    assert max(minutes) <= sizing.reserve <= 1.6 * max(minutes)


def test_then_the_cheapest_that_keeps_the_budget_leads_and_says_why() -> None:
    known = learned(TWO_HOURS)
    sizing = sizing_of(SIZED, known)
    choice = known.choice
    assert choice.margin is not None
    assert MARGINS[0] <= choice.margin <= MARGINS[-1]
    assert sizing.reserve == pytest.approx(known.levels.bases[choice.base] * choice.margin)
    words = f"{BASES[choice.base]} x {choice.margin:.2f}"
    assert sizing.reserve_note == f"{sizing.reserve:.4g}/s, {words}"
    kept = f"{words} would have kept {1.0 - choice.missed_share:.2%} of 2 h"
    assert notes(sizing)["headroom"] == (True, f"{kept} with {choice.replicas:.1f} replicas, the fewest")


@pytest.mark.parametrize("part", ["capacity", "headroom", "season"])
def test_a_part_that_is_off_is_not_followed_and_says_so(part: str) -> None:
    off = replace(GOAL, **{f"learn_{part}": False})  # type: ignore[arg-type]
    which = promising(off, high=40)
    known, capacity = taught(which, every(STEP, TWO_HOURS)), lived(which, 0.0).capacity
    known = learn(which, seen(4, {"throughput": 300.0}), replace(known, capacity=capacity), Starts(), NOW) or known
    sizing = sizing_of(which, known)
    assert notes(sizing)[part] == (False, f"objective.{part} is off")
    assert (sizing.reserve > 0.0) == (part != "headroom")
    assert (sizing.sure_load is not None) == (part != "headroom")
    assert (sizing.capacity_factor > 1.0) == (part != "capacity")


def test_without_headroom_there_is_no_season_either() -> None:
    which = promising(replace(GOAL, learn_headroom=False))
    sizing = sizing_of(which, taught(which, every(STEP, HALF_AN_HOUR)))
    assert notes(sizing)["season"] == (False, "objective.headroom is off")


def test_with_everything_off_the_policy_is_followed_as_stated() -> None:
    off = replace(GOAL, learn_capacity=False, learn_headroom=False, learn_season=False)
    timeline = Timeline(promising(off), count=4)
    for _ in range(200):
        timeline.see({"throughput": 190.0, OBJECTIVE: 0.1})
    sizing = sizing_of(timeline.policy, timeline.memory.learned)
    assert replace(sizing, estimates=()) == Sizing("throughput", 50.0)


def test_a_headroom_that_is_turned_on_learns_at_once() -> None:
    off = promising(replace(GOAL, learn_headroom=False))
    known = learn(off, seen(4, {"throughput": 300.0}), None, Starts(), NOW)
    assert sizing_of(SIZED, learn(SIZED, seen(4, {"throughput": 300.0}), known, Starts(), NOW + 1.0)).reserve > 0.0


@cache
def spike_learned() -> Learned:
    """What hours with four times the load in their last ten minutes teach, just before; a start takes a minute."""
    past = every(20.0, [400.0 if step % 180 >= 150 else 100.0 for step in range(8 * 180 + 150)])
    known = learn_from(SIZED, past, Memory(start_seconds=60.0), past[-1][0]).learned
    assert known is not None
    return known


def test_a_spike_of_each_hour_is_expected_before_it_comes() -> None:
    sizing = sizing_of(SIZED, spike_learned())
    assert sizing.floor == 400 / 50
    trusted, note = notes(sizing)["season"]
    assert trusted
    assert note.startswith("with the calendar of onsets the same would have cost -")
    decision = sized(SIZED, seen(2, {"throughput": 98.0}), replace(sizing, reserve=0.0))
    assert (decision.desired, decision.reason) == (8, Reason.SEASONAL)


def test_where_nothing_repeats_the_calendar_does_not_lead() -> None:
    sizing = sizing_of(SIZED, learned(TWO_HOURS))
    assert not notes(sizing)["season"][0]
    assert sizing.floor == 0


def test_loads_out_of_its_reach_teach_nothing() -> None:
    past = every(STEP, HALF_AN_HOUR)
    until = past[10][0] + REACH_SECONDS
    assert learn_from(SIZED, past, Memory(), until) == learn_from(SIZED, past[10:], Memory(), until)


def test_the_reserve_never_exceeds_the_bounds() -> None:
    sizing = Sizing("throughput", 50.0, sure_load=90.0, reserve=1e9, reserve_note="a lot")
    assert sized(SIZED, seen(2, {"throughput": 98.0}), sizing).desired == SIZED.max_replicas


@pytest.mark.parametrize(("rule", "seconds"), [(THROUGHPUT, 60.0), (BURSTY, 10.0)])
def test_a_load_is_measured_over_the_shortest_window(rule: Rule, seconds: float) -> None:
    assert window_seconds(rule) == seconds


@pytest.mark.parametrize(
    ("readings", "load"),
    [
        ({"throughput": 300.0, "throughput@burst": 200.0}, 200.0),
        ({"throughput": 300.0, "throughput@burst": missing()}, 300.0),
        ({"throughput": missing(), "throughput@burst": 200.0}, 200.0),
        ({"throughput": missing(), "throughput@burst": missing()}, None),
        ({"throughput": Reading.of(300.0, partial=True), "throughput@burst": missing()}, None),
    ],
)
def test_the_load_is_that_of_the_shortest_window_that_is_measured(readings: dict, load: float | None) -> None:  # type: ignore[type-arg]
    assert recent_load(promising(rule=BURSTY), seen(4, readings)) == load


def test_slower_starts_miss_more() -> None:
    jumps = [300.0 if minute % 20 < 5 else 100.0 for minute in range(600)]
    quick, slow = (taught(SIZED, every(60.0, jumps), start_seconds=seconds) for seconds in (1.0, 200.0))
    assert sum(slow.rehearsal.missed) > sum(quick.rehearsal.missed)


def test_the_orders_of_one_start_ago_are_in_effect_now() -> None:
    known = taught(SIZED, every(4.0, [100.0] * 200), start_seconds=60.0)
    assert 80.0 <= known.orders[-1][0] - known.orders[0][0] <= 100.0  # and half a window
    longest = taught(SIZED, every(4.0, [100.0] * 400), start_seconds=9000.0)
    assert len(longest.orders) <= 85


def test_between_two_bins_a_load_that_is_surely_there_counts_at_once() -> None:
    known = learn(SIZED, seen(4, {"throughput": 100.0}), None, Starts(), NOW)
    later = learn(SIZED, seen(4, {"throughput": 900.0}), known, Starts(), NOW + 1.0)
    assert known is not None
    assert later is not None
    assert later.levels == known.levels
    assert (sizing_of(SIZED, later).sure_load or 0.0) > 850.0


@pytest.mark.parametrize("back_seconds", [1.0, 86_400.0])
def test_a_clock_that_is_set_back_loses_the_levels_only(back_seconds: float) -> None:
    known = spike_learned()
    after = learn(SIZED, seen(4, {"throughput": 100.0}), known, Starts(), known.at - back_seconds)
    assert after is not None
    assert after.levels.bases[2] == 100.0
    assert after.seen_seconds >= known.seen_seconds
    assert [each.jumps for each in after.calendars] == [each.jumps for each in known.calendars]


WINDOWED = behavior(window=300.0)


@pytest.mark.parametrize(
    ("stated", "minutes", "hold"),
    [
        pytest.param(True, 60, None, id="a window that the policy states is obeyed"),
        pytest.param(False, 60, 0.0, id="in place of the default one the levels hold"),
        pytest.param(False, 5, None, id="but not before ten minutes of load were seen"),
    ],
)
def test_the_levels_hold_in_place_of_the_default_window(stated: bool, minutes: int, hold: float | None) -> None:
    which = promising(high=40, down=replace(WINDOWED, window_stated=stated))
    sizing = sizing_of(which, taught(which, every(STEP, [300.0] * (4 * minutes))))
    assert sizing.hold_seconds == hold
    memory = Memory(recommendations=(Moment(NOW - 200.0, 9),))
    lowered = sized(which, seen(9, {"throughput": 300.0}), sizing, memory)
    assert (lowered.desired < 9) == (hold == 0.0)


def flat(seconds: float, *, per_second: float = 900.0) -> list[int]:
    """The counts of every four seconds under Poisson arrivals of a constant rate."""
    dice = Random(1)
    timeline = Timeline(promising(rule=BURSTY, high=60, down=replace(WINDOWED, window_stated=False)), count=20)
    counts = []
    for _ in range(round(seconds / 4.0)):
        load = dice.gauss(per_second, (per_second / 4.0) ** 0.5)
        timeline.see({"throughput": per_second, "throughput@burst": load, OBJECTIVE: 0.0095}, after=4.0)
        counts.append(timeline.count)
    return counts


def test_a_flat_load_changes_nothing_after_the_first_hour() -> None:
    counts = flat(2.5 * 3600.0)
    settled = counts[round((COLD_SECONDS + 300.0) / 4.0) :]
    assert sum(before != after for before, after in pairwise(settled)) == 0
    assert sum(before != after for before, after in pairwise(counts)) <= 4


def test_a_service_needs_at_most_48_kib_however_long_it_starts() -> None:
    known = learn_from(SIZED, every(4.0, noisy(300.0, 100.0, 3000)), Memory(start_seconds=300.0), MIDNIGHT).learned
    assert size_of(known) <= 48 * 1024


def test_five_days_are_learned_from_in_three_seconds() -> None:
    """As many loads as count of the fourteen days of a Prometheus; measured on a part of them, at its quickest."""
    past = every(STEP, noisy(300.0, 100.0, 1000))
    took_seconds = []
    for _ in range(3):
        begun = process_time()
        learn_from(SIZED, past, Memory(), MIDNIGHT)
        took_seconds.append(process_time() - begun)
    assert min(took_seconds) / len(past) * REACH_SECONDS / STEP < 6.0  # 3 s where nothing else runs
