"""Kubernetes HPA v2 for one external metric of type AverageValue, written anew from its published behaviour.

Sources: kubernetes/kubernetes, pkg/controller/podautoscaler/horizontal.go (reconcileAutoscaler, storeScaleEvent,
stabilizeRecommendationWithBehaviors, convertDesiredReplicasWithBehaviorRate, calculateScale{Up,Down}Limit...) and
replica_calculator.go (GetExternalPerPodMetricReplicas), with the defaults of pkg/apis/autoscaling/v2/defaults.go.

This is the path of an HPA that has a `behavior` section, whose unset fields are HPA's defaults. An HPA without any
such section takes an older path, which is not ported: up to max(2 x count, 4) at each sync, without a history.

In the plant, status.replicas and spec.replicas are one number, `View.replicas`: pods that end are in neither.
"""

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

from benchmarks.elasticity.view import View

MOST_REPLICAS = 2**31 - 1

T = TypeVar("T")


class Unit(StrEnum):
    PODS = "pods"
    PERCENT = "percent"


class Select(StrEnum):
    """Which of several policies counts: the one that allows the largest change, or the smallest."""

    MAX = "max"
    MIN = "min"


@dataclass(frozen=True, slots=True)
class ScalingPolicy:
    """At most `amount` pods, or percent of the pods, within `period_seconds`."""

    unit: Unit
    amount: int
    period_seconds: float


DEFAULT_SCALE_UP = (ScalingPolicy(Unit.PODS, 4, 15.0), ScalingPolicy(Unit.PERCENT, 100, 15.0))
DEFAULT_SCALE_DOWN = (ScalingPolicy(Unit.PERCENT, 100, 15.0),)


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What the metric asked for, before any limit, at a time in seconds."""

    at: float
    replicas: int


@dataclass(frozen=True, slots=True)
class ScaleEvent:
    """A rescale that HPA itself made, at a time in seconds; `size` is positive in both directions."""

    at: float
    size: int


@dataclass(frozen=True, slots=True)
class Direction:
    """The rules of one direction, at least one policy among them, and HPA's own rescales in that direction."""

    window_seconds: float
    policies: tuple[ScalingPolicy, ...]
    select: Select = Select.MAX
    events: tuple[ScaleEvent, ...] = ()

    def changed_within(self, period_seconds: float, now: float) -> int:
        """Return the replicas changed in the period that ends now; its far edge is outside."""
        return sum(event.size for event in self.events if event.at > now - period_seconds)

    def with_event(self, size: int, now: float) -> "Direction":
        """Note a rescale in the place of the last one that is older than every period, or as one more."""
        longest = max(policy.period_seconds for policy in self.policies)
        stale = [index for index, event in enumerate(self.events) if event.at < now - longest]
        return replace(self, events=_put(self.events, ScaleEvent(now, size), stale))


class Hpa:
    """HPA's controller for one target; what it remembers is lost with the object, as with a restart of HPA."""

    def __init__(
        self,
        *,
        target_per_replica: float,  # in the metric's unit, here requests per second; > 0
        min_replicas: int,
        max_replicas: int,
        interval_seconds: float = 15.0,
        tolerance: float = 0.1,
        metric_window_seconds: float = 60.0,
        scale_up_window_seconds: float = 0.0,
        scale_down_window_seconds: float = 300.0,
        scale_up_policies: tuple[ScalingPolicy, ...] = DEFAULT_SCALE_UP,
        scale_down_policies: tuple[ScalingPolicy, ...] = DEFAULT_SCALE_DOWN,
    ) -> None:
        self.interval_seconds = interval_seconds
        self._target = target_per_replica
        self._min, self._max = min_replicas, max_replicas
        self._tolerance = tolerance
        self._metric_window_seconds = metric_window_seconds
        self._up = Direction(scale_up_window_seconds, scale_up_policies)
        self._down = Direction(scale_down_window_seconds, scale_down_policies)
        self._recommendations: tuple[Recommendation, ...] = ()

    def decide(self, view: View) -> int:
        """Run one sync; what it returns counts as done."""
        if not self._recommendations:
            self._recommendations = (Recommendation(view.now, view.replicas),)
        desired = self._desired(view)
        self._note_rescale(view.replicas, desired, view.now)
        return desired

    def _desired(self, view: View) -> int:
        count = view.replicas
        if count == 0 and self._min != 0:
            return 0  # somebody stopped it: HPA stands aside
        if not self._min <= count <= self._max:
            return self._bounded(count)  # before any metric, and past every other limit
        total = view.scraped_rate(self._metric_window_seconds)
        if total is None:
            return count
        return self._limited(metric_replicas(total, self._target, count, self._tolerance), count, view.now)

    def _limited(self, wanted: int, count: int, now: float) -> int:
        allowed = stabilized(wanted, count, self._recommendations, up=self._up, down=self._down, now=now)
        longest = max(self._up.window_seconds, self._down.window_seconds)
        self._recommendations = with_recommendation(self._recommendations, wanted, now, longest)
        return self._bounded(rate_limited(allowed, count, self._up, self._down, now))

    def _bounded(self, wanted: int) -> int:
        return min(max(wanted, self._min), self._max)

    def _note_rescale(self, count: int, desired: int, now: float) -> None:
        if desired > count:
            self._up = self._up.with_event(desired - count, now)
        elif desired < count:
            self._down = self._down.with_event(count - desired, now)


def metric_replicas(total: float, target: float, count: int, tolerance: float) -> int:
    """Return the replicas that `total` asks for at `target` for each; `count` if the change were within tolerance.

    Total and target are in the same unit, and are compared in whole thousandths, as metrics adapters hand them on.
    """
    total_milli, target_milli = math.floor(total * 1000), round(target * 1000)
    if count > 0 and 1 - tolerance <= total_milli / (target_milli * count) <= 1 + tolerance:
        return count
    return min(math.ceil(total_milli / target_milli), MOST_REPLICAS)


def stabilized(
    wanted: int, count: int, past: tuple[Recommendation, ...], *, up: Direction, down: Direction, now: float
) -> int:
    """Move from `count` no further than to the least of the up window or the greatest of the down window."""
    least = min(_within(past, up.window_seconds, now), default=wanted)
    greatest = max(_within(past, down.window_seconds, now), default=wanted)
    if count < min(least, wanted):
        return min(least, wanted)
    return min(count, max(greatest, wanted))


def with_recommendation(
    past: tuple[Recommendation, ...], wanted: int, now: float, window_seconds: float
) -> tuple[Recommendation, ...]:
    """Note a recommendation in the place of the last one that no window (seconds) reaches, or as one more."""
    stale = [index for index, one in enumerate(past) if one.at < now - window_seconds]
    return _put(past, Recommendation(now, wanted), stale)


def rate_limited(wanted: int, count: int, up: Direction, down: Direction, now: float) -> int:
    """Go no further than the policies of that direction allow, and never the other way."""
    if wanted > count:
        return min(wanted, max(scale_up_limit(count, up, down, now), count))
    if wanted < count:
        return max(wanted, min(scale_down_limit(count, up, down, now), count))
    return wanted


def scale_up_limit(count: int, up: Direction, down: Direction, now: float) -> int:
    """Return the highest count that the policies allow; below `count` if they were exceeded already."""
    allowed = [_raised(policy, _period_start(count, policy, up, down, now)) for policy in up.policies]
    return max(allowed) if up.select is Select.MAX else min(allowed)


def scale_down_limit(count: int, up: Direction, down: Direction, now: float) -> int:
    """Return the lowest count that the policies allow; above `count` if they were exceeded already."""
    allowed = [_lowered(policy, _period_start(count, policy, up, down, now)) for policy in down.policies]
    return min(allowed) if down.select is Select.MAX else max(allowed)


def _period_start(count: int, policy: ScalingPolicy, up: Direction, down: Direction, now: float) -> int:
    period = policy.period_seconds
    return count - up.changed_within(period, now) + down.changed_within(period, now)


def _raised(policy: ScalingPolicy, start: int) -> int:
    if policy.unit is Unit.PODS:
        return start + policy.amount
    return math.ceil(start * (1 + policy.amount / 100))


def _lowered(policy: ScalingPolicy, start: int) -> int:
    if policy.unit is Unit.PODS:
        return start - policy.amount
    return int(start * (1 - policy.amount / 100))


def _within(past: tuple[Recommendation, ...], window_seconds: float, now: float) -> list[int]:
    return [one.replicas for one in past if one.at > now - window_seconds]


def _put(items: tuple[T, ...], item: T, stale: list[int]) -> tuple[T, ...]:
    if not stale:
        return (*items, item)
    return (*items[: stale[-1]], item, *items[stale[-1] + 1 :])
