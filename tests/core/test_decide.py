"""Decisions: tables for single steps, timelines for what is remembered."""

import pytest

from autoscaler.core.decide import decide
from autoscaler.core.memory import Memory
from autoscaler.core.model import (
    Decision,
    Direction,
    Limit,
    Observation,
    Reading,
    ReadingKind,
    Reason,
    Replicas,
)
from autoscaler.core.policy import BlindAction, Policy, SelectPolicy, WhenBlind
from tests.builders import BACKLOG, LATENCY, NOW, THROUGHPUT, at_most, behavior, missing, policy, seen

TWO_RULES = policy(THROUGHPUT, LATENCY, low=2)
EMPTY, ERROR = missing(ReadingKind.EMPTY), missing(ReadingKind.ERROR)


def decided(which: Policy, observation: Observation) -> Decision:
    return decide(which, observation, Memory(), NOW)[0]


class Timeline:
    """Decides step by step, and lets the fleet follow each decision at once, as the daemon would."""

    def __init__(self, which: Policy, count: int, start: float = NOW) -> None:
        self.policy, self.count, self.now, self.memory = which, count, start, Memory()

    def step(self, load: float | Reading, *, after: float = 5.0, follow: bool = True) -> Decision:
        decision, self.memory = decide(self.policy, seen(self.count, {"throughput": load}), self.memory, self.now)
        self.now += after
        if follow:
            self.count = decision.desired
        return decision


@pytest.mark.parametrize(
    ("observation", "desired", "reason"),
    [
        pytest.param(seen(4, {"throughput": 400, "p95": 0.1}), 8, Reason.ABOVE_TARGET, id="any rule may raise"),
        pytest.param(seen(4, {"throughput": 100, "p95": 0.6}), 8, Reason.ABOVE_TARGET, id="the highest wins"),
        pytest.param(seen(4, {"throughput": 100, "p95": 0.1}), 2, Reason.BELOW_TARGET, id="all must agree to lower"),
        pytest.param(seen(4, {"throughput": 100, "p95": 0.3}), 4, Reason.STEADY, id="one that is content holds"),
        pytest.param(seen(4, {"throughput": 210, "p95": 0.1}), 4, Reason.WITHIN_TOLERANCE, id="nearly on target holds"),
        pytest.param(seen(4, {"throughput": 5000, "p95": 0.1}), 10, Reason.ABOVE_TARGET, id="as far as the maximum"),
        pytest.param(seen(10, {"throughput": 5000, "p95": 0.1}), 10, Reason.AT_MAX, id="no further at the maximum"),
        pytest.param(seen(2, {"throughput": 0, "p95": 0}), 2, Reason.AT_MIN, id="no lower than the minimum"),
        pytest.param(seen(4, {"throughput": 100, "p95": EMPTY}), 4, Reason.MISSING_READING, id="unseen is not idle"),
        pytest.param(seen(4, {"throughput": 400, "p95": ERROR}), 8, Reason.ABOVE_TARGET, id="raise on what is known"),
        pytest.param(seen(4, {"throughput": ERROR, "p95": EMPTY}), 4, Reason.BLIND, id="without any reading hold"),
        pytest.param(seen(4, {}), 4, Reason.BLIND, id="a reading that nobody took is an error, not a zero"),
        pytest.param(
            seen(4, {"throughput": 0, "p95": 0}, ready=0), 4, Reason.NOT_READY, id="nobody serves: no load measured"
        ),
        pytest.param(seen(1, {}), 2, Reason.BELOW_MIN, id="the minimum needs no reading"),
        pytest.param(seen(12, {}), 10, Reason.ABOVE_MAX, id="the maximum needs no reading"),
        pytest.param(seen(0, {"throughput": 400, "p95": 9}), 0, Reason.STOPPED, id="what was stopped stays stopped"),
    ],
)
def test_one_step(observation: Observation, desired: int, reason: Reason) -> None:
    decision = decided(TWO_RULES, observation)
    assert (decision.desired, decision.reason) == (desired, reason)


def test_a_decision_carries_everything_that_led_to_it() -> None:
    decision = decided(TWO_RULES, seen(4, {"throughput": 5000, "p95": 0.1}))
    assert (decision.at, decision.direction, decision.winner) == (NOW, Direction.UP, "throughput")
    assert [(proposal.rule, proposal.replicas) for proposal in decision.proposals] == [("throughput", 100), ("p95", 2)]
    assert [(limit.limit, limit.before, limit.after) for limit in decision.limits] == [(Limit.BOUNDS, 100, 10)]


def test_decisions_start_from_the_count_that_an_operation_is_bringing_about() -> None:
    observation = Observation(Replicas(2, 2, requested=8), {"throughput": Reading.of(400.0)})
    decision = decided(policy(), observation)
    assert (decision.desired, decision.direction, decision.reason) == (8, Direction.NONE, Reason.STEADY)


@pytest.mark.parametrize(
    ("which", "observation", "sentence"),
    [
        pytest.param(
            policy(high=6),
            seen(2, {"throughput": 330.0}),
            "throughput 330 req/s at 50 req/s per replica wants 7; replicas.max is 6; 2 → 6",
            id="raised as far as the maximum",
        ),
        pytest.param(
            TWO_RULES,
            seen(4, {"throughput": 50.0, "p95": ERROR}),
            "throughput 50 req/s at 50 req/s per replica wants 1; nothing is lowered without a reading of p95 (error); "
            "stays at 4",
            id="the blocking rule is named",
        ),
        pytest.param(
            policy(LATENCY),
            seen(4, {"p95": 0.3071}),
            "p95 307 ms against 300 ms wants 5; p95 is within tolerance of its target; stays at 4",
            id="within tolerance",
        ),
        pytest.param(
            policy(BACKLOG),
            seen(1, {"backlog": 1234.5}),
            "backlog 1234 at 100 per replica wants 13; replicas.max is 10; 1 → 10",
            id="a query has no unit",
        ),
        pytest.param(
            policy(THROUGHPUT),
            seen(4, {"throughput": ERROR}),
            "no usable reading for 0 s: throughput (error); stays at 4",
            id="blind",
        ),
        pytest.param(
            policy(),
            seen(0, {}),
            "no replica is running, so the service counts as stopped on purpose; stays at 0",
            id="stopped",
        ),
        pytest.param(policy(low=3), seen(2, {}), "fewer replicas than replicas.min 3; 2 → 3", id="below the minimum"),
        pytest.param(policy(), seen(11, {}), "more replicas than replicas.max 10; 11 → 10", id="above the maximum"),
    ],
)
def test_the_sentence_says_why(which: Policy, observation: Observation, sentence: str) -> None:
    assert decided(which, observation).sentence == sentence


def test_nothing_is_lowered_before_a_whole_window_has_been_seen() -> None:
    timeline = Timeline(policy(down=behavior(window=60.0)), count=8)
    steps = [timeline.step(100.0) for _ in range(13)]
    assert [step.desired for step in steps] == [8] * 12 + [2]
    assert {step.reason for step in steps[:-1]} == {Reason.STABILIZING}


def test_one_high_moment_keeps_the_count_for_a_window() -> None:
    timeline = Timeline(policy(down=behavior(window=20.0)), count=2)
    counts = [timeline.step(load).desired for load in (400.0, 50.0, 50.0, 50.0, 50.0, 50.0)]
    assert counts == [8, 8, 8, 8, 1, 1]


def test_the_window_releases_to_the_highest_wish_within_it() -> None:
    timeline = Timeline(policy(down=behavior(window=20.0)), count=8)
    counts = [timeline.step(load).desired for load in (400.0, 50.0, 200.0, 50.0, 50.0, 50.0, 50.0)]
    assert counts == [8, 8, 8, 8, 4, 4, 1]


def test_an_up_window_waits_for_load_that_lasts() -> None:
    timeline = Timeline(policy(up=behavior(window=10.0)), count=2)
    assert [timeline.step(load).desired for load in (400.0, 100.0, 400.0, 400.0)] == [2, 2, 2, 8]


def test_rate_policies_spread_a_large_rise() -> None:
    timeline = Timeline(policy(up=behavior(at_most(2, 15.0)), high=20), count=2)
    steps = [timeline.step(500.0) for _ in range(8)]
    assert [step.desired for step in steps] == [4, 4, 4, 6, 6, 6, 8, 8]
    assert steps[1].reason is Reason.RATE_LIMITED


def test_a_failed_change_costs_no_rate_budget() -> None:
    timeline = Timeline(policy(up=behavior(at_most(2, 15.0)), high=20), count=2)
    timeline.step(500.0, follow=False)
    assert timeline.step(500.0).desired == 4


def test_somebody_elses_change_counts_as_a_change() -> None:
    timeline = Timeline(policy(up=behavior(at_most(2, 15.0)), high=20), count=2)
    timeline.step(100.0)
    timeline.count = 4
    assert timeline.step(500.0).reason is Reason.RATE_LIMITED


def test_a_disabled_direction_is_never_taken() -> None:
    frozen = policy(down=behavior(select=SelectPolicy.DISABLED))
    decision = decided(frozen, seen(8, {"throughput": 50.0}))
    assert (decision.desired, decision.reason) == (8, Reason.RATE_LIMITED)
    assert decision.limits[-1].note == "scale_down.select_policy is disabled"


def test_after_blindness_a_whole_window_passes_before_anything_is_lowered() -> None:
    timeline = Timeline(policy(down=behavior(window=20.0)), count=8)
    loads: list[float | Reading] = [400.0, *[missing()] * 20, *[50.0] * 5]
    counts = [timeline.step(load).desired for load in loads]
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
    assert [timeline.step(missing()).desired for _ in counts] == counts


def test_the_fallback_has_a_reason_of_its_own() -> None:
    timeline = Timeline(policy(when_blind=WhenBlind(5.0, BlindAction.AT_LEAST, 6)), count=4)
    timeline.step(missing())
    assert timeline.step(missing()).reason is Reason.BLIND_FALLBACK


def test_one_reading_ends_the_blindness() -> None:
    timeline = Timeline(policy(when_blind=WhenBlind(10.0, BlindAction.SET, 9)), count=4)
    for load in (missing(), 200.0, missing(), missing()):
        assert timeline.step(load).desired == 4


def test_stabilization_says_how_long_it_holds() -> None:
    decision = decided(policy(down=behavior(window=300.0)), seen(4, {"throughput": 50.0}))
    assert decision.limits[0].note == "scale_down.stabilization_window holds for 300 s"
