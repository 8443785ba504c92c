"""Sizing as a whole: what is followed and when, each part off, and what it says to the operator."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import pytest

from autoscaler.core.capacity import Pair
from autoscaler.core.estimates import capacity_estimate, headroom_estimate, season_estimate
from autoscaler.core.learned import TRUSTED_BINS, Learned
from autoscaler.core.memory import Memory
from autoscaler.core.model import Change, Observation, Reading, ReadingKind, Reason, Sizing
from autoscaler.core.policy import OBJECTIVE, Policy
from autoscaler.core.shadow import BIN_SECONDS, HEADROOMS, HOLDS_SECONDS
from autoscaler.core.sizing import (
    SETTLING_SECONDS,
    USUAL_START_SECONDS,
    Starts,
    learn,
    reaction_delay_seconds,
    size,
)
from tests.builders import BURSTY, NOW, THROUGHPUT, missing, policy, seen
from tests.core.examples import sized
from tests.core.learning import GOAL, every, noisy, promising, spiking, taught
from tests.timelines import Timeline

SIZED = promising(high=40)
HALF_A_DAY = noisy(300.0, 60.0, int(TRUSTED_BINS / 2))
A_DAY = noisy(300.0, 60.0, int(TRUSTED_BINS) + 1)  # the first only starts the clock
LEARNED = {
    "half a day": taught(SIZED, every(BIN_SECONDS, HALF_A_DAY)),
    "a day": taught(SIZED, every(BIN_SECONDS, A_DAY)),
}


def sizing_of(which: Policy, learned: Learned | None) -> Sizing:
    sizing = size(which, learned)
    assert sizing is not None
    return sizing


def notes(sizing: Sizing) -> Mapping[str, tuple[bool, str]]:
    return {each.name: (each.trusted, each.note) for each in sizing.estimates}


def test_without_an_objective_nothing_is_sized() -> None:
    assert size(policy(), LEARNED["a day"]) is None
    assert learn(policy(), seen(1, {"throughput": 5.0}), LEARNED["a day"], Starts(), NOW) is None


def test_before_any_load_the_policy_is_followed_as_stated() -> None:
    assert size(SIZED, None) == Sizing("throughput", 50.0)
    assert size(SIZED, Learned(NOW, 0)) == Sizing("throughput", 50.0)


def test_before_a_day_of_load_the_headroom_is_not_followed_and_says_so() -> None:
    sizing = sizing_of(SIZED, LEARNED["half a day"])
    assert notes(sizing)["headroom"] == (False, "12.0 h of load were seen, 24 h are needed")
    assert (sizing.reserve, sizing.reserve_note, sizing.hold_seconds, sizing.floor) == (0.0, "", None, 0)


def test_after_a_day_of_load_the_headroom_is_followed() -> None:
    sizing = sizing_of(SIZED, LEARNED["a day"])
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


@cache
def spiked(days: float) -> Sizing:
    """The sizing after days of a constant load with a daily spike, when a replica takes two minutes to start."""
    return sizing_of(SIZED, taught(SIZED, every(60.0, spiking(days)), start_seconds=120.0))


def test_a_daily_spike_is_expected_before_it_comes() -> None:
    just_before = spiked(5 + 2.98 / 24)
    trusted, note = notes(just_before)["season"]
    assert trusted
    assert note.startswith("with the day's profile 0.00% would have been missed instead of ")
    assert just_before.floor == 400 / 50
    decision = sized(SIZED, seen(2, {"throughput": 98.0}), just_before)
    assert (decision.desired, decision.reason) == (8, Reason.SEASONAL)


def test_hours_after_the_spike_the_floor_is_that_of_the_usual_load() -> None:
    assert spiked(5.5).floor == 100 / 50


def test_a_season_is_on_trial_until_its_shadows_have_proved_it() -> None:
    """The days are shorter, so that a day of bins has not yet been seen when the profile is known."""
    sizing = spiked(2.5)
    assert notes(sizing)["season"] == (False, "the day's profile is still on trial")
    assert sizing.floor == 0


def test_chance_is_no_season() -> None:
    sizing = sizing_of(SIZED, LEARNED["a day"])
    assert notes(sizing)["season"] == (
        False,
        "no profile of an hour, a day or a week forecasts better than the latest load",
    )


def test_a_season_is_not_tried_without_headroom() -> None:
    alone = replace(GOAL, learn_headroom=False)
    known = taught(promising(alone, high=40), every(60.0, spiking(2.5)), start_seconds=120.0)
    note = "objective.headroom is off, and a season is tried against it"
    assert season_estimate(alone, known).note == note


# --- what the slow answers teach


def lived(which: Policy, share: Reading | float, load: float = 300.0, *, seconds: float = 3600.0) -> Learned:
    """What is learned from so long a constant load on four replicas with that share of slow answers."""
    learned = None
    observation = seen(4, {"throughput": load, OBJECTIVE: share})
    for step in range(round(seconds / 5.0) + 1):
        learned = learn(which, observation, learned, Starts(), NOW + 5.0 * step)
    assert learned is not None
    return learned


def test_quick_answers_raise_and_slow_ones_lower_the_load_per_replica() -> None:
    assert sizing_of(SIZED, lived(SIZED, 0.0)).per_replica > 50.0 > sizing_of(SIZED, lived(SIZED, 0.1)).per_replica


def test_only_a_share_that_was_measured_teaches_anything() -> None:
    """Such as when no replica is reached, and every request ends at the router."""
    learned = lived(SIZED, missing())
    assert learned.capacity.log_factor == 0.0
    assert learned.capacity.judged_seconds == 0.0
    note = "how many answers are slow was not measured yet (empty)"
    assert notes(sizing_of(SIZED, learned))["capacity"] == (False, note)


def test_what_was_learned_stays_while_nothing_is_measured_and_says_so() -> None:
    before = lived(SIZED, 0.1)
    unmeasured = Reading(ReadingKind.ERROR, note="add 0.3 to Traefik's buckets")
    observation = seen(4, {"throughput": 300.0, OBJECTIVE: unmeasured})
    learned = learn(SIZED, observation, before, Starts(), NOW + 3600.0 + BIN_SECONDS) or before
    sizing = sizing_of(SIZED, learned)
    assert sizing.capacity_factor == before.capacity.factor < 1.0
    note = (
        f"x {sizing.capacity_factor:.2f}: how many answers are slow is not measured now (add 0.3 to Traefik's buckets)"
    )
    assert notes(sizing)["capacity"] == (True, note)


def test_no_load_teaches_nothing() -> None:
    assert lived(SIZED, 0.0, load=0.0).capacity.factor == 1.0
    assert lived(SIZED, 1.0, load=0.0).capacity.factor == 1.0


def test_capacity_off_learns_nothing_from_slow_answers() -> None:
    which = promising(replace(GOAL, learn_capacity=False))
    learned = lived(which, 0.1)
    assert learned.capacity.log_factor == 0.0
    assert sizing_of(which, learned).per_replica == 50.0


@pytest.mark.parametrize(
    ("readings", "load"),
    [
        pytest.param({}, 300.0, id="the rule's window, if there is no shorter one"),
        pytest.param({"throughput@burst": 200.0}, 200.0, id="the short window, in which the slow answers were counted"),
        pytest.param({"throughput@burst": missing()}, 300.0, id="the long one while the short one is missing"),
    ],
)
def test_slow_answers_are_judged_by_the_load_of_their_own_window(
    readings: Mapping[str, Reading | float], load: float
) -> None:
    which = promising(rule=BURSTY)
    observation = seen(4, {"throughput": 300.0, OBJECTIVE: 0.0, **readings}, ready=3)
    learned = learn(which, observation, Learned(NOW, 0), Starts(), NOW + 5.0)
    assert learned is not None
    assert learned.capacity.latest == Pair(load, 3, 0.0)


ONSET = seen(4, {"throughput": 310.0, OBJECTIVE: 0.9})


@pytest.mark.parametrize(
    ("starts", "after_seconds", "between", "learns"),
    [
        pytest.param(Starts(), 5.0, None, True, id="the next look"),
        pytest.param(Starts(settled=False), 5.0, None, False, id="replicas have just come or gone"),
        pytest.param(Starts(), 600.0, None, False, id="after a gap"),
        pytest.param(Starts(), -5.0, None, False, id="the clock was set back"),
        pytest.param(Starts(), 5.0, seen(4, {"throughput": 305.0}), False, id="after a look without a share"),
        pytest.param(Starts(), 5.0, seen(4, {OBJECTIVE: 0.0}), True, id="a look without a load is none"),
    ],
)
def test_an_onset_of_slowness_is_seen_between_two_looks_in_a_row(
    starts: Starts, after_seconds: float, between: Observation | None, learns: bool
) -> None:
    learned, now = lived(SIZED, 0.0), NOW + 3600.0
    if between is not None:
        learned = learn(SIZED, between, learned, starts, now := now + 5.0) or learned
    learned = learn(SIZED, ONSET, learned, starts, now + after_seconds) or learned
    assert (learned.capacity.log_ceiling < 1.0) == learns


@pytest.mark.parametrize(
    ("change", "settled"),
    [
        pytest.param(None, True, id="never a change"),
        pytest.param(Change(NOW - 600.0, raised=True), False, id="not all are ready yet"),
        pytest.param(Change(NOW - 600.0, True, NOW - SETTLING_SECONDS + 1.0), False, id="just ready"),
        pytest.param(Change(NOW - 600.0, True, NOW - SETTLING_SECONDS), True, id="ready for a while"),
    ],
)
def test_replicas_are_settled_a_while_after_all_are_ready(change: Change | None, settled: bool) -> None:
    timeline = Timeline(SIZED, count=4, now=NOW)
    timeline.memory = Memory(change=change, learned=lived(SIZED, 0.0, seconds=60.0))
    observation = seen(4, {"throughput": 310.0, OBJECTIVE: 0.9}, ready=4)
    known = timeline.memory.learned
    assert known is not None
    timeline.memory = replace(timeline.memory, learned=replace(known, at=NOW - 5.0))
    if change is not None and change.ready_at is None:
        observation = seen(5, {"throughput": 310.0, OBJECTIVE: 0.9}, ready=4)
    timeline.observe(observation)
    after = timeline.memory.learned
    assert after is not None
    assert (after.capacity.log_ceiling < 1.0) == settled


# --- what it says


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
    known = taught(which, every(60.0, spiking(5 + 2.98 / 24, spike=430.0)), start_seconds=120.0)
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
    known = LEARNED["a day"]
    shares = known.plain.missed[:]
    shares[7] = missed
    leading = replace(known.plain, missed=shares, load=1000.0, leader=7)
    headroom = HEADROOMS[7]
    assert headroom_estimate(GOAL, known, leading).note == (
        f"{headroom.deviations:g} deviations above the trend of {headroom.window_seconds / 60:g} min, "
        f"and the most of {headroom.hold_seconds:g} s: {words}"
    )


def test_the_capacity_says_how_many_answers_were_slow() -> None:
    known = lived(SIZED, 0.0)
    capacity = replace(known.capacity, log_factor=0.0, slow_share=0.002)
    note = capacity_estimate(GOAL, replace(known, capacity=capacity)).note
    assert note == "x 1.00: 0.20% of the answers were slow, 1.00% may be"


@pytest.mark.parametrize(("rule", "seconds"), [(THROUGHPUT, 60.0), (BURSTY, 10.0)])
def test_a_new_load_is_seen_whole_after_the_shortest_window(rule: object, seconds: float) -> None:
    assert reaction_delay_seconds(THROUGHPUT if rule is THROUGHPUT else BURSTY) == seconds


def test_slower_starts_miss_more() -> None:
    jumps = [300.0 if minute % 20 < 5 else 100.0 for minute in range(1440)]
    quick, slow = (
        taught(SIZED, every(60.0, jumps), start_seconds=seconds).plain for seconds in (1.0, 4 * USUAL_START_SECONDS)
    )
    assert sum(slow.missed) > sum(quick.missed)
    usual = taught(SIZED, every(60.0, jumps))
    assert usual.plain == taught(SIZED, every(60.0, jumps), start_seconds=USUAL_START_SECONDS).plain
