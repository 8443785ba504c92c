"""Small makers of values for tests: everything has a default, so that a test names only what it is about."""

from collections.abc import Mapping
from dataclasses import replace

from autoscaler.core.model import Observation, Reading, ReadingKind, Replicas
from autoscaler.core.policy import (
    NO_REVERSAL_LIMIT,
    Behavior,
    Goal,
    Policy,
    Query,
    RatePolicy,
    RateUnit,
    Reversals,
    Rule,
    SelectPolicy,
    Signal,
    Step,
    StepChange,
    TraefikSignal,
    WhenBlind,
)
from autoscaler.core.schedule import Schedule
from autoscaler.ports.fleet import Capabilities, ServiceRef, ServiceState

NOW = 1_700_000_000.0

THROUGHPUT = Rule("throughput", TraefikSignal(Signal.REQUESTS, 60.0), Goal.PER_REPLICA, 50.0)
LATENCY = Rule("p95", TraefikSignal(Signal.LATENCY, 60.0, 0.95), Goal.TARGET, 0.3)
BACKLOG = Rule("backlog", Query("sum(queue)"), Goal.PER_REPLICA, 100.0)
BURSTY = replace(THROUGHPUT, burst=TraefikSignal(Signal.REQUESTS, 10.0))
CONNECTIONS = Rule("connections", Query("free_connections"), Goal.PER_REPLICA, 30.0, cap=True)


def above(bound: float, add: int) -> Step:
    return Step(bound, above=True, change=StepChange.ADD, amount=add)


def below(bound: float, remove: int) -> Step:
    return Step(bound, above=False, change=StepChange.ADD, amount=-remove)


STEPPED = Rule("p99", TraefikSignal(Signal.LATENCY, 60.0, 0.99), Goal.STEPS, 0.5, steps=(above(0.5, 2), below(0.1, 1)))


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
    schedules: tuple[Schedule, ...] = (),
    reversals: Reversals = NO_REVERSAL_LIMIT,
) -> Policy:
    rules = rules or (THROUGHPUT,)
    return Policy("userservice", low, high, rules, up, down, when_blind, schedules=schedules, reversals=reversals)


def seen(count: int, readings: Mapping[str, Reading | float], *, ready: int | None = None) -> Observation:
    """An observation of `count` replicas; numbers are usable readings."""
    return Observation(
        Replicas(count, count if ready is None else ready),
        {name: reading if isinstance(reading, Reading) else Reading.of(reading) for name, reading in readings.items()},
    )


CAPABLE = Capabilities(overlapping_starts=True, take_back=True, drains=True)


def state(name: str, count: int = 1, capabilities: Capabilities = CAPABLE) -> ServiceState:
    """A service of the project shop, all of its replicas ready."""
    return ServiceState(ServiceRef(name, "shop"), count, count, f"{name}@docker", capabilities=capabilities)


def missing(kind: ReadingKind = ReadingKind.EMPTY) -> Reading:
    return Reading(kind)
