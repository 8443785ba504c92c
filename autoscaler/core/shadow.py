"""Headroom by measurement: many what-ifs run beside the real service, on the load that really came.

Each shadow is one pair of a headroom (replicas for so many times the load) and a hold (the most that was wanted is kept
for so long). Every 15 seconds each of them decides, too, as if it ran the service, its replicas ready only after the
measured start time. What it would have cost and which requests would have met too few replicas is summed up and slowly
forgotten. The cheapest that kept the objective is followed. That is the quantile of the forecast error over the start
time, taken where it matters: in requests, and in whole replicas.
"""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass, replace

BIN_SECONDS = 15.0
HOLDS_SECONDS = (60.0, 120.0, 300.0, 600.0, 1200.0, 2400.0, 3600.0)
HEADROOMS = (0.9, 0.95, 1.0, 1.05, 1.1, 1.15, 1.2, 1.25, 1.3, 1.4, 1.5, 1.6, 1.8, 2.0, 2.3, 2.6, 3.0, 4.0)
HOLD_BINS = tuple(int(seconds / BIN_SECONDS) for seconds in HOLDS_SECONDS)
SHADOWS = len(HOLDS_SECONDS) * len(HEADROOMS)

LONGEST_LAG_BINS = 20  # 5 minutes: what starts more slowly is not rehearsed truly
KEPT_BINS = max(HOLD_BINS) + LONGEST_LAG_BINS + 1
MEMORY_SECONDS = 48 * 3600.0  # after so long a bin weighs 1/e
DECAY = math.exp(-BIN_SECONDS / MEMORY_SECONDS)
CHANGE_COST_BINS = 4.0  # a change costs as much as one replica for a minute, so that of equals the calmer one leads
CHALLENGE = 0.98  # a new leader must be cheaper by 2 %


@dataclass(frozen=True, slots=True)
class Footing:
    """On what the shadows stand at a bin."""

    per_replica: float  # the load that one replica serves within the goal
    lag_bins: float  # from a load to the replicas that it made necessary
    low: int
    high: int
    tolerance_up: float
    tolerance_down: float
    floor: int = 0  # a seasonal floor, for the field that tries it


@dataclass(frozen=True, slots=True)
class Field:
    """All shadows of one kind: the sums of each, slowly forgotten, and its present replicas."""

    missed: array[float]  # load that met too few replicas
    cost: array[float]  # replicas x bins
    replicas: array[float]
    load: float = 0.0  # all load x bins
    weight: float = 0.0  # bins
    leader: int = -1

    @property
    def missed_share(self) -> float:
        """The share of the load that met too few replicas under the leader."""
        return self.missed[self.leader] / self.load if self.load > 0 else 0.0

    @property
    def mean_cost(self) -> float:
        """The mean replicas of the leader, its changes included."""
        return self.cost[self.leader] / self.weight if self.weight > 0 else math.inf


def new_field(low: int) -> Field:
    """Return a field in which every shadow begins with the fewest replicas."""
    return Field(array("d", bytes(8 * SHADOWS)), array("d", bytes(8 * SHADOWS)), array("d", [float(low)] * SHADOWS))


@dataclass(frozen=True, slots=True)
class Loads:
    """The load of the latest bins, oldest first, and how many were ever seen."""

    bins: array[float]
    seen: int = 0

    def with_bin(self, load: float) -> Loads:
        """Return the loads with one more bin."""
        bins = self.bins[-(KEPT_BINS - 1) :]
        bins.append(load)
        return Loads(bins, self.seen + 1)


def new_loads() -> Loads:
    """Return loads of which none has been seen."""
    return Loads(array("d"))


def step(field: Field, loads: Loads, footing: Footing) -> Field:
    """Let every shadow live through the latest bin of `loads`."""
    lag = int(footing.lag_bins)
    missed, cost, replicas = field.missed[:], field.cost[:], field.replicas[:]
    known = loads.bins[: len(loads.bins) - lag] if lag else loads.bins
    if not known:
        return field
    wanted = known[-1] / footing.per_replica
    index = 0
    for hold in HOLD_BINS:
        most = max(known[-hold:]) / footing.per_replica
        index = _step_hold(index, wanted, most, loads.bins[-1], footing, (missed, cost, replicas))
    load, weight = field.load * DECAY + loads.bins[-1], field.weight * DECAY + 1.0
    return Field(missed, cost, replicas, load, weight, field.leader)


def _step_hold(
    index: int,
    wanted: float,
    most: float,
    load: float,
    footing: Footing,
    sums: tuple[array[float], array[float], array[float]],
) -> int:
    """Step the shadows of one hold; one flat loop, because it runs for every service every 15 seconds."""
    missed, cost, replicas = sums
    late = footing.lag_bins - int(footing.lag_bins)
    up, down = 1.0 + footing.tolerance_up, 1.0 - footing.tolerance_down
    low, high, per_replica = max(footing.low, footing.floor), footing.high, footing.per_replica
    for headroom in HEADROOMS:
        before = replicas[index]
        after = before
        if headroom * wanted > before * up:
            after = math.ceil(headroom * wanted)
        elif headroom * most < before * down:
            after = math.ceil(headroom * most)
        after = low if after < low else min(after, high)
        miss = 0.0
        if load > after * per_replica:
            miss = load
        elif late and load > before * per_replica:
            miss = load * late
        missed[index] = missed[index] * DECAY + miss
        cost[index] = cost[index] * DECAY + after + (CHANGE_COST_BINS if after != before else 0.0)
        replicas[index] = after
        index += 1
    return index


def elect(field: Field, budget: float) -> Field:
    """Let the cheapest shadow lead that missed no more than the budget, or else the one that missed least."""
    allowed = budget * field.load
    within = [index for index in range(SHADOWS) if field.missed[index] <= allowed]
    if not within:
        best = min(range(SHADOWS), key=lambda index: (field.missed[index], field.cost[index]))
        return replace(field, leader=best)
    best = min(within, key=field.cost.__getitem__)
    if field.leader in within and field.cost[best] > CHALLENGE * field.cost[field.leader]:
        return field
    return replace(field, leader=best)


def headroom_of(index: int) -> float:
    """The headroom of a shadow."""
    return HEADROOMS[index % len(HEADROOMS)]


def hold_seconds_of(index: int) -> float:
    """The hold of a shadow."""
    return HOLDS_SECONDS[index // len(HEADROOMS)]
