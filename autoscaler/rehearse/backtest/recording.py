"""What is known of a service's past, and what of it would have been the same with other replicas."""

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from autoscaler.core.model import Reading
from autoscaler.core.policy import OBJECTIVE, Policy, Source


@dataclass(frozen=True, slots=True)
class Recording:
    """What is known of a service's past: one entry for each instant (unix seconds, evenly spaced)."""

    instants: Sequence[float]
    readings: Mapping[Source, Sequence[Reading]]
    replicas: Sequence[int | None]  # how many served then; None: nobody knows
    since: float = -math.inf  # before that the service did not exist, as far as one knows

    @property
    def first(self) -> int:
        """The index of the first instant at which the service was measured; the length if there is none."""
        begin = bisect_left(self.instants, self.since)
        return next((index for index in range(begin, len(self.instants)) if self._measured(index)), len(self.instants))

    def _measured(self, index: int) -> bool:
        return any(readings[index].value is not None for readings in self.readings.values())


def seen_with(policy: Policy, recording: Recording, index: int, ready: int) -> dict[str, Reading]:
    """Return the readings of an instant as they would have been with so many ready replicas, as far as one can tell.

    A value per replica is spread over the other number. How many answers would have been slow, nobody can tell.
    """
    then = recording.replicas[index]
    readings = {name: recording.readings[source][index] for name, source in policy.sources.items()}
    if then != ready:
        readings.pop(OBJECTIVE, None)
    if then and ready and then != ready:
        shared = [rule.name for rule in policy.rules if rule.spreads]
        readings |= {name: _spread(readings[name], then, ready) for name in shared}
    return readings


def _spread(reading: Reading, then: int, ready: int) -> Reading:
    if reading.value is None:
        return reading
    note = f"measured with {then} replicas, projected to {ready}"
    return replace(reading, value=reading.value * then / ready, note=note)
