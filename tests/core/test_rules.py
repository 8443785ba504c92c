"""One rule, one reading: what it proposes."""

import pytest

from autoscaler.core.model import Reading, ReadingKind, Replicas
from autoscaler.core.policy import Goal, OnMissing, Query, Rule
from autoscaler.core.rules import MOST_REPLICAS, ceil_replicas, propose
from tests.builders import LATENCY, THROUGHPUT, behavior, missing, policy

FOUR = Replicas(4, 4)


def wanted(rule: Rule, value: float, replicas: Replicas = FOUR) -> int | None:
    return propose(rule, Reading.of(value), replicas, policy(rule)).replicas


@pytest.mark.parametrize(
    ("value", "replicas"),
    [
        pytest.param(400.0, 8, id="twice the load wants twice the replicas"),
        pytest.param(401.0, 9, id="a started replica is a whole one"),
        pytest.param(200.0, 4, id="on target stays"),
        pytest.param(219.0, 4, id="10 % above is within tolerance"),
        pytest.param(221.0, 5, id="beyond 10 % above is not"),
        pytest.param(181.0, 4, id="10 % below is within tolerance"),
        pytest.param(149.0, 3, id="beyond 10 % below is not"),
        pytest.param(0.0, 0, id="no load wants none; the bounds see to the rest"),
        pytest.param(-50.0, 0, id="a negative value is no load"),
        pytest.param(1e300, MOST_REPLICAS, id="a wild value does not overflow"),
    ],
)
def test_per_replica_divides_the_total_by_the_target(value: float, replicas: int) -> None:
    assert wanted(THROUGHPUT, value) == replicas


@pytest.mark.parametrize(
    ("value", "counts", "replicas"),
    [
        pytest.param(0.6, Replicas(4, 4), 8, id="twice the target wants twice the replicas"),
        pytest.param(0.6, Replicas(4, 3), 6, id="the ratio applies to the ready replicas"),
        pytest.param(0.15, Replicas(4, 4), 2, id="half the target wants half"),
        pytest.param(0.32, Replicas(4, 4), 4, id="within tolerance stays"),
        pytest.param(0.0, Replicas(4, 4), 0, id="idle wants none"),
        pytest.param(9.0, Replicas(4, 0), 4, id="with none ready a ratio never raises"),
        pytest.param(0.0, Replicas(4, 0), 0, id="with none ready idle is idle; a guard keeps the count"),
    ],
)
def test_target_multiplies_the_ready_replicas_by_the_ratio(value: float, counts: Replicas, replicas: int) -> None:
    assert wanted(LATENCY, value, counts) == replicas


def test_tolerance_differs_by_direction() -> None:
    tuned = policy(up=behavior(tolerance=0.5), down=behavior(tolerance=0.0))
    assert propose(THROUGHPUT, Reading.of(290.0), FOUR, tuned).replicas == 4
    assert propose(THROUGHPUT, Reading.of(149.0), FOUR, tuned).replicas == 3


def test_a_proposal_says_what_it_would_be_without_tolerance() -> None:
    proposal = propose(THROUGHPUT, Reading.of(210.0), FOUR, policy())
    assert (proposal.replicas, proposal.unheld, proposal.ratio) == (4, 5, 1.05)


@pytest.mark.parametrize("kind", [kind for kind in ReadingKind if kind is not ReadingKind.VALUE])
def test_a_reading_that_is_no_number_proposes_nothing(kind: ReadingKind) -> None:
    assert propose(THROUGHPUT, missing(kind), FOUR, policy()).replicas is None


@pytest.mark.parametrize(
    ("kind", "replicas"),
    [
        pytest.param(ReadingKind.EMPTY, 0, id="empty is zero where the rule says so"),
        pytest.param(ReadingKind.NAN, 0, id="NaN is zero where the rule says so"),
        pytest.param(ReadingKind.ERROR, None, id="an error is never zero"),
        pytest.param(ReadingKind.STALE, None, id="a stale reading is never zero"),
        pytest.param(ReadingKind.INF, None, id="infinity is never zero"),
        pytest.param(ReadingKind.MANY, None, id="several series are never zero"),
    ],
)
def test_zero_for_no_answer_only_where_the_operator_said_so(kind: ReadingKind, replicas: int | None) -> None:
    rule = Rule("backlog", Query("q"), Goal.PER_REPLICA, 10.0, on_empty=OnMissing.ZERO, on_nan=OnMissing.ZERO)
    assert propose(rule, missing(kind), FOUR, policy(rule)).replicas == replicas


@pytest.mark.parametrize(("exact", "whole"), [(3.0, 3), (3.0000000000001, 3), (3.001, 4), (-1.0, 0), (0.0, 0)])
def test_rounding_up_ignores_float_noise(exact: float, whole: int) -> None:
    assert ceil_replicas(exact) == whole
