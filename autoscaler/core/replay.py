"""A restart without forgetting: memory rebuilt from what Prometheus still knows."""

from collections.abc import Iterable
from dataclasses import replace

from autoscaler.core.decide import decide
from autoscaler.core.memory import Memory
from autoscaler.core.model import Decision, Observation, Reading, Replicas
from autoscaler.core.policy import Policy
from autoscaler.core.sizing import Starts, learn


def replay(
    policy: Policy, history: Iterable[tuple[float, Observation]], memory: Memory
) -> Iterable[tuple[Decision, Memory]]:
    """Decide again at each instant of the past (unix seconds, ascending), as the daemon did or would have done."""
    for at, observation in history:
        decision, memory = decide(policy, observation, memory, at)
        yield decision, memory


def learn_from(policy: Policy, loads: Iterable[tuple[float, float]], memory: Memory) -> Memory:
    """Return the memory with what the sizing learns from past loads of its rule (unix seconds, per second)."""
    objective = policy.objective
    if objective is None:
        return memory
    nobody = Replicas(0, 0)
    learned = memory.learned
    for at, load in loads:
        seen = Observation(nobody, {objective.rule: Reading.of(load)})
        learned = learn(policy, seen, learned, Starts(memory.start_seconds), at)
    return replace(memory, learned=learned)
