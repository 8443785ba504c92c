"""One rule, one reading: what it proposes."""

from dataclasses import replace

import pytest

from autoscaler.core.model import Limit, Reading, ReadingKind, Replicas, Sizing
from autoscaler.core.policy import OBJECTIVE, Goal, OnMissing, Query, Rule, Step, StepChange
from autoscaler.core.rules import MOST_REPLICAS, Warming, ceil_replicas, floor_replicas, propose
from tests.support.builders import (
    BACKLOG,
    BURSTY,
    CONNECTIONS,
    LATENCY,
    THROUGHPUT,
    above,
    behavior,
    below,
    missing,
    policy,
)
from tests.support.learning import promising

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
        pytest.param(0.6, Replicas(0, 0), 2, id="from none at all the ratio is the count"),
        pytest.param(0.3, Replicas(0, 0), 1, id="from none at all there is no tolerance"),
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


@pytest.mark.parametrize(
    ("exact", "whole"), [(3.0, 3), (2.9999999999999, 3), (2.999, 2), (-1.0, 0), (1e300, MOST_REPLICAS)]
)
def test_rounding_down_ignores_float_noise(exact: float, whole: int) -> None:
    assert floor_replicas(exact) == whole


def step(bound: float, change: StepChange, amount: int, *, above: bool = True) -> Step:
    return Step(bound, above=above, change=change, amount=amount)


STEPS = (
    above(10.0, 1),
    step(20.0, StepChange.PERCENT, 50),
    step(30.0, StepChange.SET, 9),
    below(5.0, 1),
    step(3.0, StepChange.PERCENT, -50, above=False),
    step(1.0, StepChange.SET, 2, above=False),
)


@pytest.mark.parametrize(
    ("value", "count", "replicas"),
    [
        pytest.param(10.0, 6, 6, id="a bound is not yet above it"),
        pytest.param(10.1, 6, 7, id="one more above 10"),
        pytest.param(20.1, 6, 9, id="half as many more above 20"),
        pytest.param(20.1, 1, 2, id="half of one is at least one"),
        pytest.param(20.1, 5, 7, id="half of five is two"),
        pytest.param(30.1, 4, 9, id="nine above 30"),
        pytest.param(30.1, 8, 12, id="the step that goes furthest counts"),
        pytest.param(30.1, 20, 30, id="a step above never lowers"),
        pytest.param(5.0, 6, 6, id="a bound is not yet below it"),
        pytest.param(4.9, 6, 5, id="one fewer below 5"),
        pytest.param(2.9, 6, 3, id="half as many below 3"),
        pytest.param(2.9, 1, 0, id="never fewer than none"),
        pytest.param(0.9, 9, 2, id="two below 1"),
        pytest.param(0.9, 1, 0, id="a step below never raises"),
        pytest.param(7.0, 6, 6, id="nothing in between"),
    ],
)
def test_steps_go_by_the_bound_that_is_exceeded(value: float, count: int, replicas: int) -> None:
    rule = Rule("depth", Query("q"), Goal.STEPS, 10.0, steps=STEPS)
    proposal = propose(rule, Reading.of(value), Replicas(count, count), policy(rule))
    assert (proposal.replicas, proposal.ratio) == (replicas, None)


def test_a_set_step_below_never_raises() -> None:
    rule = Rule("depth", Query("q"), Goal.STEPS, 1.0, steps=(step(1.0, StepChange.SET, 5, above=False),))
    assert wanted(rule, 0.0) == 4


@pytest.mark.parametrize(
    ("value", "replicas"),
    [
        pytest.param(0.0, 0, id="nothing"),
        pytest.param(200.0, 0, id="up to the activation nothing, although it is more than nothing"),
        pytest.param(201.0, 4, id="beyond it the tolerance"),
        pytest.param(390.0, 4, id="on target"),
        pytest.param(900.0, 9, id="above target"),
    ],
)
def test_up_to_its_activation_a_rule_wants_nothing(value: float, replicas: int) -> None:
    rule = replace(BACKLOG, activation=200.0)
    tolerant = policy(rule, down=behavior(tolerance=0.5))
    assert propose(rule, Reading.of(value), FOUR, tolerant).replicas == replicas


def test_a_cap_rounds_down_and_knows_no_tolerance() -> None:
    proposal = propose(CONNECTIONS, Reading.of(119.0), FOUR, policy())
    assert (proposal.replicas, proposal.cap, proposal.held_by) == (3, True, None)


def test_a_proposal_names_the_limit_that_held_it() -> None:
    assert propose(LATENCY, Reading.of(0.31), FOUR, policy()).held_by is Limit.TOLERANCE
    assert propose(LATENCY, Reading.of(0.6), FOUR, policy(), warming=Warming.RAISED).held_by is Limit.WARM_UP
    assert propose(THROUGHPUT, Reading.of(400.0), FOUR, policy(), warming=Warming.RAISED).held_by is None


def test_everything_that_has_to_be_measured_is_named_once() -> None:
    which = promising(rule=BURSTY)
    assert which.objective is not None
    assert which.sources == {
        "throughput": BURSTY.source,
        "throughput@burst": BURSTY.burst,
        OBJECTIVE: which.objective.source,
    }


@pytest.mark.parametrize(
    ("reading", "burst", "replicas", "blocks"),
    [
        pytest.param(Reading.of(300.0), None, 4, False, id="the sure load counts, not the reading"),
        pytest.param(
            Reading.of(300.0, partial=True), None, 6, True, id="part of a window may raise, and lowers nothing"
        ),
        pytest.param(Reading.of(90.0, partial=True), None, 4, True, id="but it is never less than the sure load"),
        pytest.param(Reading.of(300.0, partial=True), Reading.of(210.0), 4, False, id="the short window is whole"),
        pytest.param(missing(), None, None, True, id="without a reading there is no proposal"),
    ],
)
def test_a_sized_rule_goes_by_the_load_that_is_surely_there(
    reading: Reading, burst: Reading | None, replicas: int | None, blocks: bool
) -> None:
    sizing = Sizing("throughput", 50.0, sure_load=200.0)
    found = propose(BURSTY, reading, Replicas(4, 4), policy(BURSTY), burst=burst, sizing=sizing)
    assert (found.replicas, found.blocks) == (replicas, blocks)
