"""Rebuilds a memory from the past in Prometheus, for example after a restart."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from autoscaler.core.decide import decide
from autoscaler.core.memory import Memory
from autoscaler.core.model import Decision, Observation, Reading, Replicas
from autoscaler.core.policy import Policy
from autoscaler.core.sizing.capacity import restore
from autoscaler.core.sizing.sizing import REACH_SECONDS, Starts, learn


def replay(
    policy: Policy, history: Iterable[tuple[float, Observation]], memory: Memory
) -> Iterable[tuple[Decision, Memory]]:
    """Decide again at each past instant (unix seconds, ascending), as the daemon did or would have done."""
    for at, observation in history:
        decision, memory = decide(policy, observation, memory, at)
        yield decision, memory


def learn_from(policy: Policy, loads: Iterable[tuple[float, float]], memory: Memory, until: float) -> Memory:
    """Return the memory with what the sizing learns from past loads of its rule (unix seconds, per second).

    Loads out of its reach before `until` are skipped.
    """
    objective = policy.objective
    if objective is None:
        return memory
    none, starts = Replicas(0, 0), Starts(memory.start_seconds)
    learned = memory.learned
    for at, load in loads:
        if at >= until - REACH_SECONDS:
            learned = learn(policy, Observation(none, {objective.rule: Reading.of(load)}), learned, starts, at)
    return replace(memory, learned=learned)


def recall_capacity(policy: Policy, memory: Memory, per_replica: Mapping[tuple[str, str], float]) -> Memory:
    """Return the memory with the load per replica learned earlier, by service and rule; unchanged without any load."""
    objective, learned = policy.objective, memory.learned
    if objective is None or not objective.learn_capacity or learned is None:
        return memory
    known = per_replica.get((policy.service, objective.rule))
    if known is None:
        return memory
    capacity = restore(learned.capacity, known, policy.sized_rule.target)
    return replace(memory, learned=replace(learned, capacity=capacity))
