"""Our own policy, as the daemon runs it: the policy file, the core's `decide`, readings from the plant's counters."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from autoscaler.config.load import load
from autoscaler.config.settings import Settings
from autoscaler.core.decide import decide
from autoscaler.core.memory import Memory
from autoscaler.core.model import Decision, Observation, Reading, ReadingKind, Replicas
from autoscaler.core.policy import OBJECTIVE, Policy
from autoscaler.core.replay import learn_from
from benchmarks.elasticity.traces import PAST_STEP_SECONDS
from benchmarks.elasticity.view import FullView

CONFIG = Path(__file__).parent / "policy.yaml"
EPOCH = 1_700_000_000.0 // 604800 * 604800  # a trace begins with a week


def policy(name: str, *, per_replica: float, max_replicas: int) -> Policy:
    """Return a policy of the file, with the load per replica that is swept, and enough room."""
    found = load(CONFIG, Settings(config=CONFIG)).services[name].policy
    rules = tuple(replace(rule, target=per_replica) for rule in found.rules)
    return replace(found, rules=rules, max_replicas=max_replicas)


class Ours:
    """The core in the loop of the benchmark; like the daemon, it lowers nothing while replicas start or drain."""

    interval_seconds = 4.0

    def __init__(self, which: Policy, *, start: float, drain_seconds: float, memory: Memory) -> None:
        self._policy = which
        self._start = EPOCH + start
        self._drain_seconds = drain_seconds
        self._drained_at = 0.0
        self._memory = memory

    def decide(self, view: FullView) -> int:
        observation = Observation(Replicas(view.replicas, view.ready), readings(self._policy, view))
        decision, self._memory = decide(self._policy, observation, self._memory, self._start + view.now)
        return self._acted_on(decision, view)

    def _acted_on(self, decision: Decision, view: FullView) -> int:
        starting, draining = view.ready < view.replicas, view.now < self._drained_at
        if draining or (starting and decision.desired < view.replicas):
            return view.replicas
        if decision.desired < view.replicas:
            self._drained_at = view.now + self._drain_seconds
        return decision.desired


def readings(which: Policy, view: FullView) -> dict[str, Reading]:
    """Return what Prometheus would answer about the plant."""
    rule = which.rules[0]
    found = {rule.name: _reading(view.scraped_rate(rule.source.window_seconds))}
    if rule.burst is not None:
        found[rule.burst_name] = _reading(view.scraped_rate(rule.burst.window_seconds))
    if which.objective is not None:
        found[OBJECTIVE] = _reading(view.scraped_slow_share(which.objective.source.window_seconds))
    return found


def _reading(value: float | None) -> Reading:
    return Reading(ReadingKind.EMPTY) if value is None else Reading.of(value)


def trained(which: Policy, past: Iterable[float], *, start: float, start_seconds: float) -> Memory:
    """Return the memory of a daemon that starts anew over a Prometheus that knows the past loads."""
    loads = list(past)
    end = EPOCH + start
    begin = end - len(loads) * PAST_STEP_SECONDS
    history = ((begin + index * PAST_STEP_SECONDS, load) for index, load in enumerate(loads))
    return learn_from(which, history, Memory(start_seconds=start_seconds), end)
