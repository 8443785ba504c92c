"""The past, decided again: the same decisions, the same memory, and what the sizing learns from loads."""

from dataclasses import replace

import pytest

from autoscaler.core.decide import decide
from autoscaler.core.memory import Memory
from autoscaler.core.model import Observation
from autoscaler.core.policy import Objective, Signal, TraefikSignal
from autoscaler.core.replay import learn_from, recall_capacity, replay
from tests.support.builders import NOW, THROUGHPUT, behavior, policy, seen

OURS = policy(down=behavior(window=60.0))
SLOW = TraefikSignal(Signal.SLOW_RATIO, 60.0, threshold_seconds=0.3)
SIZED = replace(policy(THROUGHPUT), objective=Objective(0.3, 0.99, SLOW, "throughput"))
HISTORY = [(NOW + 5.0 * index, seen(4, {"throughput": 100.0 + 37.0 * (index % 7)})) for index in range(30)]


def one_by_one(history: list[tuple[float, Observation]], memory: Memory) -> Memory:
    for at, observation in history:
        _, memory = decide(OURS, observation, memory, at)
    return memory


def test_a_replay_decides_as_the_daemon_did() -> None:
    decisions = list(replay(OURS, HISTORY, Memory()))
    assert [decision.at for decision, _ in decisions] == [at for at, _ in HISTORY]
    assert decisions[-1][1] == one_by_one(HISTORY, Memory())


def test_a_replay_goes_on_from_the_memory_that_it_is_given() -> None:
    before = one_by_one(HISTORY[:12], Memory())
    *_, (_, memory) = replay(OURS, HISTORY[12:], before)
    assert memory == one_by_one(HISTORY, Memory())


def loads(start: float, count: int, level: float = 200.0) -> list[tuple[float, float]]:
    """As many loads that rise a little."""
    return [(start + 15.0 * index, level + index) for index in range(count)]


def test_the_sizing_learns_from_loads_alone_and_forgets_nothing_else() -> None:
    past = loads(NOW, 10)
    until = past[-1][0]
    before = one_by_one(HISTORY, Memory())
    after = learn_from(SIZED, past, before, until)
    assert after.learned is not None
    assert after.learned.levels.bases[0] == past[-1][1]
    assert replace(after, learned=None) == before
    assert learn_from(SIZED, past[5:], learn_from(SIZED, past[:5], before, until), until) == after


def test_without_an_objective_there_is_nothing_to_learn() -> None:
    assert learn_from(OURS, [(NOW, 200.0)], Memory(), NOW) == Memory()


@pytest.mark.parametrize(("per_replica", "factor"), [(40.0, 0.8), (1000.0, 2.0), (1.0, 0.5)])
def test_the_load_per_replica_that_was_learned_before_is_taken_up_within_a_factor_of_two(
    per_replica: float, factor: float
) -> None:
    known = learn_from(SIZED, loads(NOW, 3), Memory(), NOW)
    learned = recall_capacity(SIZED, known, {("userservice", "throughput"): per_replica}).learned
    assert learned is not None
    assert learned.capacity.factor == pytest.approx(factor)


def test_without_loads_to_stand_on_or_where_none_was_learned_the_capacity_is_left_as_it_is() -> None:
    known = learn_from(SIZED, loads(NOW, 3), Memory(), NOW)
    assert recall_capacity(SIZED, Memory(), {("userservice", "throughput"): 40.0}) == Memory()
    assert recall_capacity(SIZED, known, {("userservice", "another"): 40.0}) == known
    assert recall_capacity(OURS, known, {("userservice", "throughput"): 40.0}) == known
