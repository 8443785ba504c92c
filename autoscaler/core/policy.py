"""What the operator wants for one service: bounds, rules and behaviour. Already validated, in base units."""

from dataclasses import dataclass
from enum import StrEnum


class Signal(StrEnum):
    """What Traefik measures about a service."""

    REQUESTS = "requests"  # arrivals, requests per second
    CONCURRENCY = "concurrency"  # requests in flight, by Little's law
    LATENCY = "latency"  # a quantile of the duration, seconds
    ERROR_RATIO = "error_ratio"  # share of 5xx answers, 0 to 1


@dataclass(frozen=True, slots=True)
class TraefikSignal:
    """A signal of the service's own Traefik metrics, averaged over `window_seconds`."""

    signal: Signal
    window_seconds: float
    quantile: float | None = None  # latency only, between 0 and 1


@dataclass(frozen=True, slots=True)
class Query:
    """Any PromQL expression that yields one number."""

    promql: str


class Goal(StrEnum):
    """How a reading becomes a replica count; HPA's two target types."""

    PER_REPLICA = "per_replica"  # HPA AverageValue: total / target
    TARGET = "target"  # HPA Value: replicas x (value / target)


class OnMissing(StrEnum):
    """What an empty or NaN answer means."""

    HOLD = "hold"  # not usable: never lowers, may leave others to raise
    ZERO = "zero"  # the operator says that it means zero


@dataclass(frozen=True, slots=True)
class Rule:
    """One reason to scale: a source, and the value that it should have."""

    name: str
    source: TraefikSignal | Query
    goal: Goal
    target: float  # in the source's unit, > 0
    on_empty: OnMissing = OnMissing.HOLD
    on_nan: OnMissing = OnMissing.HOLD


class RateUnit(StrEnum):
    REPLICAS = "replicas"
    PERCENT = "percent"


@dataclass(frozen=True, slots=True)
class RatePolicy:
    """At most `amount` replicas (or percent of them) within `period_seconds`."""

    unit: RateUnit
    amount: int
    period_seconds: float


class SelectPolicy(StrEnum):
    """Which of several rate policies counts."""

    MAX = "max"  # the one that allows the largest change
    MIN = "min"  # the one that allows the smallest change
    DISABLED = "disabled"  # never in this direction


@dataclass(frozen=True, slots=True)
class Behavior:
    """How fast and how readily one direction is followed; HPA v2's scaleUp or scaleDown."""

    tolerance: float  # share of the target, 0.1 = 10 %
    stabilization_window_seconds: float
    policies: tuple[RatePolicy, ...]
    select_policy: SelectPolicy = SelectPolicy.MAX


class BlindAction(StrEnum):
    HOLD = "hold"
    AT_LEAST = "at_least"
    SET = "set"


@dataclass(frozen=True, slots=True)
class WhenBlind:
    """What to do when no rule has had a usable reading for `after_seconds`."""

    after_seconds: float
    action: BlindAction = BlindAction.HOLD
    replicas: int = 0  # for at_least and set


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything that `decide` needs to know about one service; 1 <= min_replicas <= max_replicas."""

    service: str
    min_replicas: int
    max_replicas: int
    rules: tuple[Rule, ...]
    scale_up: Behavior
    scale_down: Behavior
    when_blind: WhenBlind

    def behavior(self, *, up: bool) -> Behavior:
        """The behaviour of that direction."""
        return self.scale_up if up else self.scale_down

    @property
    def horizon_seconds(self) -> float:
        """How far back decisions look: nothing older needs to be remembered."""
        both = (self.scale_up, self.scale_down)
        windows = [behavior.stabilization_window_seconds for behavior in both]
        periods = [policy.period_seconds for behavior in both for policy in behavior.policies]
        return max([*windows, *periods])
