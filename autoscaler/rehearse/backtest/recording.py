"""The recorded past of a service, and its projection to other replica counts."""

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from autoscaler.core.model import Reading
from autoscaler.core.policy import OBJECTIVE, Policy, Source


@dataclass(frozen=True, slots=True)
class Recording:
    """The recorded past of a service: one entry per instant (unix seconds, evenly spaced)."""

    instants: Sequence[float]
    readings: Mapping[Source, Sequence[Reading]]
    replicas: Sequence[int | None]  # ready then; None: unknown
    since: float = -math.inf  # the first time with counted requests

    @property
    def first(self) -> int:
        """The index of the first instant at which the service was measured; the length if there is none."""
        begin = bisect_left(self.instants, self.since)
        return next((index for index in range(begin, len(self.instants)) if self._measured(index)), len(self.instants))

    def _measured(self, index: int) -> bool:
        return any(readings[index].value is not None for readings in self.readings.values())


def readings_with(policy: Policy, recording: Recording, index: int, ready: int) -> dict[str, Reading]:
    """Return the readings of an instant, projected to that many ready replicas.

    A value per replica is spread over the other count. The share of slow answers cannot be projected and is left out.
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
