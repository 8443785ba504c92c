"""Everything that a limit may look at."""

from dataclasses import dataclass

from autoscaler.core.memory import Memory
from autoscaler.core.model import Proposal, Replicas, Sizing
from autoscaler.core.policy import Policy
from autoscaler.core.schedule import Bounds


@dataclass(frozen=True, slots=True)
class Situation:
    """One service at the moment of a decision; `memory` already holds what was seen and wanted now."""

    policy: Policy
    bounds: Bounds
    replicas: Replicas
    proposals: tuple[Proposal, ...]
    memory: Memory
    now: float
    sizing: Sizing | None = None

    @property
    def down_window_seconds(self) -> float:
        """How long the most that was wanted is kept: as learned, or as the policy says."""
        if self.sizing is not None and self.sizing.hold_seconds is not None:
            return self.sizing.hold_seconds
        return self.policy.scale_down.stabilization_window_seconds
