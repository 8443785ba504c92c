"""A service lived through step by step: decisions with memory, and a fleet that follows them."""

from collections.abc import Mapping

from autoscaler.core.decide import decide
from autoscaler.core.memory import Memory
from autoscaler.core.model import Decision, Observation, Override, Reading, Replicas
from autoscaler.core.policy import Policy
from tests.support.builders import NOW, seen

Readings = Mapping[str, Reading | float]


class Timeline:
    """Decides step by step, and lets the fleet follow each decision at once, as the daemon would."""

    def __init__(self, which: Policy, count: int, *, now: float = NOW, memory: Memory = Memory()) -> None:  # noqa: B008
        self.policy, self.count, self.now, self.memory = which, count, now, memory
        self.unready = 0
        self.override: Override | None = None

    def see(self, readings: Readings | Reading | float, *, after: float = 5.0, follow: bool = True) -> Decision:
        """Decide on these readings (a single one is of `throughput`), then let `after` seconds pass."""
        if not isinstance(readings, Mapping):
            readings = {"throughput": readings}
        return self.observe(seen(self.count, readings, ready=self.count - self.unready), after=after, follow=follow)

    def observe(self, observation: Observation, *, after: float = 5.0, follow: bool = True) -> Decision:
        decision, self.memory = decide(self.policy, observation, self.memory, self.now, self.override)
        self.now += after
        if follow:
            self.count = decision.desired
        return decision

    def under_way(self, readings: Readings, *, current: int, ready: int, after: float = 5.0) -> Decision:
        """Decide while an operation towards the present count has come as far as that."""
        values = seen(self.count, readings).readings
        return self.observe(Observation(Replicas(current, ready, requested=self.count), values), after=after)
