"""Stabilization windows, rates and reversals, lived through step by step."""

from autoscaler.core.model import Reason
from autoscaler.core.policy import Reversals, SelectPolicy
from tests.support.builders import at_most, at_most_percent, behavior, policy, seen
from tests.support.reason_examples import decided
from tests.support.timelines import Timeline


def test_nothing_is_lowered_before_a_whole_window_has_been_seen() -> None:
    timeline = Timeline(policy(down=behavior(window=60.0)), count=8)
    steps = [timeline.see(100.0) for _ in range(13)]
    assert [step.desired for step in steps] == [8] * 12 + [2]
    assert {step.reason for step in steps[:-1]} == {Reason.STABILIZING}


def test_one_high_moment_keeps_the_count_for_a_window() -> None:
    timeline = Timeline(policy(down=behavior(window=20.0)), count=2)
    counts = [timeline.see(load).desired for load in (400.0, 50.0, 50.0, 50.0, 50.0, 50.0)]
    assert counts == [8, 8, 8, 8, 1, 1]


def test_the_window_releases_to_the_highest_recommendation_within_it() -> None:
    timeline = Timeline(policy(down=behavior(window=20.0)), count=8)
    counts = [timeline.see(load).desired for load in (400.0, 50.0, 200.0, 50.0, 50.0, 50.0, 50.0)]
    assert counts == [8, 8, 8, 8, 4, 4, 1]


def test_an_up_window_waits_for_load_that_lasts() -> None:
    timeline = Timeline(policy(up=behavior(window=10.0)), count=2)
    assert [timeline.see(load).desired for load in (400.0, 100.0, 400.0, 400.0)] == [2, 2, 2, 8]


def test_rate_policies_spread_a_large_rise() -> None:
    timeline = Timeline(policy(up=behavior(at_most(2, 15.0)), high=20), count=2)
    steps = [timeline.see(500.0) for _ in range(8)]
    assert [step.desired for step in steps] == [4, 4, 4, 6, 6, 6, 8, 8]
    assert steps[1].reason is Reason.RATE_LIMITED


def test_a_failed_change_costs_no_rate_budget() -> None:
    timeline = Timeline(policy(up=behavior(at_most(2, 15.0)), high=20), count=2)
    timeline.see(500.0, follow=False)
    assert timeline.see(500.0).desired == 4


def test_somebody_elses_change_counts_as_a_change() -> None:
    timeline = Timeline(policy(up=behavior(at_most(2, 15.0)), high=20), count=2)
    timeline.see(100.0)
    timeline.count = 4
    assert timeline.see(500.0).reason is Reason.RATE_LIMITED


def test_a_disabled_direction_is_never_taken() -> None:
    frozen = policy(down=behavior(select=SelectPolicy.DISABLED))
    decision = decided(frozen, seen(8, {"throughput": 50.0}))
    assert (decision.desired, decision.reason) == (8, Reason.RATE_LIMITED)
    assert decision.limits[-1].note == "scale_down.select_policy is disabled"


def test_percent_policies_count_from_the_start_of_the_period() -> None:
    timeline = Timeline(policy(down=behavior(at_most_percent(50, 30.0)), high=20), count=16)
    assert [timeline.see(50.0, after=10.0).desired for _ in range(7)] == [8, 8, 8, 4, 4, 4, 2]


def test_after_too_many_changes_of_direction_nothing_is_lowered_but_everything_raised() -> None:
    timeline = Timeline(policy(reversals=Reversals(3, 60.0)), count=2)
    steps = [timeline.see(load) for load in (400, 100, 400, 100, 400, 100, 500)]
    assert [step.desired for step in steps] == [8, 2, 8, 2, 8, 8, 10]
    assert [step.reversals for step in steps] == [0, 0, 1, 2, 3, 4, 4]
    assert steps[5].reason is Reason.REVERSING


def test_changes_of_direction_are_forgotten_after_the_period() -> None:
    timeline = Timeline(policy(reversals=Reversals(1, 60.0)), count=2)
    assert [timeline.see(load).desired for load in (400, 100, 400, 100)] == [8, 2, 8, 8]
    timeline.now += 60.0
    assert timeline.see(100).desired == 2


def test_somebody_who_scales_against_us_is_a_change_of_direction() -> None:
    timeline = Timeline(policy(reversals=Reversals(12, 60.0)), count=2)
    for _ in range(3):
        timeline.see(400)
        timeline.see(400)
        timeline.count = 2
    assert timeline.see(400).reversals == 5


def test_stabilization_says_how_long_it_holds() -> None:
    decision = decided(policy(down=behavior(window=300.0)), seen(4, {"throughput": 50.0}))
    assert decision.limits[0].note == "scale_down.stabilization_window holds for 300 s"
