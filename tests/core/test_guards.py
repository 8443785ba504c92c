"""The guards of a candidate: projection, bursts, caps."""

from dataclasses import replace

import pytest

from autoscaler.core.guards import CALM, EAGER
from autoscaler.core.memory import Memory
from autoscaler.core.model import Limit, Moment, Reading, Reason, Sizing
from autoscaler.core.policy import Goal, Query, Rule, Signal, TraefikSignal
from tests.support.builders import (
    BURSTY,
    CONNECTIONS,
    LATENCY,
    NOW,
    STEPPED,
    THROUGHPUT,
    above,
    behavior,
    below,
    missing,
    policy,
    seen,
)
from tests.support.reason_examples import decided, sized
from tests.support.timelines import Timeline

STEPS = replace(STEPPED, steps=(above(0.5, 2), below(0.45, 3)))
DEPTH = Rule("depth", Query("avg(queue)"), Goal.TARGET, 30.0, activation=10.0)


@pytest.mark.parametrize(
    ("rule", "value", "ready", "desired"),
    [
        pytest.param(STEPS, 0.1, 4, 1, id="1 of 4 would do"),
        pytest.param(STEPS, 0.2, 4, 2, id="two are needed for 200 ms x 4"),
        pytest.param(STEPS, 0.4, 4, 4, id="four are needed for 400 ms x 4"),
        pytest.param(STEPS, 0.4, 2, 2, id="it is spread over those that are ready"),
        pytest.param(DEPTH, 9.0, 4, 2, id="what is not active would be, with fewer"),
        pytest.param(
            Rule("total", Query("sum(q)"), Goal.STEPS, 50.0, steps=(above(50.0, 1), below(40.0, 3))),
            39.0,
            4,
            1,
            id="a query with steps may be a total",
        ),
        pytest.param(
            replace(STEPS, source=TraefikSignal(Signal.ERROR_RATIO, 60.0)), 0.4, 4, 1, id="errors are not divided"
        ),
        pytest.param(replace(STEPS, steps=(below(0.45, 3),)), 0.4, 4, 1, id="what never raises forbids nothing"),
        pytest.param(
            replace(STEPS, target=0.0, steps=(above(0.0, 1), below(0.0, 3))), -1.0, 4, 4, id="with a bound of 0 never"
        ),
    ],
)
def test_nothing_is_lowered_to_where_more_would_be_asked_for_again(
    rule: Rule, value: float, ready: int, desired: int
) -> None:
    assert decided(policy(rule), seen(4, {rule.name: value}, ready=ready)).desired == desired


def test_the_projection_names_the_rule_and_the_count() -> None:
    decision = decided(policy(THROUGHPUT, STEPS), seen(4, {"throughput": 50, "p99": 0.2}))
    limit = decision.limits[0]
    assert (limit.limit, limit.before, limit.after) == (Limit.PROJECTION, 1, 2)
    assert limit.note == "p99 would ask for more again below 2"


def test_one_fewer_is_refused_when_it_would_be_asked_for_again() -> None:
    decision = decided(policy(replace(STEPS, steps=(above(0.5, 2), below(0.45, 1)))), seen(4, {"p99": 0.44}))
    assert (decision.desired, decision.reason) == (4, Reason.PROJECTED)


def sizing(load: float, *, reserve: float = 0.0, factor: float = 1.0, rule: str = "throughput") -> Sizing:
    return Sizing(rule, 50.0, capacity_factor=factor, sure_load=load, reserve=reserve, reserve_note=f"{reserve:g}/s")


@pytest.mark.parametrize(
    ("count", "learned", "desired"),
    [
        pytest.param(2, sizing(100.1), 3, id="a load that is surely there raises at once"),
        pytest.param(6, sizing(100.0), 3, id="a little more load would raise 2 again"),
        pytest.param(6, sizing(100.0 / (1.0 + CALM)), 2, id="that much less would not"),
        pytest.param(6, sizing(100.0, factor=2.0), 2, id="by the learned load per replica"),
        pytest.param(6, sizing(40.0, reserve=140.0), 3, id="with the reserve"),
        pytest.param(6, sizing(40.0, reserve=149.0), 4, id="which stays calm too"),
        pytest.param(2, sizing(40.0, reserve=100.0 / (1.0 - EAGER)), 2, id="a little too small a reserve is left"),
        pytest.param(2, sizing(40.0, reserve=106.0), 3, id="a clearly too small one is not"),
        pytest.param(2, sizing(110.0, reserve=151.0), 4, id="what is raised anyway is raised to the whole reserve"),
        pytest.param(20, sizing(881.0), 19, id="of many replicas, too"),
        pytest.param(6, sizing(100.0, rule="other"), 1, id="a rule that is not sized has its own"),
    ],
)
def test_a_sized_rule_is_followed_calmly(count: int, learned: Sizing, desired: int) -> None:
    assert sized(policy(high=20), seen(count, {"throughput": 30.0}), learned).desired == desired


def test_a_burst_raises_at_once_and_keeps_the_count_for_a_whole_long_window() -> None:
    timeline = Timeline(policy(BURSTY, high=20), count=2)
    raised = timeline.see({"throughput": 100, "throughput@burst": 500})
    assert (raised.desired, raised.proposals[0].burst) == (10, True)
    quiet = {"throughput": 100, "throughput@burst": 100}
    steps = [timeline.see(quiet) for _ in range(12)]
    assert [step.desired for step in steps] == [10] * 11 + [2]
    assert {step.reason for step in steps[:-1]} == {Reason.BURSTING}


@pytest.mark.parametrize(
    ("long", "short", "burst"),
    [
        pytest.param(100.0, 119.0, False, id="below the threshold"),
        pytest.param(100.0, 121.0, True, id="above the threshold, and more than chance"),
        pytest.param(4.0, 5.5, False, id="above the threshold, but maybe chance"),
        pytest.param(4.0, 6.0, True, id="more than three deviations"),
        pytest.param(0.0, 0.1, True, id="anything after nothing"),
        pytest.param(-1.0, 0.0, True, id="a negative value is no load"),
        pytest.param(100.0, 50.0, False, id="a lull is no burst"),
    ],
)
def test_a_burst_is_clearly_more_than_the_long_window(long: float, short: float, burst: bool) -> None:
    decision = decided(policy(BURSTY), seen(4, {"throughput": long, "throughput@burst": short}))
    assert decision.proposals[0].burst is burst
    assert decision.proposals[0].reading == Reading.of(short if burst else long)


def test_a_burst_without_a_reading_leaves_the_long_window() -> None:
    readings: dict[str, Reading | float] = {"throughput": 200, "throughput@burst": missing()}
    assert decided(policy(BURSTY), seen(2, readings)).desired == 4
    assert decided(policy(BURSTY), seen(2, {"throughput": 200})).desired == 4
    assert decided(policy(THROUGHPUT), seen(2, {"throughput": 200, "throughput@burst": 900})).desired == 4


def test_a_smaller_burst_does_not_shorten_a_longer_hold() -> None:
    other = replace(BURSTY, name="other", source=TraefikSignal(Signal.REQUESTS, 20.0))
    timeline = Timeline(policy(BURSTY, other, high=20), count=2)
    calm = {"throughput": 100, "throughput@burst": 100, "other": 100, "other@burst": 100}
    timeline.see({**calm, "throughput@burst": 500})
    until = timeline.memory.burst_until
    timeline.see({**calm, "other@burst": 800})
    assert timeline.memory.burst_until == until


@pytest.mark.parametrize(
    ("count", "load", "free", "desired", "reason"),
    [
        pytest.param(2, 400.0, 180.0, 6, Reason.ABOVE_TARGET, id="raised as far as it allows"),
        pytest.param(6, 400.0, 180.0, 6, Reason.CAPPED, id="and no further"),
        pytest.param(8, 400.0, 180.0, 6, Reason.CAPPED, id="lowered to what it allows"),
        pytest.param(8, 100.0, 180.0, 2, Reason.BELOW_TARGET, id="it never asks for any"),
        pytest.param(2, 400.0, 209.9, 6, Reason.ABOVE_TARGET, id="a part of a replica is none"),
        pytest.param(2, 400.0, 210.0, 7, Reason.ABOVE_TARGET, id="a whole one is"),
        pytest.param(2, 400.0, 29.0, 2, Reason.CAPPED, id="never below the minimum"),
        pytest.param(2, 400.0, 0.0, 2, Reason.CAPPED, id="0 is room for none"),
        pytest.param(2, 400.0, missing(), 8, Reason.ABOVE_TARGET, id="no reading is no cap"),
    ],
)
def test_a_cap_only_lowers_the_maximum(
    count: int, load: float, free: float | Reading, desired: int, reason: Reason
) -> None:
    which = policy(THROUGHPUT, CONNECTIONS, low=2)
    decision = decided(which, seen(count, {"throughput": load, "connections": free}))
    assert (decision.desired, decision.reason) == (desired, reason)


def test_of_two_caps_the_lower_counts() -> None:
    licences = replace(CONNECTIONS, name="licences", target=1.0)
    readings = {"throughput": 400, "connections": 180, "licences": 4}
    decision = decided(policy(THROUGHPUT, CONNECTIONS, licences), seen(2, readings))
    assert decision.limits[0].note == "licences 4 at 1 per replica allows no more than 4"


def test_a_cap_is_followed_down_within_the_window_and_the_rates() -> None:
    timeline = Timeline(policy(THROUGHPUT, CONNECTIONS, down=behavior(window=10.0)), count=8)
    readings = {"throughput": 400, "connections": 90}
    assert [timeline.see(readings).desired for _ in range(3)] == [8, 8, 3]


@pytest.mark.parametrize(("free", "desired"), [(900.0, 8), (150.0, 5), (30.0, 2)])
def test_a_cap_holds_for_what_empties_a_queue_too(free: float, desired: int) -> None:
    readings: dict[str, Reading | float] = {"throughput": 100, "connections": free}
    surging = Memory(surge=Moment(NOW + 30.0, 8))
    assert decided(policy(THROUGHPUT, CONNECTIONS, low=2), seen(2, readings), surging).desired == desired


def test_what_empties_a_queue_is_wanted_for_a_while_only() -> None:
    assert decided(policy(), seen(2, {"throughput": 100}), Memory(surge=Moment(NOW, 8))).desired == 2


def test_a_cap_is_obeyed_while_the_others_are_not_seen() -> None:
    decision = decided(policy(LATENCY, CONNECTIONS), seen(8, {"p95": missing(), "connections": 90}))
    assert (decision.desired, decision.reason) == (3, Reason.CAPPED)
