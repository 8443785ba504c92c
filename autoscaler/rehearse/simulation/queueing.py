"""M/M/c by Erlang's formulae: the waiting time of requests, and the replicas that a load needs. Pure."""

import math
from dataclasses import dataclass
from functools import lru_cache

GRID = 1000  # utilisations are rounded up to steps of 1/GRID, which is slightly conservative


@dataclass(frozen=True, slots=True)
class Service:
    """One service: the abilities of a replica, and the goal."""

    slots: int = 8  # requests that a replica serves at once
    service_seconds: float = 0.1  # mean time to serve one
    goal_seconds: float = 0.3  # an answer that takes longer is slow
    queue_seconds: float = 5.0  # a request that would wait longer is refused

    @property
    def replica_rate(self) -> float:
        """Maximum requests per second of one replica."""
        return self.slots / self.service_seconds

    @property
    def patience_seconds(self) -> float:
        """The longest wait within the goal, for a request with the mean service time."""
        return max(0.0, self.goal_seconds - self.service_seconds)


@lru_cache(maxsize=100_000)
def waiting_probability(servers: int, load: float) -> float:
    """Return Erlang C: the share of requests that wait, for `load` in Erlang (arrival rate x service time).

    By the recursion of Erlang B, B(k) = a B(k-1) / (k + a B(k-1)), and C = c B / (c - a (1 - B)).
    """
    if load >= servers:
        return 1.0
    blocked = 1.0
    for k in range(1, servers + 1):
        blocked = load * blocked / (k + load * blocked)
    return servers * blocked / (servers - load * (1.0 - blocked))


@lru_cache(maxsize=100_000)
def _slow_share(service: Service, replicas: int, utilisation: int) -> float:
    servers = replicas * service.slots
    load = servers * utilisation / GRID
    rest = (servers - load) * service.patience_seconds / service.service_seconds
    return waiting_probability(servers, load) * math.exp(-rest)


def slow_share(service: Service, replicas: int, rate: float) -> float:
    """Return the share of answers slower than the goal at a steady `rate` (requests per second)."""
    if replicas <= 0:
        return 1.0
    utilisation = math.ceil(rate / (replicas * service.replica_rate) * GRID)
    if utilisation >= GRID:
        return 1.0
    return _slow_share(service, replicas, utilisation)


@lru_cache(maxsize=10_000)
def most_rate(service: Service, replicas: int, slow: float = 0.01) -> float:
    """Return the highest steady rate with at most the share `slow` of slow answers."""
    low, high = 0, GRID
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _slow_share(service, replicas, middle) <= slow else (low, middle)
    return low / GRID * replicas * service.replica_rate


def needed(service: Service, rate: float, slow: float = 0.01) -> int:
    """Return the fewest replicas for a steady rate with at most the share `slow` of slow answers: the demand curve."""
    replicas = max(1, int(rate / service.replica_rate))
    while most_rate(service, replicas, slow) < rate:
        replicas += 1
    return replicas
