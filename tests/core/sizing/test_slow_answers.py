"""What slow answers teach about the capacity: only what was measured, of two looks in a row, by their own load."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from autoscaler.core.memory import Memory
from autoscaler.core.model import Change, Observation, Reading, ReadingKind
from autoscaler.core.policy import OBJECTIVE
from autoscaler.core.sizing.capacity import Pair
from autoscaler.core.sizing.learned import Learned
from autoscaler.core.sizing.sizing import SETTLING_SECONDS, Starts, learn
from tests.support.builders import BURSTY, NOW, missing, seen
from tests.support.learning import GOAL, lived, notes, promising, sizing_of
from tests.support.timelines import Timeline

SIZED = promising(high=40)


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
    learned = learn(SIZED, observation, before, Starts(), NOW + 3605.0) or before
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
    learned = learn(which, observation, Learned(NOW, 0.0, NOW), Starts(), NOW + 5.0)
    assert learned is not None
    assert learned.capacity.latest == Pair(load, 3, 0.0)


OVERLOAD = seen(4, {"throughput": 310.0, OBJECTIVE: 0.9})


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
def test_an_overload_counts_between_two_looks_in_a_row(
    starts: Starts, after_seconds: float, between: Observation | None, learns: bool
) -> None:
    learned, now = lived(SIZED, 0.0), NOW + 3600.0
    if between is not None:
        learned = learn(SIZED, between, learned, starts, now := now + 5.0) or learned
    before = learned.capacity.factor
    learned = learn(SIZED, OVERLOAD, learned, starts, now + after_seconds) or learned
    assert (learned.capacity.factor < before) == learns


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
    assert (after.capacity.factor < known.capacity.factor) == settled


def test_the_capacity_says_how_many_answers_were_slow() -> None:
    known = lived(SIZED, 0.0)
    capacity = replace(known.capacity, log_factor=0.0, slow_share=0.002)
    observation = seen(4, {"throughput": 300.0, OBJECTIVE: 0.002})
    learned = learn(SIZED, observation, replace(known, capacity=capacity), Starts(settled=False), NOW + 3600.0)
    note = notes(sizing_of(SIZED, learned))["capacity"][1]
    assert note == "x 1.00: 0.20% of the answers were slow, 1.00% may be"
