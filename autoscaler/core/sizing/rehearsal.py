"""Finds base, margin and calendar by rehearsal: every candidate is charged what it would have cost on the real load.

Each has replicas for its base level times its margin, for the load that is surely there, and, in the second half of
them, for the calendar's onsets; they serve only after a start. A fluid queue tells which load it would have missed. The
least margin of each base that keeps the budget stands for it, and the cheapest of these leads.
"""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass, field, replace
from itertools import repeat
from operator import add, itemgetter, mul

from autoscaler.core.sizing.levels import BASES, COLD_BASE

MARGINS = (0.8, 0.9, 1.0, 1.2, 1.45, 1.8)
MEMORY_SECONDS = 48 * 3600.0  # a load weighs 1/e after that
SLACK = 0.125  # a replica serves so much more than its target before a queue forms
MISSED_COST = 250.0  # replica-seconds for each missed replica-second of load beyond the budget
STICKINESS = 0.03  # a challenger must be so much cheaper
_LONGEST_QUEUE_SECONDS, _SLOW_QUEUE_SECONDS = 5.0, 0.2
_HIGHEST_WEIGHT = 1e12
_CANDIDATES = 2 * len(BASES) * len(MARGINS)


@dataclass(frozen=True, slots=True)
class Service:
    """What a replica serves, and the bounds in replicas."""

    per_replica: float
    low: int
    high: int


def order(bases: tuple[float, ...], surely: float, floor: float, service: Service) -> array[int]:
    """Return the replicas that each candidate orders: for its base times its margin, the sure load, and the floor."""
    plain = _orders(bases, surely, service)
    return array("H", plain + (_orders(bases, max(surely, floor), service) if floor > surely else plain))


def _orders(bases: tuple[float, ...], least: float, service: Service) -> list[int]:
    exact, ceil = [base / service.per_replica for base in bases], math.ceil
    high = service.high
    low = min(high, max(service.low, least / service.per_replica))
    return [
        ceil(low if (level := base * margin - 1e-9) < low else min(level, high)) for base in exact for margin in MARGINS
    ]


def _zeros() -> array[float]:
    return array("d", bytes(8 * _CANDIDATES))


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The sums of all candidates; newer loads weigh more, by a weight that grows."""

    cost: array[float] = field(default_factory=_zeros)  # replica-seconds
    missed: array[float] = field(default_factory=_zeros)  # requests
    queue: array[float] = field(default_factory=_zeros)  # requests, without weight
    load: float = 0.0  # requests
    seconds: float = 0.0
    weight: float = 1.0  # of the next bin


@dataclass(frozen=True, slots=True)
class Choice:
    """The leading candidate, and what it would have done."""

    base: int = COLD_BASE
    margin: float | None = None  # None: too little load was seen for a choice
    calendar: bool = False
    missed_share: float = 0.0
    replicas: float = 0.0  # on average
    calendar_cost: float = 1.0  # of the best candidate with the calendar, over the best without it


def rehearse(
    rehearsal: Rehearsal, now: array[int], then: array[int], load: float, *, seconds: float, per_replica: float
) -> Rehearsal:
    """Charge every candidate for a load of `seconds`; what was ordered `then`, one start ago, serves it."""
    weight = rehearsal.weight * math.exp(seconds / MEMORY_SECONDS)
    requests, weighted_seconds = load * seconds * weight, seconds * weight
    cost = array("d", map(add, rehearsal.cost, map(mul, now, repeat(weighted_seconds))))
    missed, queue = rehearsal.missed, rehearsal.queue
    served, ready = per_replica * (1.0 + SLACK), list(map(min, now, then))
    if load > served * min(ready) or any(queue):
        missed, queue = missed[:], queue[:]
        for index, serving in enumerate(ready):
            capacity, queued = served * serving, queue[index]
            if load > capacity or queued > 0.0:
                queued, most = queued + (load - capacity) * seconds, _LONGEST_QUEUE_SECONDS * capacity
                queue[index] = queued = 0.0 if queued < 0.0 else most if queued > most else queued  # noqa: FURB136
                if load > capacity or queued > _SLOW_QUEUE_SECONDS * capacity:
                    missed[index] += requests
    sums = (rehearsal.load + requests, rehearsal.seconds + weighted_seconds)
    after = Rehearsal(cost, missed, queue, *sums, weight)
    return after if weight < _HIGHEST_WEIGHT else _rescaled(after)


def _rescaled(rehearsal: Rehearsal) -> Rehearsal:
    weight = rehearsal.weight
    cost, missed = (array("d", (each / weight for each in sums)) for sums in (rehearsal.cost, rehearsal.missed))
    return Rehearsal(cost, missed, rehearsal.queue, rehearsal.load / weight, rehearsal.seconds / weight)


def elect(rehearsal: Rehearsal, before: Choice, budget: float, per_replica: float, *, calendar: bool) -> Choice:
    """Return the cheapest candidate, at the least margin with which it keeps the budget; with `calendar` of all."""
    if rehearsal.load <= 0.0:
        return before
    found: list[tuple[float, Choice]] = []
    for index in range(len(BASES) * (2 if calendar else 1)):
        with_calendar, base = divmod(index, len(BASES))
        margin, missed, cost = _calibrated(rehearsal, index * len(MARGINS), budget)
        price = cost + MISSED_COST * max(0.0, missed - budget * rehearsal.load) / per_replica
        leads = (base, bool(with_calendar)) == (before.base, before.calendar)
        choice = Choice(base, margin, bool(with_calendar), missed / rehearsal.load, cost / rehearsal.seconds)
        found.append((price * (1.0 - STICKINESS if leads else 1.0), choice))
    (plain, _), (_, best) = (min(each, key=itemgetter(0)) for each in (found[: len(BASES)], found))
    with_it = min((price for price, choice in found if choice.calendar), default=plain)
    return replace(best, calendar_cost=with_it / plain if plain > 0.0 else 1.0)


def _calibrated(rehearsal: Rehearsal, first: int, budget: float) -> tuple[float, float, float]:
    """Return margin, missed load and cost of the least margin that keeps the budget, logarithmic between two."""
    allowed = budget * rehearsal.load
    costs, misses = (sums[first : first + len(MARGINS)] for sums in (rehearsal.cost, rehearsal.missed))
    index = next((index for index, missed in enumerate(misses) if missed <= allowed), len(MARGINS) - 1)
    if index == 0 or misses[index] > allowed:
        return MARGINS[index], misses[index], costs[index]
    above = math.log(misses[index - 1] / allowed)
    below = math.log(allowed / max(misses[index], 0.05 * allowed))
    part = above / (above + below + 1e-9)
    margin = MARGINS[index - 1] * (MARGINS[index] / MARGINS[index - 1]) ** part
    return margin, allowed, costs[index - 1] + part * (costs[index] - costs[index - 1])
