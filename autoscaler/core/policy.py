"""The policy of one service: bounds, rules and behaviour. Validated, in base units."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from autoscaler.core.schedule import Bounds, Schedule, bounds_at


class Signal(StrEnum):
    """What Traefik measures of a service."""

    REQUESTS = "requests"  # arrivals, requests per second
    CONCURRENCY = "concurrency"  # requests in flight, by Little's law
    LATENCY = "latency"  # a quantile of the duration, seconds
    ERROR_RATIO = "error_ratio"  # share of 5xx answers, 0 to 1
    SLOW_RATIO = "slow_ratio"  # share of answers slower than a threshold, 0 to 1


USUAL_WINDOW_SECONDS = 60.0  # of a signal without a window in its rule or the policy file


@dataclass(frozen=True, slots=True)
class TraefikSignal:
    """A signal of the service's own Traefik metrics, averaged over `window_seconds`."""

    signal: Signal
    window_seconds: float
    quantile: float | None = None  # latency only, between 0 and 1
    threshold_seconds: float | None = None  # slow_ratio only


@dataclass(frozen=True, slots=True)
class Query:
    """Any PromQL expression that yields one number, from the last `window_seconds`."""

    promql: str
    window_seconds: float = 0.0


Source = TraefikSignal | Query


class Goal(StrEnum):
    """How a reading becomes a replica count."""

    PER_REPLICA = "per_replica"  # HPA AverageValue: total / target
    TARGET = "target"  # HPA Value: replicas x (value / target)
    STEPS = "steps"  # step scaling: a fixed change beyond a bound


class StepChange(StrEnum):
    """What a step does; AWS step scaling's terms in brackets. A step above a bound never lowers."""

    ADD = "add"  # replicas, negative to remove [ChangeInCapacity]
    PERCENT = "percent"  # of the present count, negative to remove [PercentChangeInCapacity]
    SET = "set"  # an exact count [ExactCapacity]


@dataclass(frozen=True, slots=True)
class Step:
    """Applies while the value is above (or below) `bound`."""

    bound: float
    above: bool
    change: StepChange
    amount: int


class OnMissing(StrEnum):
    """What an empty or NaN answer means."""

    HOLD = "hold"  # not usable: never lowers; other rules may raise
    ZERO = "zero"  # the operator declares that it means zero
    ERROR = "error"  # a fault: as hold, and it forbids lowering even if the rule is not required


@dataclass(frozen=True)
class Rule:
    """One reason to scale: a source, and its target value."""

    name: str
    source: Source
    goal: Goal
    target: float  # in the source's unit, > 0; of steps: the lowest bound that raises, any number
    on_empty: OnMissing = OnMissing.HOLD
    on_nan: OnMissing = OnMissing.HOLD
    steps: tuple[Step, ...] = ()
    cap: bool = False  # only lowers the maximum, to value / target, rounded down
    required: bool = True  # without its reading nothing is lowered
    activation: float | None = None  # up to this value the rule wants 0
    burst: TraefikSignal | None = None  # the same signal over a short window

    @property
    def depends_on_replicas(self) -> bool:
        """Whether the value depends on the count, so that it must be measured again after each change."""
        return self.goal is not Goal.PER_REPLICA

    @property
    def may_raise(self) -> bool:
        """Whether there is a value at which the rule raises."""
        return not self.cap and (self.goal is not Goal.STEPS or any(step.above for step in self.steps))

    @cached_property
    def burst_name(self) -> str:
        """The name of the short window's reading."""
        return f"{self.name}@burst"

    @cached_property
    def spreads(self) -> bool:
        """Whether the value is per replica and grows when the count falls."""
        latency = isinstance(self.source, TraefikSignal) and self.source.signal is Signal.LATENCY
        ratio_of_query = isinstance(self.source, Query) and self.goal is Goal.TARGET
        return self.may_raise and (latency or ratio_of_query)


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
    """Which of several rate policies applies."""

    MAX = "max"  # the one that allows the largest change
    MIN = "min"  # the one that allows the smallest change
    DISABLED = "disabled"  # never in this direction


@dataclass(frozen=True, slots=True)
class Behavior:
    """How fast and how readily the count changes in one direction; HPA v2's scaleUp or scaleDown."""

    tolerance: float  # share of the target, 0.1 = 10 %
    stabilization_window_seconds: float
    policies: tuple[RatePolicy, ...]
    select_policy: SelectPolicy
    window_stated: bool = True  # else the default, in whose place learned levels may hold


class BlindAction(StrEnum):
    HOLD = "hold"
    AT_LEAST = "at_least"
    SET = "set"


@dataclass(frozen=True, slots=True)
class WhenBlind:
    """What to do after no rule had a usable reading for `after_seconds`."""

    after_seconds: float
    action: BlindAction = BlindAction.HOLD
    replicas: int = 0  # for at_least and set


@dataclass(frozen=True, slots=True)
class Reversals:
    """How often the direction may change within a period before lowering is forbidden."""

    limit: int
    period_seconds: float


OBJECTIVE = "@objective"  # the name of the reading of the share of slow answers


@dataclass(frozen=True, slots=True)
class Objective:
    """The service's objective: the share of answers within a latency. And what may be learned from it."""

    latency_seconds: float
    ratio: float  # 0.99 = 99 % of the answers
    source: TraefikSignal  # the share of slower answers
    rule: str  # the per_replica rule that is sized
    learn_capacity: bool = True
    learn_headroom: bool = True
    learn_season: bool = True

    @property
    def budget(self) -> float:
        """The share of answers that may be slow."""
        return 1.0 - self.ratio


NO_REVERSAL_LIMIT = Reversals(limit=1_000_000, period_seconds=0.0)


@dataclass(frozen=True)
class Policy:
    """The policy that `decide` applies to one service; 1 <= min_replicas <= max_replicas."""

    service: str
    min_replicas: int
    max_replicas: int
    rules: tuple[Rule, ...]
    scale_up: Behavior
    scale_down: Behavior
    when_blind: WhenBlind
    schedules: tuple[Schedule, ...] = ()
    reversals: Reversals = NO_REVERSAL_LIMIT
    burst_threshold: float = 1.2  # short over long window, from which on a burst counts
    objective: Objective | None = None

    def bounds_at(self, now: float) -> Bounds:
        """The bounds at `now` (unix seconds)."""
        return bounds_at(self.min_replicas, self.max_replicas, self.schedules, now)

    @cached_property
    def horizon_seconds(self) -> float:
        """How far back the limits look; older moments are dropped."""
        both = (self.scale_up, self.scale_down)
        windows = [behavior.stabilization_window_seconds for behavior in both]
        periods = [policy.period_seconds for behavior in both for policy in behavior.policies]
        return max(*windows, *periods)

    @cached_property
    def sized_rule(self) -> Rule:
        """The rule whose target is learned; only of a policy with an objective."""
        return next(rule for rule in self.rules if self.objective is not None and rule.name == self.objective.rule)

    @cached_property
    def sources(self) -> Mapping[str, Source]:
        """All sources to measure, by the name of their reading."""
        sources = {rule.name: rule.source for rule in self.rules}
        bursts = {rule.burst_name: rule.burst for rule in self.rules if rule.burst is not None}
        slow = {OBJECTIVE: self.objective.source} if self.objective is not None else {}
        return {**sources, **bursts, **slow}
