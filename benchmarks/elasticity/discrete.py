"""The plant once more, request by request: what the fluid model in `autoscaler.rehearse` is held against.

Poisson arrivals, slots as servers with exponential service times, one FIFO queue at the proxy, refusal of what would
wait too long, replicas that come and go at given seconds: M/M/c with a changing c.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from autoscaler.rehearse.simulation.queueing import Service

REFUSED = float("inf")


@dataclass(slots=True)
class Waits:
    """How long each request waited, in the order of arrival; refused ones waited for ever."""

    arrived_at: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def between(self, start: float, end: float) -> list[float]:
        """Return the waits of those that came within [start, end)."""
        return [wait for at, wait in zip(self.arrived_at, self.seconds, strict=True) if start <= at < end]

    def slow_share(self, patience_seconds: float, start: float, end: float) -> float:
        """Return the share of those that waited longer than `patience_seconds`."""
        waits = self.between(start, end)
        return sum(wait > patience_seconds for wait in waits) / len(waits)

    def quantile(self, quantile: float, start: float, end: float) -> float:
        """Return a quantile of the waits."""
        waits = sorted(self.between(start, end))
        return waits[int(quantile * len(waits))]


def simulate(service: Service, rates: Sequence[float], ready: Mapping[int, int], seed: int) -> Waits:
    """Return the waits of all requests; `rates` by the second, `ready` replicas from each second on, first from 0."""
    draw = random.Random(seed)
    proxy = _Proxy(service, draw)
    for at, replicas in _events(rates, ready, draw):
        proxy.serve_until(at)
        if replicas is None:
            proxy.arrive(at)
        else:
            proxy.servers = replicas * service.slots
            proxy.start(at)
    proxy.serve_until(REFUSED)
    return proxy.waits


def _events(
    rates: Sequence[float], ready: Mapping[int, int], draw: random.Random
) -> Iterator[tuple[float, int | None]]:
    """Yield arrivals (None) and changes of the replicas, in the order of time."""
    for second, rate in enumerate(rates):
        if second in ready:
            yield second, ready[second]
        at = float(second)
        while rate > 0 and (at := at + draw.expovariate(rate)) < second + 1:
            yield at, None


class _Proxy:
    """The queue and the servers behind it; a server that is taken away ends the request that it has."""

    def __init__(self, service: Service, draw: random.Random) -> None:
        self.servers = 0
        self.waits = Waits()
        self._service = service
        self._draw = draw
        self._queue: deque[int] = deque()  # indices of requests
        self._ends: list[float] = []  # when the busy servers are free again

    def arrive(self, at: float) -> None:
        """Queue a request, or refuse it when those before it will take too long."""
        ahead_seconds = len(self._queue) * self._service.service_seconds / self.servers
        if ahead_seconds < self._service.queue_seconds:
            self._queue.append(len(self.waits.seconds))
        self.waits.arrived_at.append(at)
        self.waits.seconds.append(REFUSED)
        self.start(at)

    def serve_until(self, at: float) -> None:
        while self._ends and self._ends[0] <= at:
            self.start(heapq.heappop(self._ends))

    def start(self, now: float) -> None:
        """Give waiting requests to free servers."""
        while self._queue and len(self._ends) < self.servers:
            request = self._queue.popleft()
            self.waits.seconds[request] = now - self.waits.arrived_at[request]
            heapq.heappush(self._ends, now + self._draw.expovariate(1 / self._service.service_seconds))
