"""Replicas that are not ready, and readings from before the last change: no second wave, no early step."""

from dataclasses import replace

import pytest

from autoscaler.core.memory import LONGEST_START_SECONDS
from autoscaler.core.model import Reason
from autoscaler.core.policy import Goal, Query, Rule
from tests.support.builders import LATENCY, STEPPED, THROUGHPUT, above, policy
from tests.support.timelines import Timeline

SLOW = {"p95": 0.9}


def test_replicas_that_start_cause_no_second_wave() -> None:
    timeline = Timeline(policy(LATENCY, high=50), count=2)
    assert timeline.see(SLOW).desired == 6
    for ready in (2, 3, 5, 6):
        assert timeline.under_way(SLOW, current=6, ready=ready).desired == 6
    assert timeline.see(SLOW).reason is Reason.WARMING_UP


def test_a_ratio_is_believed_again_a_whole_window_after_all_are_ready() -> None:
    timeline = Timeline(policy(LATENCY, high=50), count=2)
    timeline.see(SLOW, after=20.0)
    timeline.under_way(SLOW, current=6, ready=6, after=59.0)
    assert timeline.see(SLOW, after=1.0).desired == 6
    assert timeline.see(SLOW).desired == 18


def test_a_total_needs_no_warm_up() -> None:
    timeline = Timeline(policy(THROUGHPUT), count=2)
    timeline.see(400)
    assert timeline.see(500).desired == 10


def test_a_replica_that_never_gets_ready_holds_up_nothing_for_ever() -> None:
    timeline = Timeline(policy(LATENCY, high=50), count=2)
    timeline.see(SLOW)
    timeline.now += LONGEST_START_SECONDS - 6.0
    assert timeline.under_way(SLOW, current=6, ready=5, after=1.0).desired == 6
    assert timeline.memory.start_seconds is None
    timeline.under_way(SLOW, current=6, ready=5, after=60.0)
    assert timeline.under_way(SLOW, current=6, ready=5).desired == 15


def test_a_removal_is_in_effect_when_the_last_drained_replica_is_gone() -> None:
    timeline = Timeline(policy(LATENCY), count=8)
    assert timeline.see({"p95": 0.1}).desired == 3
    fast = {"p95": 0.03}
    for current in (8, 6, 4):
        assert timeline.under_way(fast, current=current, ready=current).reason is Reason.WARMING_UP
        assert timeline.memory.change is not None
        assert timeline.memory.change.ready_at is None
    timeline.under_way(fast, current=3, ready=3, after=60.0)
    assert timeline.see(fast).desired == 1


def test_a_fall_keeps_from_a_further_one_and_not_from_a_raise() -> None:
    timeline = Timeline(policy(LATENCY), count=8)
    timeline.see({"p95": 0.3})
    timeline.count = 3  # by somebody else
    assert timeline.see({"p95": 0.1}).reason is Reason.WARMING_UP
    assert timeline.see({"p95": 0.6}).desired == 6


def test_how_long_a_start_takes_is_measured_and_smoothed() -> None:
    """The replicas became ready at some time since the last look: half of it ago, in the mean."""
    timeline = Timeline(policy(THROUGHPUT), count=2)
    timeline.see(150, after=20.0)
    timeline.see(150)
    assert timeline.memory.start_seconds == 10.0
    timeline.see(200, after=30.0)
    timeline.see(200)
    assert timeline.memory.start_seconds == pytest.approx(11.5)


def test_a_removal_says_nothing_about_how_long_a_start_takes() -> None:
    timeline = Timeline(policy(THROUGHPUT), count=8)
    timeline.see(50)
    timeline.see(50)
    assert timeline.memory.start_seconds is None


def test_a_step_waits_until_the_one_before_is_seen() -> None:
    timeline = Timeline(policy(STEPPED, high=20), count=2)
    counts = [timeline.see({"p99": 0.9}, after=20.0).desired for _ in range(9)]
    assert counts == [4, 4, 4, 4, 6, 6, 6, 6, 8]


def test_a_query_is_believed_again_after_its_window() -> None:
    instant = Rule("backlog", Query("q"), Goal.STEPS, 5.0, steps=(above(5.0, 1),))
    looking_back = replace(instant, source=Query("avg_over_time(q[1m])", 60.0))
    for rule, counts in ((instant, [3, 4, 5, 6]), (looking_back, [3, 3, 3, 3])):
        timeline = Timeline(policy(rule), count=2)
        assert [timeline.see({"backlog": 9}).desired for _ in range(4)] == counts


def test_while_nobody_is_ready_no_step_is_taken() -> None:
    timeline = Timeline(policy(STEPPED), count=4)
    timeline.unready = 4
    assert timeline.see({"p99": 0.9}).desired == 4
