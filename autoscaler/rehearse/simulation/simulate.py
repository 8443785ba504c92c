"""The closed loop: the daemon's own `decide` on a simulated service, with the readings of Prometheus."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from autoscaler.core.decide import decide
from autoscaler.core.memory import Memory
from autoscaler.core.model import Decision, Direction, Observation, Replicas
from autoscaler.core.policy import Policy
from autoscaler.rehearse.run import Run, Sample
from autoscaler.rehearse.simulation.latency import Answers
from autoscaler.rehearse.simulation.plant import Simulation
from autoscaler.rehearse.simulation.queueing import most_rate
from autoscaler.rehearse.simulation.readings import Meter
from autoscaler.rehearse.simulation.scenario import Scenario
from autoscaler.rehearse.simulation.summary import Summary

MOST_SAMPLES = 4000
_P95 = 0.95

Progress = Callable[[float], None]  # receives the completed share, 0 to 1


@dataclass(frozen=True, slots=True)
class SimulatedPolicy:
    """A policy, and the settings of the daemon that applies it."""

    title: str
    policy: Policy
    interval_seconds: float
    max_sample_age_seconds: float
    caveats: tuple[str, ...] = ()


def simulate(simulated: SimulatedPolicy, scenario: Scenario, progress: Progress = lambda _: None) -> Run:
    """Return the policy's run in this scenario; the same arguments give the same run.

    It starts with the ready replicas that the load then needs, within the bounds. Like the daemon it raises at once
    even while replicas start, does not lower meanwhile, and changes nothing while replicas drain.
    """
    loop = _Loop(simulated, scenario)
    total = len(scenario.load.rates)
    for second in range(total):
        loop.second(second)
        if second % max(1, total // 100) == 0:
            progress(second / total)
    progress(1.0)
    return Run(
        simulated.title,
        simulated.policy.service,
        tuple(loop.samples),
        tuple(loop.decisions),
        loop.summary.figures(loop.simulation, loop.decisions),
        scenario.plant.service.goal_seconds,
        simulated.caveats,
    )


@dataclass
class _Loop:
    simulated: SimulatedPolicy
    scenario: Scenario
    samples: list[Sample] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    memory: Memory = field(default_factory=Memory)

    def __post_init__(self) -> None:
        policy, scenario = self.simulated.policy, self.scenario
        bounds = policy.bounds_at(scenario.start)
        replicas = min(max(scenario.demand[0], bounds.low), bounds.high)
        self.simulation = Simulation(scenario.plant, replicas, scenario.seed)
        self.meter = Meter(policy, self.simulation, self.simulated.max_sample_age_seconds)
        self.summary = Summary(scenario.plant.service.goal_seconds)
        self.most = bounds.high
        self._next_at, self._drained_at = 0.0, 0.0
        self._sample_seconds = max(1, round(self.simulated.interval_seconds), len(scenario.load.rates) // MOST_SAMPLES)
        self._highest_load, self._highest_p95 = 0.0, 0.0
        self._shown_from = 0.0 if scenario.load.start is None else scenario.load.start

    def second(self, second: int) -> None:
        """Decide if it is due, and advance by one second."""
        if second >= self._next_at:
            self._next_at += self.simulated.interval_seconds
            self._decide()
        rate, arrivals = self.scenario.load.rates[second], self.scenario.arrivals[second]
        simulation = self.simulation
        simulation.second(rate, arrivals)
        answers = Answers(self.scenario.plant.service, simulation.ready, rate, simulation.queued_seconds)
        p95_seconds = answers.quantile(_P95)
        self.meter.second(answers, arrivals)
        self.summary.second(simulation, self.scenario.demand[second], self.most, p95_seconds)
        self._sample(second, rate, p95_seconds)

    def _decide(self) -> None:
        simulation = self.simulation
        seen = Observation(Replicas(simulation.replicas, simulation.ready), self.meter.readings())
        decision, self.memory = decide(self.simulated.policy, seen, self.memory, self.scenario.start + simulation.now)
        self.most = decision.high
        up = decision.direction is Direction.UP
        if decision.direction is Direction.NONE or self._is_busy(up=up):
            return
        self._drained_at = simulation.now + (0.0 if up else self.scenario.plant.drain_seconds)
        self.decisions.append(replace(decision, at=self._shown_from + simulation.now))
        simulation.scale(decision.desired)

    def _is_busy(self, *, up: bool) -> bool:
        starting = self.simulation.ready < self.simulation.replicas
        return self.simulation.now < self._drained_at or (starting and not up)

    def _sample(self, second: int, rate: float, p95_seconds: float) -> None:
        """Keep the highest values since the latest sample."""
        load, p95 = max(rate, self._highest_load), max(p95_seconds, self._highest_p95)
        self._highest_load, self._highest_p95 = load, p95
        if second % self._sample_seconds:
            return
        simulation, scenario = self.simulation, self.scenario
        capacity = most_rate(scenario.plant.service, simulation.ready, scenario.slow_share)
        self.samples.append(
            Sample(self._shown_from + second, load, capacity, simulation.replicas, simulation.ready, p95)
        )
        self._highest_load, self._highest_p95 = 0.0, 0.0
