"""Knative's KPA for the metric rps, written anew from its published behaviour.

Sources: knative/serving, pkg/autoscaler/scaling/autoscaler.go (newAutoscaler, Scale), pkg/autoscaler/aggregation/max
({timewindow,window}.go) and pkg/reconciler/autoscaling/kpa/{scaler,resources/metric}.go (bounds, panic window), with
the defaults of pkg/autoscaler/config/config.go.

Not ported: activation-scale (unset by default), the excess burst capacity (it moves the activator, not the count), and
the grace period and the retention of the last pod, which put off a scale to zero.
"""

import math
from dataclasses import dataclass, replace

from benchmarks.elasticity.view import View


@dataclass(frozen=True, slots=True)
class Spec:
    """What one revision is scaled by; an infinite `max_scale_down_rate` stands for a revision without a route."""

    target_per_replica: float  # in the metric's unit; > 0
    stable_window_seconds: float = 60.0
    panic_threshold: float = 2.0  # of the replicas that serve
    max_scale_up_rate: float = 1000.0  # the most that one step multiplies by
    max_scale_down_rate: float = 2.0  # the most that one step divides by

    def wanted(self, value: float) -> int:
        """Return the replicas that `value` asks for, before any limit."""
        return math.ceil(value / self.target_per_replica)

    def rate_limited(self, wanted: int, ready: int) -> int:
        """Go no further from `ready` than one step may; both limits leave room for a step of one replica."""
        highest = math.ceil(self.max_scale_up_rate * ready)
        lowest = math.floor(ready / self.max_scale_down_rate)
        return min(max(wanted, lowest), highest)


@dataclass(frozen=True, slots=True)
class Panic:
    """When the panic threshold was last reached, in seconds, or None in stable mode; and the high-water mark."""

    over_at: float | None
    most: int

    @classmethod
    def at_start(cls, ready: int, now: float) -> "Panic":
        """Begin in panic mode if more than one replica serves: without a history, the count is to be kept."""
        return cls(now if ready > 1 else None, ready)

    def seen(self, *, is_over: bool, now: float, window_seconds: float) -> "Panic":
        """Enter or extend when over the threshold; leave when that is longer ago than a whole window."""
        if is_over:
            return replace(self, over_at=now)
        if self.over_at is not None and self.over_at + window_seconds < now:
            return Panic(None, 0)
        return self


class DelayWindow:
    """The greatest count of the last `delay_seconds`, in buckets of `bucket_seconds`."""

    def __init__(self, delay_seconds: float, bucket_seconds: float) -> None:
        self._buckets = math.ceil(delay_seconds / bucket_seconds)
        self._bucket_seconds = bucket_seconds
        self._counts: list[tuple[int, int]] = []  # bucket and count; counts fall, as a lower one before is never seen

    def greatest_with(self, count: int, now: float) -> int:
        """Note a count and return the greatest of the window; time does not go back."""
        bucket = math.floor(now / self._bucket_seconds)
        kept = [one for one in self._counts if bucket - one[0] < self._buckets and one[1] > count]
        self._counts = [*kept, (bucket, count)]
        return self._counts[0][1]


class Decider:
    """KPA's Scale for one revision: what it remembers from step to step, without any bounds."""

    def __init__(self, spec: Spec, panic: Panic, delay: DelayWindow | None = None) -> None:
        self.panic = panic
        self._spec = spec
        self._delay = delay

    def step(self, now: float, ready: int, stable_value: float, panic_value: float) -> int:
        """Return the replicas that there should be; values are sums over all replicas, in the target's unit."""
        serving = max(1, ready)
        stable, panicking = self._spec.wanted(stable_value), self._spec.wanted(panic_value)
        is_over = panicking / serving >= self._spec.panic_threshold
        self.panic = self.panic.seen(is_over=is_over, now=now, window_seconds=self._spec.stable_window_seconds)
        limited = self._spec.rate_limited(stable, serving), self._spec.rate_limited(panicking, serving)
        return self._delayed(self._held(*limited), now)

    def _held(self, stable: int, panicking: int) -> int:
        if self.panic.over_at is None:
            return stable
        self.panic = replace(self.panic, most=max(stable, panicking, self.panic.most))
        return self.panic.most

    def _delayed(self, desired: int, now: float) -> int:
        return desired if self._delay is None else self._delay.greatest_with(desired, now)


class Kpa:
    """KPA for one target; what it remembers is lost with the object, as with a restart of KPA."""

    def __init__(
        self,
        *,
        target_per_replica: float,  # requests per second, utilization included; > 0
        min_replicas: int,
        max_replicas: int,
        interval_seconds: float = 2.0,
        stable_window_seconds: float = 60.0,
        panic_window_percentage: float = 10.0,
        panic_threshold_percentage: float = 200.0,
        max_scale_up_rate: float = 1000.0,
        max_scale_down_rate: float = 2.0,
        scale_down_delay_seconds: float = 0.0,
    ) -> None:
        self.interval_seconds = interval_seconds
        self._min, self._max = min_replicas, max_replicas
        self._stable_window_seconds = stable_window_seconds
        self._panic_window_seconds = panic_window(stable_window_seconds, panic_window_percentage)
        self._delay = DelayWindow(scale_down_delay_seconds, interval_seconds) if scale_down_delay_seconds else None
        self._decider: Decider | None = None
        self._spec = Spec(
            target_per_replica=target_per_replica,
            stable_window_seconds=stable_window_seconds,
            panic_threshold=panic_threshold_percentage / 100,
            max_scale_up_rate=max_scale_up_rate,
            max_scale_down_rate=max_scale_down_rate,
        )

    def decide(self, view: View) -> int:
        """Run one step; the bounds come last, so that the high-water mark may be beyond them."""
        if self._decider is None:
            self._decider = Decider(self._spec, Panic.at_start(view.ready, view.now), self._delay)
        stable = view.fresh_rate(self._stable_window_seconds)
        panicking = view.fresh_rate(self._panic_window_seconds)
        desired = self._decider.step(view.now, view.ready, stable, panicking)
        return min(max(desired, self._min), self._max)


def panic_window(stable_window_seconds: float, percentage: float) -> float:
    """Return the panic window in seconds: a part of the stable one, in whole seconds and of one at least."""
    return max(1.0, math.floor(stable_window_seconds * percentage / 100 + 0.5))
