"""Finds for each policy what it costs to keep the objective: the target at which 1 % of the answers are slow."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from benchmarks.elasticity.scores import Scores

MOST_SLOW_PCT = 1.0
LEAST_TARGET, MOST_TARGET = 0.05, 1.1
STEP, FINE_STEP = 1.3, 1.09  # between targets until the crossing lies between two: from a guess, from near it
_CLOSE = 1.1  # two targets that near need none between
_LEAST_PCT = 0.01  # a logarithm has no 0


@dataclass(frozen=True, slots=True)
class Point:
    """One target, and what came of it."""

    target: float
    scores: Scores

    @property
    def keeps(self) -> bool:
        return self.scores.slo_violation_pct <= MOST_SLOW_PCT


@dataclass(frozen=True, slots=True)
class Crossing:
    """Where a policy's frontier meets the objective; cost is infinite if it never does."""

    target: float
    cost: float
    changes_per_hour: float
    points: tuple[Point, ...]


def cross(measure: Callable[[float], Scores], guess: float, step: float, most_target: float = MOST_TARGET) -> Crossing:
    """Search from the guess: first by steps until the crossing lies between two targets, then between them."""
    target: float | None = guess
    points: list[Point] = []
    while target is not None:
        points = sorted([*points, Point(target, measure(target))], key=lambda point: point.target)
        target = _next(points, step, most_target)
    return envelope(points)


def _next(points: Sequence[Point], step: float, most_target: float) -> float | None:
    """Return the next target to try; None when the crossing is known well enough, or does not exist."""
    low, high = points[0].target, points[-1].target
    if not any(point.keeps for point in points):
        return None if low <= LEAST_TARGET else max(LEAST_TARGET, low / step ** len(points))
    if all(point.keeps for point in points):
        return None if high >= most_target else min(most_target, high * step ** len(points))
    pair = _bracket(points)
    if pair is None or pair[1].target <= pair[0].target * _CLOSE:
        return None
    part = min(max(_part(*pair), 0.25), 0.75)
    return float(pair[0].target * (pair[1].target / pair[0].target) ** part)


def _bracket(points: Sequence[Point]) -> tuple[Point, Point] | None:
    """Return the last target that keeps the objective and the next one, which does not."""
    return next(((low, high) for low, high in reversed(list(pairwise(points))) if low.keeps and not high.keeps), None)


def _part(low: Point, high: Point) -> float:
    """Return how far from the one to the other the objective lies, by the logarithm of the slow answers."""
    below, above = (math.log(max(_LEAST_PCT, each.scores.slo_violation_pct)) for each in (low, high))
    return (math.log(MOST_SLOW_PCT) - below) / (above - below)


def envelope(points: Sequence[Point]) -> Crossing:
    """Return where the lower envelope meets the objective; of it are the points that no other one beats in both."""
    best: list[Point] = []
    for each in sorted(points, key=lambda point: (point.scores.cost_ratio, point.scores.slo_violation_pct)):
        if not best or each.scores.slo_violation_pct < best[-1].scores.slo_violation_pct:
            best.append(each)
    low = next((each for each in best if each.keeps), None)
    if low is None:
        return Crossing(points[0].target, math.inf, points[0].scores.adaptations_per_hour, tuple(points))
    target, cost, index = low.target, low.scores.cost_ratio, best.index(low)
    if index > 0:
        high = best[index - 1]
        part = _part(low, high)
        target *= (high.target / low.target) ** part
        cost += part * (high.scores.cost_ratio - low.scores.cost_ratio)
    return Crossing(target, cost, low.scores.adaptations_per_hour, tuple(points))
