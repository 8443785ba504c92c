"""The figures of a simulation: service to users, cost, and number of changes."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

from autoscaler.core.model import Decision
from autoscaler.formats import format_duration
from autoscaler.rehearse.run import Figure, count_reversals
from autoscaler.rehearse.simulation.plant import Simulation


@dataclass(slots=True)
class Summary:
    """Sums over a simulation, second by second."""

    goal_seconds: float
    seconds: int = 0
    seconds_under: int = 0  # with fewer ready replicas than needed
    demanded: float = 0.0  # replica-seconds
    replica_seconds: float = 0.0  # requested
    peak_replicas: int = 0
    seconds_at_max: int = 0
    p95_seconds: array[float] = field(default_factory=lambda: array("d"))  # of every second

    def second(self, simulation: Simulation, demand: int, most: int, p95_seconds: float) -> None:
        """Add the last second; `demand` replicas were needed, `most` allowed."""
        replicas = simulation.replicas
        self.seconds += 1
        self.seconds_under += simulation.ready < demand
        self.demanded += demand
        self.replica_seconds += replicas
        self.peak_replicas = max(self.peak_replicas, replicas)
        self.seconds_at_max += replicas >= most
        self.p95_seconds.append(p95_seconds)

    def figures(self, simulation: Simulation, changes: Sequence[Decision]) -> tuple[Figure, ...]:
        """Return the figures at the end of the simulation."""
        return (*self._service(simulation), *self._cost(simulation), *self._calm(changes))

    def _service(self, simulation: Simulation) -> tuple[Figure, ...]:
        requests, goal = simulation.arrived_total, format_duration(self.goal_seconds)
        return (
            Figure("requests", f"{requests:,.0f}", requests),
            _share(f"answers slower than {goal}", simulation.slow_total, requests),
            _share("refused requests", simulation.refused_total, requests),
            self._p95(),
            self._time("time with too little capacity", self.seconds_under),
        )

    def _p95(self) -> Figure:
        ordered = sorted(self.p95_seconds)
        seconds = ordered[int(0.95 * len(ordered))]
        return Figure("p95 in 95 % of the time below", f"{seconds * 1000:,.0f} ms", seconds)

    def _cost(self, simulation: Simulation) -> tuple[Figure, ...]:
        mean, hours = self.replica_seconds / self.seconds, simulation.paid_replica_seconds / 3600
        ratio = simulation.paid_replica_seconds / self.demanded
        return (
            Figure("replicas on average", f"{mean:.2f}", mean),
            Figure("replicas at the peak", f"{self.peak_replicas}", self.peak_replicas),
            Figure("replica-hours", f"{hours:.2f}", hours),
            Figure("replica-hours over the ideal", f"{ratio:.2f} x", ratio),
            self._time("time at the maximum", self.seconds_at_max),
        )

    def _calm(self, changes: Sequence[Decision]) -> tuple[Figure, ...]:
        hours = self.seconds / 3600
        per_hour, reversals = len(changes) / hours, count_reversals(changes) / hours
        return (
            Figure("changes per hour", f"{per_hour:.1f}", per_hour),
            Figure("reversals per hour", f"{reversals:.1f}", reversals),
        )

    def _time(self, name: str, seconds: int) -> Figure:
        words = f"{format_duration(seconds)} ({seconds / self.seconds:.1%})" if seconds else "never"
        return Figure(name, words, float(seconds))


def _share(name: str, part: float, whole: float) -> Figure:
    share = part / whole if whole > 0 else 0.0
    return Figure(name, f"{share:.2%}", share)
