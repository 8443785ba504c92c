"""What needs no algorithm: perfect foresight, the limit of what any policy can do."""

from __future__ import annotations

from array import array

from autoscaler.rehearse.simulation.plant import Plant
from autoscaler.rehearse.simulation.queueing import needed
from benchmarks.elasticity.traces import Trace
from benchmarks.elasticity.view import View

_SLOW_SHARE = 0.01  # that the demand allows


class Foresight:
    """Orders each replica just early enough for the demand that it knows will come; holds none longer than needed.

    A higher target makes it spend its slow answers: it then prepares for so much less than what comes.
    """

    interval_seconds = 1.0

    def __init__(self, trace: Trace, plant: Plant, target: float) -> None:
        ahead = int(plant.start_seconds * (1 + plant.start_jitter)) + 2
        needs = {rate: needed(plant.service, rate / target, _SLOW_SHARE) for rate in set(trace.rates)}
        self._ahead = _sliding_maximum(array("i", (needs[rate] for rate in trace.rates)), ahead)

    def decide(self, view: View) -> int:
        return self._ahead[int(view.now)]


def _sliding_maximum(values: array[int], length: int) -> array[int]:
    """Return the maximum of each value and the next ones, `length` in all (a monotone queue from the right)."""
    result = array("i", values)
    queue: list[int] = []
    for index in range(len(values) - 1, -1, -1):
        while queue and values[queue[-1]] <= values[index]:
            queue.pop()
        queue.append(index)
        if queue[0] >= index + length:
            queue.pop(0)
        result[index] = values[queue[0]]
    return result
