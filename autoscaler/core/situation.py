"""Everything that a limit may look at."""

from dataclasses import dataclass

from autoscaler.core.model import Memory, Proposal, Replicas
from autoscaler.core.policy import Policy


@dataclass(frozen=True, slots=True)
class Situation:
    """One service at the moment of a decision; `memory` already holds what was seen and wanted now."""

    policy: Policy
    replicas: Replicas
    proposals: tuple[Proposal, ...]
    memory: Memory
    now: float
