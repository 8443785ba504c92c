"""Learns headroom by rehearsal: simulated shadows of the service, each with its own headroom, receive its real load.

A shadow has replicas for the load that its window's trend forecasts for the end of a start, plus some deviations from
that trend, and for the most of its hold. In every bin it is charged the load that it would have missed during the
measured start time, and the cost of its replicas; the cheapest that missed no more than the budget leads. That is a
quantile of the forecast's error over the start time, in requests and in whole replicas. Deviations are square-root
staffing (Halfin and Whitt, 1981) where the noise is that of arrivals, and more where the load itself jumps.
"""

from __future__ import annotations

import dataclasses
import math
from array import array
from dataclasses import dataclass, replace
from operator import mul

BIN_SECONDS = 15.0
WINDOWS_SECONDS = (1200.0, 3600.0)
HOLDS_SECONDS = (60.0, 300.0, 1200.0)
DEVIATIONS = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0)
LONGEST_LAG_BINS = 20  # 5 minutes: slower starts are rehearsed too fast
MEMORY_SECONDS = 48 * 3600.0  # after that time a bin weighs 1/e
CHANGE_COST_BINS = 2.0  # a change costs as much as the whole service for half a minute: of equals the calmer leads
SLACK = 0.1  # load this share above the planned capacity is still served: planning stays below the maximum
CALM = 0.06  # no lowering to a count that this share more load would raise again
CHALLENGE = 0.98  # a new leader must be cheaper by 2 %

SHADOWS = len(WINDOWS_SECONDS) * len(HOLDS_SECONDS) * len(DEVIATIONS)
_WINDOW_BINS = tuple(int(seconds / BIN_SECONDS) for seconds in WINDOWS_SECONDS)
_HOLD_BINS = tuple(int(seconds / BIN_SECONDS) for seconds in HOLDS_SECONDS)
_KEPT_BINS = max(*_WINDOW_BINS, *_HOLD_BINS) + LONGEST_LAG_BINS + 1
_DECAY = math.exp(-BIN_SECONDS / MEMORY_SECONDS)


@dataclass(frozen=True, slots=True)
class Headroom:
    """How a shadow derives the load to be ready for."""

    window_seconds: float
    deviations: float
    hold_seconds: float

    def reserve(self, loads: Loads, ahead_bins: float) -> float:
        """Return the load to be ready for, independent of the present load."""
        level, deviation = trend(loads.bins[-int(self.window_seconds / BIN_SECONDS) :], ahead_bins)
        return level + self.deviations * deviation


HEADROOMS = tuple(
    Headroom(window, deviations, hold)
    for window in WINDOWS_SECONDS
    for hold in HOLDS_SECONDS
    for deviations in DEVIATIONS
)


@dataclass(frozen=True, slots=True)
class Loads:
    """The load of the latest bins, oldest first, and the number of all bins so far."""

    bins: array[float] = dataclasses.field(default_factory=lambda: array("d"))
    seen: int = 0

    def with_bin(self, load: float) -> Loads:
        bins = self.bins[-(_KEPT_BINS - 1) :]
        bins.append(load)
        return Loads(bins, self.seen + 1)


def trend(bins: array[float], ahead_bins: float) -> tuple[float, float]:
    """Return the least squares line's value `ahead_bins` later, and the standard deviation from it; zeros if empty."""
    count = len(bins)
    if count <= 1:
        return (bins[0], 0.0) if bins else (0.0, 0.0)
    mean, middle = sum(bins) / count, (count - 1) / 2
    spread = count * (count * count - 1) / 12  # sum of the squared distances from the middle
    slope = (sum(map(mul, bins, range(count))) - middle * count * mean) / spread
    rest = sum(map(mul, bins, bins)) - count * mean * mean - slope * slope * spread
    return max(0.0, mean + slope * (middle + ahead_bins)), math.sqrt(max(0.0, rest / count))


@dataclass(frozen=True, slots=True)
class Footing:
    """The conditions of all shadows in one bin."""

    per_replica: float  # the load that one replica serves within the goal
    lag_bins: float  # from a load to the replicas for it
    low: int
    high: int
    tolerance_up: float
    tolerance_down: float
    floor: int = 0  # seasonal, for the field that tries it


@dataclass(frozen=True, slots=True)
class Field:
    """All shadows of one kind: the decaying sums and the present replicas of each."""

    missed: array[float]  # load that exceeded the replicas
    cost: array[float]  # replicas x bins
    replicas: array[float]
    load: float = 0.0  # all load x bins
    weight: float = 0.0  # bins
    leader: int = -1

    @property
    def headroom(self) -> Headroom:
        """The leader's headroom."""
        return HEADROOMS[self.leader]

    @property
    def missed_share(self) -> float:
        """The share of the load that exceeded the leader's replicas."""
        return self.missed[self.leader] / self.load if self.load > 0 else 0.0

    @property
    def mean_cost(self) -> float:
        """The mean replicas of the leader, its changes included."""
        return self.cost[self.leader] / self.weight if self.weight > 0 else math.inf


def new_field(low: int) -> Field:
    """Return a field in which every shadow starts with the fewest replicas."""
    return Field(array("d", bytes(8 * SHADOWS)), array("d", bytes(8 * SHADOWS)), array("d", [float(low)] * SHADOWS))


def step(field: Field, loads: Loads, footing: Footing) -> Field:
    """Apply the latest bin of `loads` to every shadow."""
    lag = int(footing.lag_bins)
    known = loads.bins[: max(0, len(loads.bins) - lag)]
    if not known:
        return field
    load, late = loads.bins[-1], footing.lag_bins - lag
    missed, cost, replicas = field.missed[:], field.cost[:], field.replicas[:]
    enough = load / (footing.per_replica * (1.0 + SLACK))  # replicas that would have served the load
    for index, (now, most) in enumerate(_needs(known, footing.per_replica, footing.lag_bins)):
        before = replicas[index]
        after = _follow(now, most, before, footing)
        miss = load if after < enough else load * late if before < enough else 0.0
        missed[index] = missed[index] * _DECAY + miss
        cost[index] = cost[index] * _DECAY + (after if after == before else after * (1.0 + CHANGE_COST_BINS))
        replicas[index] = after
    return Field(missed, cost, replicas, field.load * _DECAY + load, field.weight * _DECAY + 1.0, field.leader)


def _needs(known: array[float], per_replica: float, ahead_bins: float) -> list[tuple[float, float]]:
    """Return the fractional replicas that each shadow needs now, and over its hold."""
    latest = known[-1]
    tops = [max(known[-hold:]) for hold in _HOLD_BINS]
    needs = []
    for window in _WINDOW_BINS:
        level, deviation = trend(known[-window:], ahead_bins)
        reserves = [level + deviations * deviation for deviations in DEVIATIONS]
        needs += [
            (max(latest, reserve) / per_replica, max(top, reserve) / per_replica)
            for top in tops
            for reserve in reserves
        ]
    return needs


def _follow(now: float, most: float, before: float, footing: Footing) -> float:
    """Return the replicas after a bin: raised at once, lowered to the most of the hold."""
    after = before
    if now > before * (1.0 + footing.tolerance_up):
        after = float(math.ceil(now))
    elif most * (1.0 + CALM) < before * (1.0 - footing.tolerance_down):
        after = float(math.ceil(most * (1.0 + CALM)))
    return min(max(after, footing.low, footing.floor), footing.high)


def elect(field: Field, budget: float) -> Field:
    """Make the cheapest shadow that missed no more than the budget the leader, or else the one that missed least."""
    allowed = budget * field.load
    within = [index for index in range(SHADOWS) if field.missed[index] <= allowed]
    if not within:
        best = min(range(SHADOWS), key=lambda index: (field.missed[index], field.cost[index]))
        return replace(field, leader=best)
    best = min(within, key=field.cost.__getitem__)
    if field.leader in within and field.cost[best] > CHALLENGE * field.cost[field.leader]:
        return field
    return replace(field, leader=best)
