"""What holds for every policy, every load and every order of events."""

import math
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoscaler.core.decide import decide
from autoscaler.core.memory import Memory
from autoscaler.core.model import Decision, Direction, Reading, ReadingKind, Reason
from autoscaler.core.policy import OBJECTIVE, Policy, Reversals, SelectPolicy
from autoscaler.core.replay import replay
from autoscaler.core.sizing.capacity import AIM
from autoscaler.core.sizing.learned import Learned
from autoscaler.core.sizing.levels import BASES
from autoscaler.core.sizing.rehearsal import Choice
from tests.support.builders import BACKLOG, BURSTY, CONNECTIONS, LATENCY, NOW, behavior, missing, policy, seen
from tests.support.examples import examples
from tests.support.learning import GOAL, every, noisy, promising, size_of, taught
from tests.support.timelines import Timeline
from tests.support.worlds import Happening, Moment, live, policies, scripts

many = examples(200)
more = examples(600)
MOST_BYTES = 48 * 1024  # for each service
FORCED_DOWN = {Reason.ABOVE_MAX, Reason.CAPPED}  # the maximum fell, by the policy or by a cap


@many
@given(policies(), scripts)
def test_the_desired_count_is_never_outside_the_bounds_of_the_moment(which: Policy, script: list[Happening]) -> None:
    for decision in decisions(which, script):
        bounds = which.bounds_at(decision.at)
        assert (decision.low, decision.high) == (bounds.low, bounds.high)
        assert decision.reason is Reason.STOPPED or bounds.low <= decision.desired <= bounds.high


def decisions(which: Policy, script: list[Happening]) -> list[Decision]:
    return [moment.decision for moment in live(which, script)]


@many
@given(policies(), scripts)
def test_a_missing_reading_of_a_required_rule_never_lowers(which: Policy, script: list[Happening]) -> None:
    for decision in decisions(which, script):
        if any(proposal.blocks for proposal in decision.proposals):
            assert decision.direction is not Direction.DOWN or decision.reason in FORCED_DOWN


@more
@given(policies(), scripts, st.data())
def test_hiding_a_reading_never_lowers(which: Policy, script: list[Happening], data: st.DataObject) -> None:
    required = replace(which, rules=tuple(replace(rule, required=True) for rule in which.rules))
    name = data.draw(st.sampled_from([rule.name for rule in which.rules]))
    for moment in live(required, script):
        hidden = {**moment.observation.readings, name: missing(ReadingKind.STALE)}
        without = instead(required, moment, hidden)
        assert without.desired >= min(moment.decision.desired, moment.decision.replicas.count)


def instead(which: Policy, moment: Moment, readings: Mapping[str, Reading]) -> Decision:
    """The decision of that moment, had these been the readings."""
    return decide(which, replace(moment.observation, readings=readings), moment.before, moment.decision.at)[0]


@more
@given(policies(), scripts, st.lists(st.sampled_from([1.0, 1.05, 1.2, 1.5, 3.0]), min_size=6, max_size=6))
def test_more_load_never_yields_fewer_replicas(which: Policy, script: list[Happening], factors: list[float]) -> None:
    """With the same knowledge: what more load teaches may be that a replica serves more."""
    rules = ("throughput", "p95", "p99", "backlog", "connections", "licences")
    by_rule = {**dict(zip(rules, factors, strict=True)), OBJECTIVE: 1.0}
    for moment in map(knowing, live(which, script)):
        more_load = {
            name: replace(reading, value=reading.value and reading.value * by_rule[name.removesuffix("@burst")])
            for name, reading in moment.observation.readings.items()
        }
        same_load = instead(which, moment, moment.observation.readings)
        assert instead(which, moment, more_load).desired >= same_load.desired


def knowing(moment: Moment) -> Moment:
    """The moment with what it taught already known before, so that nothing is left to be learned from it."""
    learned = moment.after.learned
    if learned is None:
        return moment
    known = replace(learned, at=moment.decision.at, bin_at=moment.decision.at)
    return replace(moment, before=replace(moment.before, learned=known))


@many
@given(policies(), scripts)
def test_nothing_is_lowered_while_nobody_serves(which: Policy, script: list[Happening]) -> None:
    for decision in decisions(which, script):
        if decision.replicas.ready == 0:
            assert decision.direction is not Direction.DOWN or decision.reason in FORCED_DOWN


@many
@given(policies(), scripts)
def test_nothing_is_lowered_after_too_many_changes_of_direction(which: Policy, script: list[Happening]) -> None:
    for decision in decisions(which, script):
        if decision.reversals >= which.reversals.limit:
            assert decision.direction is not Direction.DOWN or decision.reason is Reason.ABOVE_MAX


@many
@given(policies(), scripts)
def test_nothing_is_lowered_in_a_burst_nor_for_a_window_after_it(which: Policy, script: list[Happening]) -> None:
    for moment in live(which, script):
        until, decision = moment.after.burst_until, moment.decision
        if until is not None and decision.at < until:
            assert decision.direction is not Direction.DOWN or decision.reason in FORCED_DOWN


@many
@given(policies(), scripts)
def test_nothing_is_lowered_below_what_was_wanted_within_the_window(which: Policy, script: list[Happening]) -> None:
    for moment in live(which, script):
        decision = moment.decision
        learned = None if decision.sizing is None else decision.sizing.hold_seconds
        seconds = which.scale_down.stabilization_window_seconds if learned is None else learned
        wanted = [each.replicas for each in moment.before.recommendations if each.at > decision.at - seconds]
        if wanted and decision.direction is Direction.DOWN and decision.reason is not Reason.ABOVE_MAX:
            assert decision.desired >= min(decision.high, max(wanted))


@many
@given(policies(), scripts)
def test_a_disabled_direction_is_taken_only_towards_the_bounds(which: Policy, script: list[Happening]) -> None:
    for decision in decisions(which, script):
        up = decision.direction is Direction.UP
        if (
            decision.direction is not Direction.NONE
            and (which.scale_up if up else which.scale_down).select_policy is SelectPolicy.DISABLED
        ):
            assert decision.reason in {Reason.BELOW_MIN, Reason.ABOVE_MAX}


@many
@given(policies(), scripts)
def test_the_same_input_gives_the_same_output(which: Policy, script: list[Happening]) -> None:
    assert live(which, script) == live(which, script)


@many
@given(policies(), scripts)
def test_a_replay_of_what_was_seen_decides_as_the_daemon_did(which: Policy, script: list[Happening]) -> None:
    lived = live(which, script)
    history = [(moment.decision.at, moment.observation) for moment in lived]
    assert list(replay(which, history, lived[0].before)) == [(moment.decision, moment.after) for moment in lived]


@many
@given(policies(), scripts)
def test_every_limit_starts_where_the_one_before_ended(which: Policy, script: list[Happening]) -> None:
    for decision in decisions(which, script):
        assert all(earlier.after == later.before for earlier, later in pairwise(decision.limits))
        assert not decision.limits or decision.limits[-1].after == decision.desired
        assert all(limit.note and limit.before != limit.after for limit in decision.limits)


@many
@given(policies(), scripts)
def test_the_sentence_names_every_limit_and_the_count(which: Policy, script: list[Happening]) -> None:
    for decision in decisions(which, script):
        cause, *told, result = decision.sentence.split("; ")
        assert cause
        assert told[len(told) - len(decision.limits) :] == [limit.note for limit in decision.limits]
        count = decision.replicas.count
        stays = decision.direction is Direction.NONE
        assert result == (f"stays at {count}" if stays else f"{count} → {decision.desired}")


@many
@given(policies(), st.floats(0.0, 600.0), st.integers(1, 12), st.floats(1.0, 20.0))
def test_a_constant_load_is_approached_from_one_side(which: Policy, load: float, count: int, interval: float) -> None:
    counts = lived_with(without_clock(which), load, count, interval)
    changes = [after - before for before, after in pairwise(counts) if after != before]
    assert all(change > 0 for change in changes) or all(change < 0 for change in changes)


@many
@given(policies(), st.floats(0.0, 600.0), st.integers(1, 12), st.floats(1.0, 20.0))
def test_a_constant_load_makes_at_most_one_change_without_rate_policies(
    which: Policy, load: float, count: int, interval: float
) -> None:
    free = without_clock(which)
    free = replace(free, scale_up=replace(free.scale_up, policies=()), scale_down=replace(free.scale_down, policies=()))
    assert sum(before != after for before, after in pairwise(lived_with(free, load, count, interval))) <= 1


def without_clock(which: Policy) -> Policy:
    """The policy with rules of which each has one right count for a load, and with bounds that stand still."""
    backlog, cap = replace(BACKLOG, activation=90.0), replace(CONNECTIONS, target=40.0)
    return replace(which, rules=(BURSTY, LATENCY, backlog, cap), schedules=())


def lived_with(which: Policy, load: float, count: int, interval: float) -> list[int]:
    """The counts under a constant load; replicas take a while to start, and the latency is that of a window ago."""
    count = min(max(count, which.min_replicas), which.max_replicas)
    memory, counts, readies = Memory(), [count], [count]
    for step in range(120):
        ready = min(counts[-3:])
        readies.append(ready)
        readings = {
            "throughput": load,
            "throughput@burst": load,
            "p95": 0.3 * load / (45.0 * readies[max(0, len(readies) - 1 - int(60.0 / interval))]),
            "backlog": load,
            "connections": load * 1.5,
        }
        decision, memory = decide(which, seen(counts[-1], readings, ready=ready), memory, NOW + step * interval)
        counts.append(decision.desired)
    return counts


@many
@given(policies(), scripts, st.floats(0.5, 10.0))
def test_memory_is_bounded_by_the_horizon(which: Policy, script: list[Happening], interval: float) -> None:
    regular = [replace(happening, pause_seconds=interval) for happening in script * 5]
    kept_seconds = max(which.horizon_seconds, which.reversals.period_seconds)
    for moment in live(which, regular):
        assert len(moment.after.recommendations) <= math.ceil(which.horizon_seconds / interval) + 2
        assert len(moment.after.changes) <= math.ceil(kept_seconds / interval) + 1
        assert size_of(moment.after.learned) <= MOST_BYTES


def test_memory_does_not_grow_over_a_day_of_changes() -> None:
    hour = Reversals(1000, 3600.0)
    timeline = Timeline(policy(BURSTY, up=behavior(window=30.0), down=behavior(window=60.0), reversals=hour), count=2)
    for step in range(17_280):
        timeline.see(300.0 + 200.0 * math.sin(step / 7.0))
        assert len(timeline.memory.recommendations) <= 60.0 / 5.0
        assert len(timeline.memory.changes) <= 3600.0 / 5.0
    assert len(timeline.memory.changes) > 50


def test_what_is_learned_in_a_week_is_as_large_as_what_is_learned_in_a_day() -> None:
    which = promising(high=30)
    day, week = (taught(which, every(60.0, noisy(300.0, 100.0, days * 1440))) for days in (1, 7))
    assert size_of(week) == pytest.approx(size_of(day), rel=0.05)  # more or fewer peaks are kept


def test_a_service_needs_little_memory_even_with_a_long_window() -> None:
    which = promising(rule=BURSTY, high=1000, down=behavior(window=300.0))
    timeline, largest = Timeline(which, count=500), 0
    for step in range(1440):  # a load that falls for hours: every wish may still count
        load = 40_000.0 * (1.0 - step / 1440)
        timeline.see({"throughput": load, "throughput@burst": load, OBJECTIVE: 0.001})
        largest = max(largest, size_of(timeline.memory)) if step % 60 == 0 else largest
    assert 10_000 < largest <= MOST_BYTES


@many
@given(
    st.integers(0, len(BASES) - 1),
    st.sampled_from([0.8, 1.0, 1.1, 1.8]),
    st.floats(0.0, 600.0),
    st.integers(1, 12),
    st.floats(1.0, 20.0),
)
def test_a_constant_load_makes_at_most_one_change_once_the_headroom_is_learned(
    base: int, margin: float, load: float, count: int, interval: float
) -> None:
    which = promising(high=12, down=behavior(window=60.0))
    learned = replace(constant(load), choice=Choice(base, margin), elected_at=NOW)
    learned = replace(learned, at=NOW - interval, bin_at=NOW - interval)
    timeline = Timeline(which, count, memory=Memory(learned=learned))
    counts = [count]
    for _ in range(min(150, int(50.0 / interval))):  # no other election comes between
        timeline.see({"throughput": load, OBJECTIVE: AIM * GOAL.budget}, after=interval)
        counts.append(timeline.count)
    assert sum(before != after for before, after in pairwise(counts)) <= 1


def constant(load: float) -> Learned:
    """What three hours of that load teach."""
    return taught(promising(high=12), every(60.0, [load] * 180, start=NOW - 3 * 3600.0))
