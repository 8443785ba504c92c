"""The scenario of a simulation: the load, the plant, and the replicas that the load needs at least."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property

from autoscaler.rehearse.simulation.loads import Load
from autoscaler.rehearse.simulation.plant import Plant, poisson
from autoscaler.rehearse.simulation.queueing import most_rate, needed

MONDAY = 1_704_067_200.0  # 2024-01-01 00:00 UTC, the start of a load without a particular time


@dataclass(frozen=True)
class Scenario:
    """The load and the plant around a policy. Two policies in the same scenario receive the same requests."""

    load: Load
    plant: Plant
    slow_share: float = 0.01  # of answers that may be slow; determines the demand
    seed: int = 1

    @cached_property
    def arrivals(self) -> array[float]:
        """The requests of every second."""
        return poisson(self.load.rates, self.seed)

    @cached_property
    def demand(self) -> array[int]:
        """The fewest replicas that keep the goal, for every second."""
        service, slow = self.plant.service, self.slow_share
        counts = range(1, needed(service, self.load.peak, slow) + 1)
        return array(
            "i", (1 + bisect_left(counts, rate, key=lambda n: most_rate(service, n, slow)) for rate in self.load.rates)
        )

    @property
    def start(self) -> float:
        """The start in unix seconds, for schedules."""
        return MONDAY if self.load.start is None else self.load.start
