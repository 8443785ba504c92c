"""What is not seen: blindness, outages, and the way back without a jump."""

from dataclasses import replace

import pytest

from autoscaler.core.memory import Memory
from autoscaler.core.model import Limit, Moment, Reading, ReadingKind, Reason
from autoscaler.core.policy import BlindAction, OnMissing, WhenBlind
from tests.support.builders import BACKLOG, CONNECTIONS, LATENCY, NOW, THROUGHPUT, behavior, missing, policy, seen
from tests.support.reason_examples import decided
from tests.support.timelines import Timeline

NO_NUMBERS = [kind for kind in ReadingKind if kind is not ReadingKind.VALUE]
FIVE_MINUTES = policy(down=behavior(window=300.0))


def test_after_blindness_a_whole_window_passes_before_anything_is_lowered() -> None:
    timeline = Timeline(policy(down=behavior(window=20.0)), count=8)
    loads: list[float | Reading] = [400.0, *[missing()] * 20, *[50.0] * 5]
    counts = [timeline.see(load).desired for load in loads]
    assert counts == [8] * 24 + [1] * 2


@pytest.mark.parametrize(
    ("fallback", "counts"),
    [
        pytest.param(WhenBlind(10.0, BlindAction.HOLD), [4, 4, 4, 4], id="hold"),
        pytest.param(WhenBlind(10.0, BlindAction.AT_LEAST, 6), [4, 4, 6, 6], id="at least, when there are fewer"),
        pytest.param(WhenBlind(10.0, BlindAction.AT_LEAST, 3), [4, 4, 4, 4], id="at least, when there are more"),
        pytest.param(WhenBlind(10.0, BlindAction.SET, 3), [4, 4, 3, 3], id="set lowers, as the operator asked"),
        pytest.param(WhenBlind(0.0, BlindAction.SET, 9), [9, 9, 9, 9], id="at once"),
    ],
)
def test_blind_for_longer_than_allowed(fallback: WhenBlind, counts: list[int]) -> None:
    timeline = Timeline(policy(when_blind=fallback), count=4)
    assert [timeline.see(missing()).desired for _ in counts] == counts


def test_the_fallback_has_a_reason_of_its_own() -> None:
    timeline = Timeline(policy(when_blind=WhenBlind(5.0, BlindAction.AT_LEAST, 6)), count=4)
    timeline.see(missing())
    assert timeline.see(missing()).reason is Reason.BLIND_FALLBACK


def test_one_reading_ends_the_blindness() -> None:
    timeline = Timeline(policy(when_blind=WhenBlind(10.0, BlindAction.SET, 9)), count=4)
    for load in (missing(), 200.0, missing(), missing()):
        assert timeline.see(load).desired == 4


def test_the_fallback_is_told() -> None:
    timeline = Timeline(policy(when_blind=WhenBlind(5.0, BlindAction.SET, 6)), count=4)
    timeline.see(missing())
    assert timeline.see(missing()).sentence == (
        "no usable reading for 5 s: throughput (empty); when_blind.do is set 6; 4 → 6"
    )


def test_a_cap_that_is_seen_holds_for_the_fallback_too() -> None:
    which = policy(THROUGHPUT, CONNECTIONS, when_blind=WhenBlind(0.0, BlindAction.AT_LEAST, 8))
    decision = decided(which, seen(2, {"throughput": missing(), "connections": 95}))
    assert (decision.desired, decision.limits[0].limit) == (3, Limit.CAP)
    assert decision.sentence.startswith("no usable reading for 0 s: throughput (empty); when_blind.do is at_least 8;")


def test_only_caps_seen_is_blind() -> None:
    decision = decided(policy(THROUGHPUT, CONNECTIONS), seen(4, {"throughput": missing(), "connections": 1000}))
    assert (decision.desired, decision.reason) == (4, Reason.BLIND)


@pytest.mark.parametrize("kind", NO_NUMBERS)
def test_no_kind_of_missing_reading_lowers_and_the_decision_names_the_rule(kind: ReadingKind) -> None:
    decision = decided(policy(THROUGHPUT, LATENCY), seen(4, {"throughput": 50, "p95": missing(kind)}))
    assert (decision.desired, decision.reason) == (4, Reason.MISSING_READING)
    assert decision.limits[0].note == f"nothing is lowered without a reading of p95 ({kind})"
    assert [proposal.rule for proposal in decision.proposals if proposal.blocks] == ["p95"]


@pytest.mark.parametrize(
    ("rule", "reading", "desired"),
    [
        pytest.param(BACKLOG, missing(ReadingKind.EMPTY), 4, id="required"),
        pytest.param(replace(BACKLOG, required=False), missing(ReadingKind.EMPTY), 1, id="not required"),
        pytest.param(replace(BACKLOG, required=False), missing(ReadingKind.ERROR), 1, id="not required, no answer"),
        pytest.param(
            replace(BACKLOG, required=False, on_empty=OnMissing.ERROR), missing(ReadingKind.EMPTY), 4, id="a fault"
        ),
        pytest.param(
            replace(BACKLOG, required=False, on_nan=OnMissing.ERROR), missing(ReadingKind.NAN), 4, id="NaN is a fault"
        ),
        pytest.param(
            replace(BACKLOG, required=False, on_nan=OnMissing.ERROR), missing(ReadingKind.EMPTY), 1, id="empty is none"
        ),
        pytest.param(replace(BACKLOG, on_empty=OnMissing.ZERO), missing(ReadingKind.EMPTY), 1, id="zero"),
        pytest.param(CONNECTIONS, missing(ReadingKind.EMPTY), 1, id="of a cap"),
        pytest.param(
            replace(CONNECTIONS, on_empty=OnMissing.ERROR), missing(ReadingKind.EMPTY), 1, id="of a cap, a fault"
        ),
    ],
)
def test_what_a_missing_reading_keeps_from_being_lowered(rule: object, reading: Reading, desired: int) -> None:
    assert isinstance(rule, type(BACKLOG))
    decision = decided(policy(THROUGHPUT, rule), seen(4, {"throughput": 50, rule.name: reading}))
    assert decision.desired == desired


def test_an_optional_rule_still_raises() -> None:
    which = policy(THROUGHPUT, replace(BACKLOG, required=False))
    assert decided(which, seen(4, {"throughput": missing(), "backlog": 800})).desired == 8


def windows(timeline: Timeline, load: float, *, interval: float = 5.0) -> int:
    """How many seconds pass before this load is followed."""
    began, count = timeline.now, timeline.count
    while timeline.see(load, after=interval).desired == count:
        assert timeline.now - began < 3600.0
    return round(timeline.now - interval - began)


@pytest.mark.parametrize("outage", [10.0, 60.0, 299.0, 301.0, 7200.0])
def test_after_blindness_however_long_a_whole_window_passes_before_anything_is_lowered(outage: float) -> None:
    timeline = Timeline(FIVE_MINUTES, count=8)
    for _ in range(3):
        timeline.see(400)
    for _ in range(int(outage // 5)):
        timeline.see(missing())
    assert 290 <= windows(timeline, 50) <= 300


@pytest.mark.parametrize("outage", [60.0, 299.0, 301.0, 7200.0])
def test_after_time_without_any_decision_a_whole_window_passes_before_anything_is_lowered(outage: float) -> None:
    timeline = Timeline(FIVE_MINUTES, count=8)
    for _ in range(3):
        timeline.see(400)
    timeline.now += outage
    assert windows(timeline, 50) == 300


def test_an_interval_longer_than_the_window_is_no_outage() -> None:
    timeline = Timeline(FIVE_MINUTES, count=8)
    assert [timeline.see(50, after=600.0).desired for _ in range(3)] == [8, 1, 1]


def test_after_an_outage_what_is_needed_is_raised_at_once() -> None:
    timeline = Timeline(FIVE_MINUTES, count=2)
    timeline.see(100)
    timeline.see(100)
    timeline.now += 3600.0
    assert timeline.see(400).desired == 8


def test_a_service_that_was_stopped_begins_anew() -> None:
    timeline = Timeline(FIVE_MINUTES, count=0)
    for _ in range(100):
        assert timeline.see(missing()).reason is Reason.STOPPED
    assert timeline.memory.recommendations == ()
    timeline.count = 8
    assert windows(timeline, 50) == 300


def test_what_the_bounds_forced_is_held_for_a_window() -> None:
    timeline = Timeline(policy(high=6, down=behavior(window=300.0)), count=8)
    assert timeline.see(50).reason is Reason.ABOVE_MAX
    assert windows(timeline, 50) == 295


def test_a_clock_that_is_set_back_does_not_hold_the_count_for_ever() -> None:
    timeline = Timeline(FIVE_MINUTES, count=8, now=NOW + 1e7)
    timeline.see(400)
    timeline.memory = replace(timeline.memory, burst_until=NOW + 1e7 + 60, start_seconds=12.0)
    timeline.now = NOW
    assert windows(timeline, 50) == 300
    assert timeline.memory.start_seconds == 12.0


def test_a_reading_that_comes_back_ends_the_blindness_and_a_new_one_is_counted_anew() -> None:
    timeline = Timeline(policy(when_blind=WhenBlind(10.0, BlindAction.AT_LEAST, 6)), count=4)
    timeline.see(missing())
    timeline.see(missing())
    timeline.see(200)
    assert timeline.memory.blind_since is None
    timeline.see(missing())
    assert timeline.memory.blind_since == NOW + 15.0


def test_a_memory_of_nothing_but_the_last_count_is_no_outage() -> None:
    memory = Memory(last_seen=Moment(NOW - 3600.0, 8))
    assert decided(FIVE_MINUTES, seen(8, {"throughput": 50}), memory).desired == 1


UNSEEN = missing(ReadingKind.UNSEEN)
FALLBACK = WhenBlind(0.0, BlindAction.SET, 9)


@pytest.mark.parametrize(
    ("readings", "reason"),
    [
        pytest.param({"throughput": UNSEEN, "p95": UNSEEN}, Reason.UNSEEN, id="nothing is known of its load"),
        pytest.param({"throughput": UNSEEN, "p95": missing(ReadingKind.ERROR)}, Reason.BLIND_FALLBACK, id="a fault"),
        pytest.param({"throughput": UNSEEN, "p95": 0.2}, Reason.MISSING_READING, id="another rule wants fewer"),
        pytest.param({"throughput": UNSEEN, "p95": 0.9}, Reason.ABOVE_TARGET, id="another rule wants more"),
    ],
)
def test_an_unseen_load_lowers_nothing_and_starts_no_fallback(readings: dict[str, Reading], reason: Reason) -> None:
    timeline = Timeline(policy(THROUGHPUT, LATENCY, when_blind=FALLBACK), count=4)
    decision = timeline.see(readings)
    assert decision.reason is reason
    assert decision.desired >= 4
    assert (timeline.memory.blind_since is None) is (reason is not Reason.BLIND_FALLBACK)


def test_what_is_optional_and_missing_makes_an_unseen_load_no_fault() -> None:
    which = policy(THROUGHPUT, replace(BACKLOG, required=False), when_blind=FALLBACK)
    assert decided(which, seen(4, {"throughput": UNSEEN, "backlog": missing()})).reason is Reason.UNSEEN


def test_an_unseen_load_says_so() -> None:
    assert decided(policy(), seen(4, {"throughput": UNSEEN})).sentence == (
        "no load is seen, and none is proved absent: throughput (unseen); stays at 4"
    )


PARTLY = Reading.of(6.7, partial=True)


def test_a_rate_of_a_part_of_its_window_is_not_believed_downwards() -> None:
    decision = decided(policy(), seen(4, {"throughput": PARTLY}))
    assert (decision.desired, decision.reason) == (4, Reason.MISSING_READING)
    assert decision.limits[0].note == "nothing is lowered without a reading of throughput (part of its window)"


def test_nor_is_one_of_an_optional_rule() -> None:
    which = policy(THROUGHPUT, replace(BACKLOG, required=False))
    assert decided(which, seen(4, {"throughput": 50, "backlog": PARTLY})).desired == 4


def test_it_is_believed_upwards() -> None:
    decision = decided(policy(), seen(4, {"throughput": Reading.of(500.0, partial=True)}))
    assert (decision.desired, decision.reason) == (10, Reason.ABOVE_TARGET)


def test_a_cap_of_a_part_of_its_window_caps_nothing() -> None:
    decision = decided(policy(THROUGHPUT, CONNECTIONS), seen(2, {"throughput": 500, "connections": PARTLY}))
    assert decision.desired == 10


def test_nothing_is_learned_from_a_part_of_a_window() -> None:
    assert seen(4, {"throughput": PARTLY}).value("throughput") is None
