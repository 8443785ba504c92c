"""Small makers of values for tests: everything has a default, so that a test names only what it is about."""

from collections.abc import Mapping

from autoscaler.core.model import Observation, Reading, ReadingKind, Replicas
from autoscaler.core.policy import (
    Behavior,
    Goal,
    Policy,
    Query,
    RatePolicy,
    RateUnit,
    Rule,
    SelectPolicy,
    Signal,
    TraefikSignal,
    WhenBlind,
)

NOW = 1_700_000_000.0

THROUGHPUT = Rule("throughput", TraefikSignal(Signal.REQUESTS, 60.0), Goal.PER_REPLICA, 50.0)
LATENCY = Rule("p95", TraefikSignal(Signal.LATENCY, 60.0, 0.95), Goal.TARGET, 0.3)
BACKLOG = Rule("backlog", Query("sum(queue)"), Goal.PER_REPLICA, 100.0)


def at_most(replicas: int, period_seconds: float = 15.0) -> RatePolicy:
    return RatePolicy(RateUnit.REPLICAS, replicas, period_seconds)


def at_most_percent(percent: int, period_seconds: float = 15.0) -> RatePolicy:
    return RatePolicy(RateUnit.PERCENT, percent, period_seconds)


def behavior(
    *policies: RatePolicy,
    window: float = 0.0,
    tolerance: float = 0.1,
    select: SelectPolicy = SelectPolicy.MAX,
) -> Behavior:
    return Behavior(tolerance, window, policies, select)


FREE = behavior()


def policy(
    *rules: Rule,
    low: int = 1,
    high: int = 10,
    up: Behavior = FREE,
    down: Behavior = FREE,
    when_blind: WhenBlind = WhenBlind(60.0),  # noqa: B008  frozen
) -> Policy:
    return Policy("userservice", low, high, rules or (THROUGHPUT,), up, down, when_blind)


def seen(count: int, readings: Mapping[str, Reading | float], *, ready: int | None = None) -> Observation:
    """An observation of `count` replicas; numbers are usable readings."""
    return Observation(
        Replicas(count, count if ready is None else ready),
        {name: reading if isinstance(reading, Reading) else Reading.of(reading) for name, reading in readings.items()},
    )


def missing(kind: ReadingKind = ReadingKind.EMPTY) -> Reading:
    return Reading(kind)
