"""What the sizing learned is learned again: all the load there is, as far as the time for it allows."""

from dataclasses import replace

import pytest

from autoscaler.core.decide import decide
from autoscaler.core.memory import Memory
from autoscaler.core.model import Reading, ReadingKind
from autoscaler.core.policy import Objective, Signal, TraefikSignal
from autoscaler.core.replay import learn_from
from autoscaler.errors import MetricsUnavailable
from autoscaler.warmstart.window import window_before
from tests.support.builders import NOW, THROUGHPUT, behavior, policy, seen
from tests.support.past import STEP, FakePast, restarted

SLOW = TraefikSignal(Signal.SLOW_RATIO, 60.0, threshold_seconds=0.3)
SIZED = replace(policy(THROUGHPUT, down=behavior(window=300.0)), objective=Objective(0.3, 0.99, SLOW, "throughput"))
WINDOW = window_before(NOW, [SIZED], STEP)
NOTHING = Reading(ReadingKind.EMPTY)
FIRST_LOAD = WINDOW.start - 7200.0


def two_hours(at: float) -> Reading:
    """A load that was measured for the two hours before the window only."""
    known = at >= FIRST_LOAD
    return Reading.of(200.0 + at % 100) if known else NOTHING


def test_the_sizing_learns_from_all_the_load_there_is_day_by_day() -> None:
    past = FakePast({THROUGHPUT.source: two_hours})
    rebuilt = restarted(past, SIZED)["userservice"]
    assert rebuilt.problem is None
    assert rebuilt.load_days * 24 == pytest.approx(2.0, abs=0.01)
    learning = [span for span in past.asked if span.step_seconds == 15.0]
    assert max(len(span) for span in learning) == 24 * 240
    assert round((WINDOW.start - learning[1].start) / 86_400) == 5
    every = sorted({at for span in learning[1:] for at in span.instants})
    loads = [(at, value) for at in every if (value := two_hours(at).value) is not None]
    expected = learn_from(SIZED, loads, Memory(), WINDOW.start)
    for at in WINDOW.instants:
        observation = seen(
            4, {"throughput": two_hours(at), "@objective": Reading(ReadingKind.EMPTY, note="nothing is known")}
        )
        _, expected = decide(SIZED, observation, expected, at)
    assert rebuilt.memory.learned == expected.learned


@pytest.mark.parametrize(
    ("seconds_per_day", "days"),
    [
        pytest.param(0.0, [1, 5], id="all the time of the world"),
        pytest.param(3.0, [1, 5], id="time for five days, just"),
        pytest.param(6.0, [1], id="time for a day"),
        pytest.param(25.0, [1], id="not even that"),
    ],
)
def test_a_longer_past_is_begun_only_if_there_is_time_for_it(seconds_per_day: float, days: list[int]) -> None:
    past = FakePast({THROUGHPUT.source: two_hours})
    past.seconds_per_day = seconds_per_day
    rebuilt = restarted(past, SIZED)["userservice"]
    begins = [span for span in past.asked if span.step_seconds == 15.0]
    assert len(begins) == sum(days)
    assert rebuilt.window_seconds == WINDOW.end - WINDOW.start
    assert rebuilt.problem == ("there was no time to learn" if seconds_per_day == 25.0 else None)


OLD_TARGET = {("userservice", "throughput"): 0.8 * THROUGHPUT.target, ("other", "throughput"): 1.0}


def test_what_a_replica_can_serve_is_recalled_as_it_was_learned() -> None:
    past = FakePast({THROUGHPUT.source: two_hours})
    past.learned = OLD_TARGET
    rebuilt = restarted(past, SIZED)["userservice"]
    assert rebuilt.memory.learned is not None
    assert rebuilt.memory.learned.capacity.factor == pytest.approx(0.8)
    assert "capacity" in rebuilt.trusted


def test_a_changed_statement_leaves_what_was_learned_as_it_was() -> None:
    """It is the load per replica that was learned, not the factor; no further than a factor of two."""
    for stated, factor in ((0.5, 1.6), (0.2, 2.0), (4.0, 0.5)):
        past = FakePast({THROUGHPUT.source: two_hours})
        past.learned = OLD_TARGET
        rule = replace(THROUGHPUT, target=stated * THROUGHPUT.target)
        learned = restarted(past, replace(SIZED, rules=(rule,)))["userservice"].memory.learned
        assert learned is not None
        assert learned.capacity.factor == pytest.approx(factor)


def test_the_capacity_begins_anew_where_it_is_not_learned_or_nobody_knows() -> None:
    off, unknown, refused = (FakePast({THROUGHPUT.source: two_hours}) for _ in range(3))
    off.learned = refused.learned = OLD_TARGET
    refused.errors["capacities"] = MetricsUnavailable("refused the query")
    fixed = replace(SIZED, objective=replace(SIZED.objective, learn_capacity=False))  # type: ignore[type-var]
    for past, ours in ((off, fixed), (unknown, SIZED), (refused, SIZED)):
        rebuilt = restarted(past, ours)["userservice"]
        assert rebuilt.problem is None
        assert rebuilt.memory.learned is not None
        assert rebuilt.memory.learned.capacity.factor == 1.0


def test_a_prometheus_that_knows_no_weeks_still_gives_the_window() -> None:
    past = FakePast({THROUGHPUT.source: two_hours})
    past.errors[15.0] = MetricsUnavailable("gave a partial answer")
    rebuilt = restarted(past, SIZED)["userservice"]
    assert (rebuilt.problem, rebuilt.load_days) == ("gave a partial answer", 0.0)
    assert past.capacities_asked == 0  # nothing is learned that it could stand on
    assert rebuilt.window_seconds == WINDOW.end - WINDOW.start


def test_the_window_is_read_last_and_reaches_up_to_the_moment_at_which_learning_ended() -> None:
    past = FakePast({THROUGHPUT.source: two_hours})
    past.seconds_per_day = 2.0
    rebuilt = restarted(past, SIZED)["userservice"]
    took_seconds = past.seconds_per_day * (1 + 5)
    assert past.asked[-1].step_seconds == STEP
    assert past.asked[-1].end == pytest.approx(NOW + took_seconds, abs=1.0)
    assert rebuilt.memory.last_seen is not None
    assert rebuilt.memory.last_seen.at == past.asked[-1].end
