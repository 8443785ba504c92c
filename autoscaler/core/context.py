"""The input of every limit."""

from dataclasses import dataclass

from autoscaler.core.memory import Memory
from autoscaler.core.model import Override, Proposal, Replicas, Sizing
from autoscaler.core.policy import Policy
from autoscaler.core.schedule import Bounds


@dataclass(frozen=True, slots=True)
class DecisionContext:
    """One service at the moment of a decision; `memory` already includes this observation and recommendation."""

    policy: Policy
    bounds: Bounds
    replicas: Replicas
    proposals: tuple[Proposal, ...]
    memory: Memory
    now: float
    sizing: Sizing | None = None
    override: Override | None = None

    @property
    def cap(self) -> tuple[int, int] | None:
        """The lowest count of all cap rules, at least the minimum, and the index of its rule; None: no cap."""
        caps = [
            (each.replicas, index)
            for index, each in enumerate(self.proposals)
            if each.cap and each.replicas is not None
        ]
        most, index = min(caps, default=(None, 0))
        return None if most is None else (max(self.bounds.low, most), index)
