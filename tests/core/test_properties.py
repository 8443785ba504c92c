"""What holds for every policy, every load and every order of events."""

import math
from dataclasses import replace
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from autoscaler.core.decide import decide
from autoscaler.core.memory import Memory
from autoscaler.core.model import Decision, Direction, Observation, Reading, ReadingKind, Reason, Replicas
from autoscaler.core.policy import (
    Behavior,
    BlindAction,
    OnMissing,
    Policy,
    RatePolicy,
    RateUnit,
    SelectPolicy,
    WhenBlind,
)
from tests.builders import BACKLOG, LATENCY, NOW, THROUGHPUT, behavior, missing, policy, seen

many = settings(max_examples=400, deadline=None)

rates = st.builds(RatePolicy, st.sampled_from(RateUnit), st.integers(1, 100), st.sampled_from([5.0, 15.0, 60.0]))
behaviors = st.builds(
    Behavior,
    st.sampled_from([0.0, 0.1, 0.5]),
    st.sampled_from([0.0, 10.0, 60.0]),
    st.lists(rates, max_size=2).map(tuple),
    st.sampled_from(SelectPolicy),
)
never_lowering_fallbacks = st.builds(
    WhenBlind,
    st.sampled_from([0.0, 10.0]),
    st.sampled_from([BlindAction.HOLD, BlindAction.AT_LEAST]),
    st.integers(1, 9),
)
rule_sets = st.lists(st.sampled_from([THROUGHPUT, LATENCY, BACKLOG]), min_size=1, unique=True).map(tuple)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    low = draw(st.integers(1, 6))
    high = draw(st.integers(low, 12))
    return Policy(
        "userservice", low, high, draw(rule_sets), draw(behaviors), draw(behaviors), draw(never_lowering_fallbacks)
    )


values = st.floats(0.0, 2000.0).map(Reading.of)
no_values = st.sampled_from([missing(kind) for kind in ReadingKind if kind is not ReadingKind.VALUE])
readings = st.fixed_dictionaries({rule.name: st.one_of(values, no_values) for rule in (THROUGHPUT, LATENCY, BACKLOG)})
fleets = st.builds(Replicas, st.integers(0, 14), st.integers(0, 14))
observations = st.builds(Observation, fleets, readings)
timelines = st.lists(st.tuples(st.floats(0.5, 30.0), observations), max_size=25)


def replay(which: Policy, timeline: list[tuple[float, Observation]]) -> list[tuple[Decision, Memory]]:
    memory, now, results = Memory(), NOW, []
    for pause, observation in timeline:
        now += pause
        decision, memory = decide(which, observation, memory, now)
        results.append((decision, memory))
    return results


@many
@given(policies(), timelines)
def test_the_desired_count_is_never_outside_the_bounds(
    which: Policy, timeline: list[tuple[float, Observation]]
) -> None:
    for decision, _ in replay(which, timeline):
        stopped = decision.reason is Reason.STOPPED
        assert stopped or which.min_replicas <= decision.desired <= which.max_replicas


@many
@given(policies(), timelines)
def test_a_missing_reading_never_lowers(which: Policy, timeline: list[tuple[float, Observation]]) -> None:
    strict = replace(which, rules=tuple(replace(rule, on_empty=OnMissing.HOLD) for rule in which.rules))
    for decision, _ in replay(strict, timeline):
        if any(proposal.replicas is None for proposal in decision.proposals):
            assert decision.direction is not Direction.DOWN or decision.reason is Reason.ABOVE_MAX


@many
@given(policies(), timelines)
def test_nothing_is_lowered_while_nobody_serves(which: Policy, timeline: list[tuple[float, Observation]]) -> None:
    for decision, _ in replay(which, timeline):
        if decision.replicas.ready == 0:
            assert decision.direction is not Direction.DOWN or decision.reason is Reason.ABOVE_MAX


@many
@given(policies(), timelines)
def test_the_same_input_gives_the_same_output(which: Policy, timeline: list[tuple[float, Observation]]) -> None:
    assert replay(which, timeline) == replay(which, timeline)


@many
@given(policies(), timelines)
def test_every_limit_starts_where_the_one_before_ended(
    which: Policy, timeline: list[tuple[float, Observation]]
) -> None:
    for decision, _ in replay(which, timeline):
        assert all(earlier.after == later.before for earlier, later in pairwise(decision.limits))
        assert not decision.limits or decision.limits[-1].after == decision.desired
        assert all(limit.note for limit in decision.limits)
        assert decision.sentence


@many
@given(policies(), timelines, observations, st.floats(1.0, 5.0))
def test_more_load_never_yields_fewer_replicas(
    which: Policy, past: list[tuple[float, Observation]], now: Observation, factor: float
) -> None:
    past = past[-8:]
    more = Observation(
        now.replicas,
        {
            name: reading if reading.value is None else Reading.of(reading.value * factor)
            for name, reading in now.readings.items()
        },
    )
    usual, _ = replay(which, [*past, (5.0, now)])[-1]
    loaded, _ = replay(which, [*past, (5.0, more)])[-1]
    assert loaded.desired >= usual.desired


@many
@given(policies(), st.floats(0.0, 600.0), st.integers(1, 12), st.floats(1.0, 20.0))
def test_a_constant_load_settles_and_then_stays(which: Policy, load: float, count: int, interval: float) -> None:
    flat = replace(which, rules=(THROUGHPUT,))
    memory, counts = Memory(), [count]
    for step in range(80):
        decision, memory = decide(flat, seen(counts[-1], {"throughput": load}), memory, NOW + step * interval)
        counts.append(decision.desired)
    changes = [after - before for before, after in pairwise(counts) if after != before]
    inside = changes[1:] if not which.min_replicas <= count <= which.max_replicas else changes
    assert all(change > 0 for change in inside) or all(change < 0 for change in inside)


def test_a_constant_load_makes_at_most_one_change_without_rate_policies() -> None:
    for load in range(0, 500, 7):
        memory, count, changes = Memory(), 4, 0
        for step in range(50):
            decision, memory = decide(policy(), seen(count, {"throughput": float(load)}), memory, NOW + 5.0 * step)
            changes += decision.desired != count
            count = decision.desired
        assert changes <= 1


@many
@given(st.lists(st.floats(0.0, 2000.0), min_size=1, max_size=60), st.floats(0.5, 10.0))
def test_memory_is_bounded_by_the_horizon(loads: list[float], interval: float) -> None:
    which = policy(down=behavior(window=60.0))
    memory, count = Memory(), 4
    for step, load in enumerate(loads * 5):
        decision, memory = decide(which, seen(count, {"throughput": load}), memory, NOW + step * interval)
        count = decision.desired
        at_most = math.ceil(which.horizon_seconds / interval) + 1
        assert len(memory.recommendations) <= at_most
        assert len(memory.changes) <= at_most + 1
