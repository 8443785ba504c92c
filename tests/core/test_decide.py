"""Decisions without a past: tables of single steps, what a decision carries, and how it is told."""

from dataclasses import replace

import pytest

from autoscaler.core.model import Direction, Limit, Observation, Reading, ReadingKind, Reason, Replicas, Sizing
from autoscaler.core.policy import Policy, Reversals
from autoscaler.core.reasons import HELD_BY
from tests.support.builders import (
    BACKLOG,
    BURSTY,
    CONNECTIONS,
    LATENCY,
    NOW,
    STEPPED,
    THROUGHPUT,
    behavior,
    missing,
    policy,
    seen,
)
from tests.support.reason_examples import decided, sized
from tests.support.timelines import Timeline

TWO_RULES = policy(THROUGHPUT, LATENCY, low=2)
EMPTY, ERROR = missing(ReadingKind.EMPTY), missing(ReadingKind.ERROR)


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
        pytest.param(
            seen(8, {"throughput": 100, "p95": 0.32}, ready=4), 8, Reason.WITHIN_TOLERANCE, id="half ready, on target"
        ),
        pytest.param(
            seen(8, {"throughput": 100, "p95": 0.45}, ready=4), 8, Reason.NOT_READY, id="half ready, above target"
        ),
        pytest.param(
            seen(8, {"throughput": 100, "p95": 0.15}, ready=4), 2, Reason.BELOW_TARGET, id="half ready, below target"
        ),
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
            policy(STEPPED),
            seen(4, {"p99": 0.9}),
            "p99 900 ms, above 500 ms, wants 6; 4 → 6",
            id="a step names its bound",
        ),
        pytest.param(
            policy(STEPPED),
            seen(4, {"p99": 0.3}),
            "p99 300 ms, within its steps, wants 4; stays at 4",
            id="between the steps",
        ),
        pytest.param(
            policy(BURSTY),
            seen(2, {"throughput": 100, "throughput@burst": 300}),
            "throughput 300 req/s in the last 10 s at 50 req/s per replica wants 6; 2 → 6",
            id="a burst names its window",
        ),
        pytest.param(
            policy(replace(BACKLOG, activation=5.0)),
            seen(4, {"backlog": 3}),
            "backlog 3, not above its activation 5, wants 0; replicas.min is 1; 4 → 1",
            id="not active",
        ),
        pytest.param(
            policy(THROUGHPUT, CONNECTIONS, low=2),
            seen(4, {"throughput": 200, "connections": 10}),
            "throughput 200 req/s at 50 req/s per replica wants 4; "
            "connections 10 at 30 per replica allows no more than 2; 4 → 2",
            id="a cap below the minimum leaves the minimum",
        ),
        pytest.param(
            policy(LATENCY, up=behavior(tolerance=0.2)),
            seen(4, {"p95": 0.37}, ready=2),
            "p95 370 ms against 300 ms wants 3; "
            "nothing is lowered while p95 is above its target and only 2 of 4 are ready; stays at 4",
            id="the few that are ready are above target",
        ),
    ],
)
def test_the_sentence_says_why(which: Policy, observation: Observation, sentence: str) -> None:
    assert decided(which, observation).sentence == sentence


def test_a_learned_target_is_told_with_how_it_came_about() -> None:
    decision = sized(policy(), seen(2, {"throughput": 330}), Sizing("throughput", 50.0, capacity_factor=1.1))
    assert decision.sentence == "throughput 330 req/s at 55 req/s per replica (50 req/s x 1.10 learned) wants 6; 2 → 6"


def test_a_sizing_of_another_rule_changes_nothing() -> None:
    decision = sized(policy(), seen(2, {"throughput": 330}), Sizing("other", 50.0, capacity_factor=1.1))
    assert decision.sentence == "throughput 330 req/s at 50 req/s per replica wants 7; 2 → 7"


def test_every_limit_that_can_hold_a_count_has_its_reason() -> None:
    assert set(HELD_BY) == set(Limit) - {Limit.BOUNDS}


def test_a_decision_counts_the_changes_of_direction() -> None:
    timeline = Timeline(policy(reversals=Reversals(12, 60.0)), count=2)
    assert [timeline.see(load).reversals for load in (400, 100, 400, 400, 100, 100)] == [0, 0, 1, 2, 2, 3]
    timeline.now += 60.0
    assert timeline.see(100).reversals == 0


def test_the_last_limit_gives_the_reason() -> None:
    which = policy(LATENCY, CONNECTIONS, down=behavior(window=60.0))
    decision = decided(which, seen(4, {"p95": 0.31, "connections": 65}))
    assert [applied.limit for applied in decision.limits] == [Limit.TOLERANCE, Limit.CAP, Limit.STABILIZATION]
    assert (decision.desired, decision.reason) == (4, Reason.STABILIZING)
