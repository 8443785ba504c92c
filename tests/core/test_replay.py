"""The past, decided again: the same decisions, the same memory, and what the sizing learns from loads."""

from dataclasses import replace

from autoscaler.core.decide import decide
from autoscaler.core.memory import Memory
from autoscaler.core.model import Observation
from autoscaler.core.policy import Objective, Signal, TraefikSignal
from autoscaler.core.replay import learn_from, replay
from tests.builders import NOW, THROUGHPUT, behavior, policy, seen

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


def test_the_sizing_learns_from_loads_alone_and_forgets_nothing_else() -> None:
    loads = [(NOW + 15.0 * index, 200.0) for index in range(10)]
    before = one_by_one(HISTORY, Memory())
    after = learn_from(SIZED, loads, before)
    assert after.learned is not None
    assert replace(after, learned=None) == before
    assert learn_from(SIZED, loads[5:], learn_from(SIZED, loads[:5], before)) == after


def test_without_an_objective_there_is_nothing_to_learn() -> None:
    assert learn_from(OURS, [(NOW, 200.0)], Memory()) == Memory()
