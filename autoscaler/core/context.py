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
        caps = [(each.replicas, index) for index, each in enumerate(self.proposals) if each.cap]
        known = [(most, index) for most, index in caps if most is not None]
        if not known:
            return None
        most, index = min(known)
        return max(self.bounds.low, most), index

    @property
    def down_window_seconds(self) -> float:
        """How long the highest recommendation is kept: the learned hold, or the policy's window."""
        if self.sizing is not None and self.sizing.hold_seconds is not None:
            return self.sizing.hold_seconds
        return self.policy.scale_down.stabilization_window_seconds
