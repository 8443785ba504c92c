"""The latency of the simulated plant: the answers of one second, and a histogram as Traefik keeps it."""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from autoscaler.rehearse.simulation.queueing import GRID, Service, waiting_probability

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 2.5, 5, 10)  # of config/traefik
SETTLING_SECONDS = 10.0
SETTLING_SERVICES = 20.0  # or that many service times, if longer


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers of one second: each takes the mean service time after its wait.

    The wait is that for the queue of an overload plus a random part: Erlang C's exponential tail. Near saturation that
    tail forms more slowly than the load changes, so it is taken at the utilisation whose relaxation time,
    2 / (c mu (1 - rho)^2) (Newell, Applications of Queueing Theory, 1982), is `SETTLING_SECONDS`.
    """

    service: Service
    ready: int  # at least 1
    rate: float  # requests per second
    queued_seconds: float

    def slower_than(self, seconds: float) -> float:
        """Return the share of answers that take longer."""
        spare = seconds - self.service.service_seconds - self.queued_seconds
        if spare < 0.0:
            return 1.0
        servers, load = self._servers_and_load()
        return waiting_probability(servers, load) * math.exp(-(servers - load) * spare / self.service.service_seconds)

    def quantile(self, quantile: float) -> float:
        """Return the seconds within which that share of the answers arrives; no wait exceeds the queue limit."""
        servers, load = self._servers_and_load()
        waiting = waiting_probability(servers, load) / (1.0 - quantile)
        chance = math.log(waiting) * self.service.service_seconds / (servers - load) if waiting > 1.0 else 0.0
        return self.service.service_seconds + min(self.queued_seconds + chance, self.service.queue_seconds)

    def _servers_and_load(self) -> tuple[int, float]:
        """Return c and the load in Erlang, rounded to the grid."""
        servers, service_seconds = self.ready * self.service.slots, self.service.service_seconds
        settling = max(SETTLING_SECONDS, SETTLING_SERVICES * service_seconds)
        most = 1.0 - math.sqrt(2.0 * service_seconds / (servers * settling))
        utilisation = min(self.rate / (self.ready * self.service.replica_rate), most)
        return servers, servers * min(math.ceil(utilisation * GRID), GRID - 1) / GRID


class Histogram:
    """Counts answers in Traefik's buckets; keeps the scrapes of the longest window."""

    def __init__(self, scrape_seconds: int, longest_window_seconds: float, buckets: Sequence[float] = BUCKETS) -> None:
        self._bounds = (*buckets, math.inf)
        self._counts = [0.0] * len(self._bounds)
        self._scrape_seconds = scrape_seconds
        kept = math.ceil(longest_window_seconds / scrape_seconds) + 3
        self._scrapes = deque([(0, tuple(self._counts))], maxlen=kept)

    def second(self, answers: Answers, arrivals: float, now: int) -> None:
        """Count the answers of the second that ends at `now`."""
        for index, bound in enumerate(self._bounds):
            self._counts[index] += arrivals * (1.0 - answers.slower_than(bound))
        if now % self._scrape_seconds == 0:
            self._scrapes.append((now, tuple(self._counts)))

    def quantile(self, quantile: float, start: float, end: float) -> float | None:
        """Return PromQL's `histogram_quantile` over [start, end]: NaN without an answer, None without two scrapes."""
        seen = [counts for at, counts in self._scrapes if start <= at <= end]
        if len(seen) < 2:  # noqa: PLR2004  a rate needs two samples
            return None
        return histogram_quantile(quantile, self._bounds, [b - a for a, b in zip(seen[0], seen[-1], strict=True)])


def histogram_quantile(quantile: float, bounds: Sequence[float], counts: Sequence[float]) -> float:
    """Return a quantile from cumulative counts as Prometheus does: linear within a bucket, at most the last bound."""
    rank = quantile * counts[-1]
    if counts[-1] <= 0:
        return math.nan
    if rank <= counts[0]:
        return bounds[0] * rank / counts[0]
    edges = zip(pairwise(bounds), pairwise(counts), strict=True)
    (low, high), (below, upto) = next(edge for edge in edges if edge[1][1] >= rank)
    return low if high == math.inf else low + (high - low) * (rank - below) / (upto - below)
