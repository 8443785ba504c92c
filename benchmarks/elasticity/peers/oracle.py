"""What needs no algorithm: an oracle that knows the demand of the future."""

from __future__ import annotations

from array import array

from benchmarks.elasticity.view import View


class Oracle:
    """Orders each replica just early enough for the demand that it knows will come; holds none longer than needed."""

    interval_seconds = 1.0

    def __init__(self, demand: array[int], start_seconds: float, start_jitter: float) -> None:
        ahead = int(start_seconds * (1 + start_jitter)) + 2
        self._ahead = _sliding_maximum(demand, ahead)

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
