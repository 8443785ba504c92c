"""A simulated service behind a proxy: replicas that start, serve and drain, a queue, and scraped counters.

A fluid model in steps of one second: arrivals fill a queue that all ready replicas empty; at steady load the share of
slow answers is Erlang C's, and the queue of an overload adds to it. `benchmarks/` compares it with discrete events.
"""

from __future__ import annotations

import random
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import inf

from autoscaler.rehearse.simulation.queueing import Service, slow_share


@dataclass(frozen=True, slots=True)
class Plant:
    """The parameters of the simulated service."""

    service: Service = field(default_factory=Service)
    start_seconds: float = 20.0  # from the request until the replica is ready
    start_jitter: float = 0.2  # +- this share of it
    drain_seconds: float = 10.0  # a removed replica is paid for that much longer
    scrape_seconds: int = 5
    stale_scrapes: int = 1  # the age of a reading in scrapes


class Simulation:
    """The running plant. Time is in whole seconds since the start; randomness comes from the seed."""

    def __init__(self, plant: Plant, replicas: int, seed: int) -> None:
        self.plant = plant
        self.now = 0
        self.ready = replicas
        self.slow_total = 0.0
        self.refused_total = 0.0
        self.arrived_total = 0.0
        self.paid_replica_seconds = 0.0
        self.slow_now = 0.0  # share of the last second's requests
        self._random = random.Random(seed)  # noqa: S311  no secrets
        self._starting: list[float] = []
        self._queue = 0.0
        self._arrived = array("d", [0.0])  # running totals by second
        self._slow = array("d", [0.0])
        self._busy = array("d", [0.0])  # request-seconds
        self._refused = array("d", [0.0])

    @property
    def replicas(self) -> int:
        """Requested replicas: ready or starting."""
        return self.ready + len(self._starting)

    @property
    def capacity(self) -> float:
        """Maximum requests per second of the ready replicas."""
        return self.ready * self.plant.service.replica_rate

    @property
    def queued_seconds(self) -> float:
        """How long a request that arrives now waits for the queue of an overload."""
        return min(self._queue / self.capacity if self.capacity > 0.0 else inf, self.plant.service.queue_seconds)

    @property
    def visible_scrape(self) -> int:
        """The second of the latest scrape that readings use; 0 or less: none yet."""
        return (self.now // self.plant.scrape_seconds - self.plant.stale_scrapes) * self.plant.scrape_seconds

    def scale(self, replicas: int) -> None:
        """Request that many replicas: new ones take a start time; starting ones are removed first, ready ones drain."""
        while self.replicas < replicas:
            jitter = 1.0 + self.plant.start_jitter * (2.0 * self._random.random() - 1.0)
            self._starting.append(self.now + self.plant.start_seconds * jitter)
        while self.replicas > replicas:
            if self._starting:
                self._starting.remove(max(self._starting))
            else:
                self.ready -= 1
                self.paid_replica_seconds += self.plant.drain_seconds

    def second(self, rate: float, arrivals: float) -> None:
        """Advance by one second with `arrivals` requests, at a true rate of `rate` per second."""
        if self._starting:
            self._end_starts()
        slow = self._serve(rate, arrivals)
        self.paid_replica_seconds += self.replicas
        self.slow_now = slow
        self.arrived_total += arrivals
        self.slow_total += arrivals * slow
        self._arrived.append(self.arrived_total)
        self._slow.append(self.slow_total)
        self._refused.append(self.refused_total)
        served = min(rate, self.capacity) * self.plant.service.service_seconds
        self._busy.append(self._busy[-1] + served + self._queue)
        self.now += 1

    def _end_starts(self) -> None:
        waiting = [ready_at for ready_at in self._starting if ready_at > self.now]
        self.ready += len(self._starting) - len(waiting)
        self._starting = waiting

    def _serve(self, rate: float, arrivals: float) -> float:
        """Update the queue; return the share of this second's requests that are slow."""
        service, capacity = self.plant.service, self.capacity
        if capacity <= 0.0:
            self.refused_total += arrivals
            return 1.0
        before = self._queue / capacity
        if before == 0.0 and arrivals <= capacity:
            return slow_share(service, self.ready, rate)
        self._queue = max(0.0, self._queue + arrivals - capacity)
        most = service.queue_seconds * capacity
        if self._queue > most:
            self.refused_total += self._queue - most
            self._queue = most
        return max(slow_share(service, self.ready, rate), _share_above(before, self._queue / capacity, service))

    def scraped_rate(self, window_seconds: float) -> float | None:
        """Return the arrivals per second over the window that ends at the visible scrape."""
        return self._scraped(self._arrived, window_seconds)

    def scraped_concurrency(self, window_seconds: float) -> float | None:
        """Return the mean requests in flight over the same window."""
        return self._scraped(self._busy, window_seconds)

    def scraped_slow_share(self, window_seconds: float) -> float | None:
        """Return the share of slow answers over the same window; 0 without any request."""
        return self._scraped_share(self._slow, window_seconds)

    def scraped_refused_share(self, window_seconds: float) -> float | None:
        """Return the share of refused requests over the same window; 0 without any request."""
        return self._scraped_share(self._refused, window_seconds)

    def fresh_rate(self, window_seconds: float) -> float:
        """Return the arrivals per second over the window that ends now, without delay."""
        start = max(0, self.now - int(window_seconds))
        return (self.arrived_total - self._arrived[start]) / max(1, self.now - start)

    def scraped_span(self, window_seconds: float) -> tuple[int, int]:
        """Return the seconds of the first and the last scrape within the window."""
        scrape, end = self.plant.scrape_seconds, self.visible_scrape
        samples = max(2, round(window_seconds / scrape))  # those in Prometheus' left-open range
        return max(0, end - (samples - 1) * scrape), end

    def _scraped(self, totals: array[float], window_seconds: float) -> float | None:
        start, end = self.scraped_span(window_seconds)
        return (totals[end] - totals[start]) / (end - start) if end > start else None

    def _scraped_share(self, totals: array[float], window_seconds: float) -> float | None:
        arrived, part = self._scraped(self._arrived, window_seconds), self._scraped(totals, window_seconds)
        if arrived is None or part is None:
            return None
        return part / arrived if arrived > 0 else 0.0


def _share_above(before: float, after: float, service: Service) -> float:
    """Return the share of a second in which the queue is too long; its wait changes linearly."""
    limit, low, high = service.patience_seconds, min(before, after), max(before, after)
    if low > limit:
        return 1.0
    return (high - limit) / (high - low) if high > limit else 0.0


def poisson(rates: Iterable[float], seed: int) -> array[float]:
    """Return arrivals for each second, drawn from Poisson distributions with these means."""
    draw = random.Random(seed)  # noqa: S311  no secrets
    return array("d", (_poisson(rate, draw) for rate in rates))


def _poisson(mean: float, draw: random.Random) -> float:
    """Draw by multiplication for small means (Knuth), by the normal approximation for large ones."""
    if mean > 30.0:  # noqa: PLR2004
        return max(0.0, round(draw.gauss(mean, mean**0.5)))
    limit, product, count = 2.718281828459045**-mean, draw.random(), 0
    while product > limit:
        product *= draw.random()
        count += 1
    return float(count)
