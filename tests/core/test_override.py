"""An operator's override: the operator's count until its time, within bounds and caps; then the rules go on."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoscaler.core.budget import within_budget
from autoscaler.core.decide import decide
from autoscaler.core.intervention import NONE, Intervention
from autoscaler.core.memory import Memory
from autoscaler.core.model import Decision, Limit, Observation, Override, ReadingKind, Reason
from autoscaler.core.policy import BlindAction, Policy, WhenBlind
from autoscaler.core.schedule import Schedule
from tests.support.builders import CONNECTIONS, LATENCY, NOW, THROUGHPUT, at_most, behavior, missing, policy, seen
from tests.support.timelines import Timeline

HOLDING = policy(down=behavior(window=300.0))


def overridden(replicas: int, observation: Observation, which: Policy | None = None, until: float = 60.0) -> Decision:
    return decide(which or policy(), observation, Memory(), NOW, Override(replicas, NOW + until))[0]


@pytest.mark.parametrize(
    "observation",
    [
        pytest.param(seen(2, {"throughput": 330}), id="the rules want more"),
        pytest.param(seen(7, {"throughput": 60}), id="the rules want fewer"),
        pytest.param(seen(4, {"throughput": 60}), id="it is there already"),
        pytest.param(seen(7, {"throughput": missing()}), id="blind"),
        pytest.param(seen(7, {"throughput": 60}, ready=0), id="none is ready"),
        pytest.param(seen(12, {"throughput": 60}), id="above the maximum"),
    ],
)
def test_the_operators_count_goes_before_whatever_the_rules_want(observation: Observation) -> None:
    decision = overridden(4, observation)
    assert (decision.desired, decision.reason, decision.winner) == (4, Reason.OVERRIDE, None)
    assert decision.override == Override(4, NOW + 60.0)


def test_no_rate_holds_it_back() -> None:
    slow = policy(up=behavior(at_most(1)), down=behavior(at_most(1), window=300.0))
    assert overridden(9, seen(2, {"throughput": 60}), slow).desired == 9
    assert overridden(2, seen(9, {"throughput": 400}), slow).desired == 2


def test_what_the_rules_want_is_told_all_the_same() -> None:
    assert overridden(4, seen(2, {"throughput": 330})).proposals[0].replicas == 7


def test_a_service_that_somebody_stopped_stays_stopped() -> None:
    assert (overridden(4, seen(0, {})).desired, overridden(4, seen(0, {})).reason) == (0, Reason.STOPPED)


def test_it_is_over_at_its_time() -> None:
    decision = overridden(4, seen(2, {"throughput": 330}), until=0.0)
    assert (decision.desired, decision.reason, decision.override) == (7, Reason.ABOVE_TARGET, None)


def test_a_schedule_that_moves_the_bounds_meanwhile_moves_it_too() -> None:
    night = Schedule("* * * * *", 3600.0, ZoneInfo("UTC"), max_replicas=3)
    decision = overridden(8, seen(2, {"throughput": 60}), replace(policy(), schedules=(night,)))
    assert (decision.desired, decision.reason) == (3, Reason.OVERRIDE)
    assert [limit.limit for limit in decision.limits] == [Limit.BOUNDS]
    assert decision.sentence.endswith("; replicas.max is 3 (schedule * * * * * UTC); 2 → 3")


def test_a_cap_lowers_it() -> None:
    which = policy(THROUGHPUT, CONNECTIONS)
    assert overridden(8, seen(2, {"throughput": 60, "connections": 95}), which).desired == 3


def test_the_budget_of_all_services_still_holds() -> None:
    candidate = overridden(8, seen(2, {"throughput": 60}))
    other = replace(decide(policy(), seen(5, {"throughput": 300}), Memory(), NOW)[0], service="other")
    assert within_budget({"userservice": candidate, "other": other}, 10)["userservice"].desired == 5


def minutes(timeline: Timeline, load: float, count: float) -> Decision:
    """Let that many minutes pass under a load; return the last decision."""
    return [timeline.see(load, after=15.0) for _ in range(round(count * 4))][-1]


def test_after_more_replicas_than_needed_the_rules_go_on_as_if_nothing_had_been() -> None:
    """Not one window later: the operator's eight were no recommendation."""
    timeline = Timeline(HOLDING, count=3)
    minutes(timeline, 140, 5)
    timeline.override = Override(8, timeline.now + 600)
    assert minutes(timeline, 140, 10).desired == 8
    assert timeline.see(140).desired == 3


def test_after_an_override_the_window_holds_the_most_that_was_wanted_meanwhile() -> None:
    """Not the wish of that very moment: the window looks back into the override."""
    timeline = Timeline(HOLDING, count=3)
    timeline.override = Override(10, timeline.now + 600)
    minutes(timeline, 140, 8)
    minutes(timeline, 290, 1)
    minutes(timeline, 90, 1)
    after = timeline.see(90)
    assert (after.desired, after.reason) == (6, Reason.BELOW_TARGET)
    assert minutes(timeline, 90, 5).desired == 2


def test_after_fewer_replicas_than_needed_they_are_raised_as_far_as_the_rates_allow() -> None:
    timeline = Timeline(policy(up=behavior(at_most(4))), count=8)
    timeline.override = Override(2, timeline.now + 60)
    assert minutes(timeline, 400, 1).desired == 2
    assert [timeline.see(400, after=15.0).desired for _ in range(2)] == [6, 8]


def test_a_count_that_only_a_missing_reading_keeps_is_no_recommendation() -> None:
    timeline = Timeline(replace(HOLDING, rules=(THROUGHPUT, LATENCY)), count=3)
    fine = {"throughput": 140.0, "p95": 0.3}
    for _ in range(20):
        timeline.see(fine, after=15.0)
    timeline.override = Override(8, timeline.now + 600)
    for _ in range(40):
        timeline.see({"throughput": 140.0, "p95": missing(ReadingKind.ERROR)}, after=15.0)
    assert timeline.see({"throughput": 140.0, "p95": 0.1}).desired == 3


def test_without_a_reading_nothing_is_lowered_after_it_either() -> None:
    timeline = Timeline(HOLDING, count=3)
    timeline.override = Override(8, timeline.now + 60)
    [timeline.see(missing(), after=15.0) for _ in range(4)]
    after = timeline.see(missing())
    assert (after.desired, after.reason) == (8, Reason.BLIND)


def test_blindness_counts_from_its_beginning_not_from_the_overrides_end() -> None:
    timeline = Timeline(policy(when_blind=WhenBlind(60.0, BlindAction.AT_LEAST, 6)), count=3)
    timeline.override = Override(2, timeline.now + 120)
    assert [timeline.see(missing(), after=15.0).desired for _ in range(8)][-1] == 2
    after = timeline.see(missing())
    assert (after.desired, after.reason) == (6, Reason.BLIND_FALLBACK)


@given(
    replicas=st.integers(1, 50),
    count=st.integers(1, 20),
    ready=st.integers(0, 20),
    load=st.one_of(st.floats(0, 5000), st.sampled_from(ReadingKind)),
)
def test_it_is_the_operators_count_within_the_bounds_whatever_is_seen(
    replicas: int, count: int, ready: int, load: float | ReadingKind
) -> None:
    reading = missing(load) if isinstance(load, ReadingKind) and load is not ReadingKind.VALUE else 50.0
    observation = seen(count, {"throughput": load if isinstance(load, float) else reading}, ready=min(ready, count))
    assert overridden(replicas, observation, policy(low=2)).desired == min(max(replicas, 2), 10)


@pytest.mark.parametrize(
    ("after_seconds", "left"),
    [
        pytest.param(0.0, Intervention(NOW + 10.0, Override(4, NOW + 20.0)), id="both hold"),
        pytest.param(10.0, Intervention(override=Override(4, NOW + 20.0)), id="the pause has ended"),
        pytest.param(20.0, NONE, id="the override, too"),
    ],
)
def test_what_an_operator_said_holds_until_its_time(after_seconds: float, left: Intervention) -> None:
    said = Intervention(NOW + 10.0, Override(4, NOW + 20.0))
    assert said.at(NOW + after_seconds) == left
