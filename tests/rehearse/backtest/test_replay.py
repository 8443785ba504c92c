"""Replaying a policy over a past: timelines, in which readings are given and counts follow."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoscaler.core.model import Limit, Reading, ReadingKind, Reason
from autoscaler.core.policy import OBJECTIVE, Goal, Objective, Query, Rule, Signal, TraefikSignal
from autoscaler.rehearse.backtest.recording import readings_with
from autoscaler.rehearse.backtest.replay import Replayed, backtest
from tests.support.builders import BACKLOG, LATENCY, NOW, THROUGHPUT, at_most, behavior, policy
from tests.support.examples import examples
from tests.support.recorded_pasts import GAP, recording, replay, requests


def changes(replayed: Replayed) -> list[tuple[float, int, int]]:
    """When, in seconds since the start, from how many to how many."""
    return [(each.at - NOW, each.replicas.count, each.desired) for each in replayed.decisions]


def counts(replayed: Replayed) -> list[tuple[int, int]]:
    """Replicas asked for and ready, at each instant."""
    return [(instant.replicas, instant.ready) for instant in replayed.instants]


def test_a_step_of_the_load_is_followed_and_the_new_replicas_are_ready_after_the_start_delay() -> None:
    replayed = replay(policy(low=2), requests((100.0, 3), (200.0, 6)), start_delay=10.0)
    assert changes(replayed) == [(15.0, 2, 4)]
    assert counts(replayed) == [(2, 2)] * 3 + [(4, 2), (4, 2)] + [(4, 4)] * 4


def test_without_a_start_delay_new_replicas_are_ready_at_once() -> None:
    assert counts(replay(policy(low=2), requests((200.0, 2)), start_delay=0.0)) == [(4, 4), (4, 4)]


def test_while_replicas_start_still_more_are_begun_beside_them() -> None:
    replayed = replay(policy(low=2), requests((100.0, 1), (200.0, 1), (400.0, 4)), start_delay=10.0)
    assert changes(replayed) == [(5.0, 2, 4), (10.0, 4, 8)]
    assert counts(replayed) == [(2, 2), (4, 2), (8, 2), (8, 4), (8, 8), (8, 8)]


def test_nothing_is_lowered_while_replicas_start() -> None:
    replayed = replay(policy(low=2), requests((200.0, 1), (100.0, 4)), start_delay=10.0)
    assert changes(replayed) == [(0.0, 2, 4), (10.0, 4, 2)]


def test_replicas_that_go_are_gone_at_once() -> None:
    assert counts(replay(policy(), requests((200.0, 1), (100.0, 2)), start_delay=0.0)) == [(4, 4), (2, 2), (2, 2)]


def test_it_begins_with_the_replicas_of_then_or_else_with_the_fewest_allowed() -> None:
    hold = policy(low=2, down=behavior(window=300.0))
    assert counts(replay(hold, requests((10.0, 1), replicas=[7]))) == [(7, 7)]
    assert counts(replay(hold, requests((10.0, 1), replicas=[None]))) == [(2, 2)]
    assert counts(replay(hold, requests((10.0, 1), replicas=[0]))) == [(2, 2)]


def test_what_the_limits_held_and_why_is_kept_for_each_instant() -> None:
    held = policy(low=2, high=4, down=behavior(window=10.0))
    replayed = replay(held, requests((100.0, 1), (300.0, 1), (100.0, 3)), start_delay=0.0)
    assert [(instant.replicas, instant.high, instant.reason, instant.limits) for instant in replayed.instants] == [
        (2, 4, Reason.STEADY, ()),
        (4, 4, Reason.ABOVE_TARGET, (Limit.BOUNDS,)),
        (4, 4, Reason.STABILIZING, (Limit.STABILIZATION,)),
        (2, 4, Reason.BELOW_TARGET, ()),
        (2, 4, Reason.STEADY, ()),
    ]


def test_in_a_gap_it_is_blind_and_holds_what_there_is() -> None:
    past = recording({THROUGHPUT.source: [200.0, GAP, GAP, 200.0], LATENCY.source: [0.3, GAP, GAP, 0.3]})
    replayed = replay(policy(THROUGHPUT, LATENCY), past, start_delay=0.0)
    missing = "throughput (stale), p95 (stale)"
    assert [instant.blind for instant in replayed.instants] == ["", missing, missing, ""]
    assert [instant.replicas for instant in replayed.instants] == [4] * 4


def test_one_missing_reading_of_two_is_not_blindness() -> None:
    past = recording({THROUGHPUT.source: [200.0, 200.0], LATENCY.source: [0.3, GAP]})
    assert [instant.blind for instant in replay(policy(THROUGHPUT, LATENCY), past).instants] == ["", ""]


def test_it_begins_at_the_first_instant_that_was_measured() -> None:
    replayed = replay(policy(low=2), requests((GAP, 4), (200.0, 2)))
    assert [instant.at - NOW for instant in replayed.instants] == [20.0, 25.0]


def test_before_the_service_was_known_nothing_is_replayed() -> None:
    past = replace(requests((0.0, 4), (200.0, 2)), since=NOW + 12.0)
    assert [instant.at - NOW for instant in replay(policy(low=2), past).instants] == [15.0, 20.0, 25.0]


def test_of_a_past_without_any_reading_nothing_is_replayed() -> None:
    assert replay(policy(), requests((GAP, 4))).instants == ()


@pytest.mark.parametrize(
    ("then", "ready", "value"),
    [
        pytest.param(4, 2, 0.4, id="half as many replicas, twice the value"),
        pytest.param(2, 4, 0.1, id="twice as many, half of it"),
        pytest.param(3, 3, 0.2, id="as many as then"),
        pytest.param(None, 4, 0.2, id="nobody knows how many there were"),
        pytest.param(0, 4, 0.2, id="there were none"),
        pytest.param(4, 0, 0.2, id="none is ready"),
    ],
)
@pytest.mark.parametrize("rule", [LATENCY, Rule("cpu", Query("avg(cpu)"), Goal.TARGET, 0.5)], ids=["latency", "query"])
def test_a_value_per_replica_is_spread_over_the_replayed_ones(
    rule: Rule, then: int | None, ready: int, value: float
) -> None:
    past = recording({rule.source: [0.2]}, replicas=[then])
    assert readings_with(policy(rule), past, 0, ready)[rule.name].value == pytest.approx(value)


@pytest.mark.parametrize("rule", [THROUGHPUT, BACKLOG], ids=["requests", "query"])
def test_a_total_is_the_same_with_any_number_of_replicas(rule: Rule) -> None:
    assert readings_with(policy(rule), recording({rule.source: [200.0]}, replicas=[4]), 0, 2)[rule.name].value == 200.0


def test_a_missing_value_is_not_spread() -> None:
    assert readings_with(policy(LATENCY), recording({LATENCY.source: [GAP]}, replicas=[4]), 0, 2)["p95"] == GAP


@pytest.mark.parametrize(("then", "seen"), [(4, True), (2, False), (None, False)])
def test_slow_answers_are_seen_only_with_as_many_replicas_as_then(then: int | None, seen: bool) -> None:
    slow = TraefikSignal(Signal.SLOW_RATIO, 60.0, threshold_seconds=0.3)
    sized = replace(policy(), objective=Objective(0.3, 0.99, slow, "throughput"))
    past = recording({THROUGHPUT.source: [200.0], slow: [0.02]}, replicas=[then])
    assert (OBJECTIVE in readings_with(sized, past, 0, 4)) is seen


def test_services_share_a_budget_of_replicas_as_they_would_have() -> None:
    services = {"music": (policy(), requests((400.0, 2))), "users": (policy(), requests((100.0, 2)))}
    replays = backtest(services, start_delay_seconds=0.0, max_replicas_total=6, progress=lambda _: None)
    assert {name: counts(replayed)[-1] for name, replayed in replays.items()} == {"music": (4, 4), "users": (2, 2)}


def test_it_tells_how_far_it_is() -> None:
    told: list[float] = []
    services = {"web": (policy(), requests((100.0, 1200)))}
    backtest(services, start_delay_seconds=0.0, max_replicas_total=None, progress=told.append)
    assert told == [0.0, pytest.approx(500 / 1200), pytest.approx(1000 / 1200), 1.0]


LOADS = st.one_of(st.floats(0.0, 2000.0), st.sampled_from(list(ReadingKind)).filter(lambda kind: kind != "value"))


@examples(60)
@given(st.lists(LOADS, min_size=1, max_size=60), st.sampled_from([0.0, 5.0, 20.0]))
def test_whatever_was_measured_the_count_stays_within_the_bounds(
    loads: list[float | ReadingKind], start_delay: float
) -> None:
    values = [Reading(load) if isinstance(load, ReadingKind) else load for load in loads]
    limited = policy(low=2, high=9, up=behavior(at_most(4)), down=behavior(window=15.0))
    replayed = replay(limited, recording({THROUGHPUT.source: values}), start_delay=start_delay)
    for instant in replayed.instants:
        assert 2 <= instant.replicas <= 9
        assert 2 <= instant.ready <= instant.replicas
    after = {instant.at: instant.replicas for instant in replayed.instants}
    assert all(after[decision.at] == decision.desired for decision in replayed.decisions)
    jumps = [now.at for before, now in pairwise(replayed.instants) if before.replicas != now.replicas]
    assert jumps == [decision.at for decision in replayed.decisions if decision.at > replayed.instants[0].at]
