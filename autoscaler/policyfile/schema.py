"""The shape of the policy file (pydantic): types, ranges and what goes together. Units become base units here."""

from typing import Annotated, ClassVar, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from autoscaler.core.policy import BlindAction, Goal, OnMissing, SelectPolicy, Signal, StepChange
from autoscaler.core.schedule import check_cron
from autoscaler.durations import parse_duration

NAME = r"^[a-zA-Z0-9][a-zA-Z0-9_.-]*$"
Duration = Annotated[float, BeforeValidator(parse_duration)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Tolerance = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=1000)]

TARGET_SIGNALS = (Signal.LATENCY, Signal.ERROR_RATIO)
RULE_SIGNALS = (Signal.REQUESTS, Signal.CONCURRENCY, *TARGET_SIGNALS)


class Model(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True, strict=True)


class TargetModel(Model):
    compose: Annotated[str, Field(pattern=NAME)]
    project: Annotated[str, Field(pattern=NAME)] | None = None


class ReplicasModel(Model):
    min: Count
    max: Count

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}")
        return self


Bound = int | float | str  # a duration for a latency, else a number


class StepModel(Model):
    """One step: while the value is above (or below) a bound, so many replicas more, fewer, or exactly."""

    above: Bound | None = None
    below: Bound | None = None
    add: Count | None = None
    remove: Count | None = None
    add_percent: Annotated[int, Field(ge=1, le=1000)] | None = None
    remove_percent: Annotated[int, Field(ge=1, le=100)] | None = None
    set: Count | None = None

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        if (self.above is None) == (self.below is None):
            raise ValueError("needs exactly one of `above` and `below`")
        if len(self._changes) != 1:
            raise ValueError("needs exactly one of `add`, `remove`, `add_percent`, `remove_percent` and `set`")
        return self

    @property
    def _changes(self) -> list[tuple[StepChange, int]]:
        signed = (
            (StepChange.ADD, self.add, 1),
            (StepChange.ADD, self.remove, -1),
            (StepChange.PERCENT, self.add_percent, 1),
            (StepChange.PERCENT, self.remove_percent, -1),
            (StepChange.SET, self.set, 1),
        )
        return [(change, sign * amount) for change, amount, sign in signed if amount is not None]

    @property
    def change(self) -> tuple[StepChange, int]:
        """What the step does; negative amounts remove."""
        return self._changes[0]


class RuleModel(Model):
    """One rule: a signal or a query, and a per_replica value, a target or steps."""

    signal: Annotated[Signal, Field(strict=False)] | None = None
    query: Annotated[str, Field(min_length=1)] | None = None
    quantile: Annotated[float, Field(gt=0, lt=1)] | None = None
    window: Duration | None = None
    per_replica: Positive | None = None
    target: Bound | None = None
    steps: Annotated[list[StepModel], Field(min_length=1)] | None = None
    activation: Bound | None = None
    cap: bool = False
    required: bool = True
    on_empty: Annotated[OnMissing, Field(strict=False)] = OnMissing.HOLD
    on_nan: Annotated[OnMissing, Field(strict=False)] = OnMissing.HOLD

    @field_validator("signal")
    @classmethod
    def _signal(cls, value: Signal | None) -> Signal | None:
        if value is not None and value not in RULE_SIGNALS:
            raise ValueError(f"must be one of {', '.join(RULE_SIGNALS)}; for slow answers set an `objective`")
        return value

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if (self.signal is None) == (self.query is None):
            raise ValueError("needs exactly one of `signal` and `query`")
        if [self.per_replica, self.target, self.steps].count(None) != 2:  # noqa: PLR2004
            raise ValueError("needs exactly one of `per_replica`, `target` and `steps`")
        if self.quantile is not None and self.signal is not Signal.LATENCY:
            raise ValueError("`quantile` goes with `signal: latency` only")
        if self.signal is not None and self.steps is None:
            self._check_goal(self.signal)
        if self.cap and self.goal is not Goal.PER_REPLICA:
            raise ValueError("`cap` goes with `per_replica`: the value over it is the most replicas that there may be")
        _ = self.target_value, self.activation_value
        return self

    def _check_goal(self, signal: Signal) -> None:
        if signal in TARGET_SIGNALS and self.target is None:
            raise ValueError(
                f"`signal: {signal}` takes `target`, not `per_replica`: adding replicas does not divide it"
            )
        if signal not in TARGET_SIGNALS and self.per_replica is None:
            raise ValueError(f"`signal: {signal}` takes `per_replica`, not `target`: it is a total over all replicas")

    @property
    def goal(self) -> Goal:
        if self.steps is not None:
            return Goal.STEPS
        return Goal.PER_REPLICA if self.target is None else Goal.TARGET

    @property
    def target_value(self) -> float:
        """The goal's number in the source's unit; of steps, the lowest bound that raises."""
        if self.steps is not None:
            bounds = [self._in_units("steps", step.above) for step in self.steps if step.above is not None]
            lows = [self._in_units("steps", step.below) for step in self.steps if step.below is not None]
            return min(bounds or lows)
        if self.target is None:
            assert self.per_replica is not None  # noqa: S101  checked above
            return self.per_replica
        value = self._in_units("target", self.target)
        if self.signal is Signal.ERROR_RATIO and value >= 1:
            raise ValueError(f"`target` of an error_ratio must be between 0 and 1, not {value:g}")
        return _positive(value, self.target)

    @property
    def activation_value(self) -> float | None:
        """The activation in the source's unit."""
        return None if self.activation is None else self._in_units("activation", self.activation)

    def step_bound(self, step: StepModel) -> float:
        """The bound of a step in the source's unit."""
        bound = step.below if step.above is None else step.above
        assert bound is not None  # noqa: S101  a step has one of the two
        return self._in_units("steps", bound)

    def _in_units(self, key: str, value: Bound) -> float:
        if self.signal is Signal.LATENCY:
            return _latency(key, value)
        if isinstance(value, str):
            raise ValueError(f"`{key}` must be a number, not {value!r}")  # noqa: TRY004  pydantic wants ValueError
        return value


def _latency(key: str, value: Bound) -> float:
    try:
        return parse_duration(value)
    except ValueError as error:
        raise ValueError(f"`{key}` of a latency {error}, not {value!r}") from error


def _positive(number: float, written: object) -> float:
    if 0 < number < float("inf"):
        return number
    raise ValueError(f"`target` must be above 0, not {written!r}")


class RatePolicyModel(Model):
    """At most so many replicas, or percent, per period; as HPA's policies."""

    replicas: Annotated[int, Field(ge=1)] | None = None
    percent: Annotated[int, Field(ge=1)] | None = None
    period: Duration

    @model_validator(mode="after")
    def _one_unit(self) -> Self:
        if (self.replicas is None) == (self.percent is None):
            raise ValueError("needs exactly one of `replicas` and `percent`")
        return self

    @field_validator("period")
    @classmethod
    def _period(cls, value: float) -> float:
        if not 1 <= value <= 1800:  # noqa: PLR2004  HPA's own range
            raise ValueError('must be between "1s" and "30m"')
        return value


class ScaleUpModel(Model):
    """HPA's defaults for scaleUp: at once, by 4 replicas or 100 % per 15 s, whichever is more."""

    tolerance: Tolerance = 0.1
    stabilization_window: Duration = 0.0
    policies: list[RatePolicyModel] = [
        RatePolicyModel(replicas=4, period="15s"),  # type: ignore[arg-type]
        RatePolicyModel(percent=100, period="15s"),  # type: ignore[arg-type]
    ]
    select_policy: Annotated[SelectPolicy, Field(strict=False)] = SelectPolicy.MAX


class ScaleDownModel(Model):
    """HPA's defaults for scaleDown: after 5 minutes, then as far as it takes."""

    tolerance: Tolerance = 0.1
    stabilization_window: Duration = 300.0
    policies: list[RatePolicyModel] = [RatePolicyModel(percent=100, period="15s")]  # type: ignore[arg-type]
    select_policy: Annotated[SelectPolicy, Field(strict=False)] = SelectPolicy.MAX


class WhenBlindModel(Model):
    """Without any usable reading for longer than `after`: hold, at least so many replicas, or exactly so many."""

    after: Duration = 60.0
    do: tuple[BlindAction, int] = (BlindAction.HOLD, 0)

    @field_validator("do", mode="before")
    @classmethod
    def _action(cls, value: object) -> tuple[BlindAction, int]:
        if value == "hold":
            return BlindAction.HOLD, 0
        if isinstance(value, dict) and len(value) == 1:
            ((action, replicas),) = value.items()
            if action in {"at_least", "set"} and type(replicas) is int and replicas >= 1:
                return BlindAction(action), replicas
        raise ValueError(f"must be hold, {{at_least: N}} or {{set: N}} with N of at least 1, not {value!r}")

    @property
    def action(self) -> BlindAction:
        return self.do[0]

    @property
    def replicas(self) -> int:
        return self.do[1]


class ScheduleModel(Model):
    """Moves min or max from each cron time on, for so long."""

    cron: str
    duration: Annotated[Duration, Field(alias="for")]
    timezone: str = "UTC"
    min: Count | None = None
    max: Count | None = None

    @field_validator("cron")
    @classmethod
    def _cron(cls, value: str) -> str:
        check_cron(value)
        return value

    @field_validator("timezone")
    @classmethod
    def _timezone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError("must be a time zone such as Europe/Berlin, America/Bogota or UTC") from error
        return value

    @field_validator("duration")
    @classmethod
    def _duration(cls, value: float) -> float:
        if not 60 <= value <= 366 * 86400:  # noqa: PLR2004
            raise ValueError('must be between "1m" and "366d"')
        return value

    @model_validator(mode="after")
    def _moves_something(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("needs `min`, `max` or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}")
        return self


class BurstModel(Model):
    """A short window beside the long one of each `per_replica` signal."""

    window: Duration | None = None
    threshold: Annotated[float, Field(ge=1, le=10, allow_inf_nan=False)] = 1.2


class ReversalsModel(Model):
    """How often the direction may change before nothing is lowered any more."""

    limit: Annotated[int, Field(ge=1, le=1000)] = 12
    period: Duration = 3600.0


Learning = Literal["auto", "off"]


class ObjectiveModel(Model):
    """What the service promises, and what may be learned from how well it is kept."""

    latency: Duration
    ratio: Annotated[float, Field(ge=0.5, le=0.9999)]
    capacity: Learning = "auto"
    headroom: Learning = "auto"
    season: Learning = "auto"


class ServiceModel(Model):
    target: TargetModel | None = None
    traefik_service: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")] | None = None
    replicas: ReplicasModel
    rules: Annotated[dict[Annotated[str, Field(pattern=NAME)], RuleModel], Field(min_length=1)]
    schedules: list[ScheduleModel] = []
    objective: ObjectiveModel | None = None
    burst: BurstModel | Literal["off"] = BurstModel()
    scale_up: ScaleUpModel = ScaleUpModel()
    scale_down: ScaleDownModel = ScaleDownModel()
    reversals: ReversalsModel = ReversalsModel()
    when_blind: WhenBlindModel = WhenBlindModel()

    @model_validator(mode="after")
    def _fallback_within_bounds(self) -> Self:
        wanted = self.when_blind.replicas
        if wanted and not self.replicas.min <= wanted <= self.replicas.max:
            bounds = f"{self.replicas.min} to {self.replicas.max}"
            raise ValueError(f"when_blind.do: {wanted} is outside replicas {bounds}")
        return self

    @model_validator(mode="after")
    def _objective_sizes_a_rule(self) -> Self:
        if self.objective is not None and self.sized_rule is None:
            raise ValueError("`objective` sizes a rule with `signal: requests` and `per_replica`; there is none")
        return self

    @model_validator(mode="after")
    def _somebody_may_raise(self) -> Self:
        if all(rule.cap for rule in self.rules.values()):
            raise ValueError("every rule is a `cap`, which only lowers the maximum; add a rule that may raise")
        return self

    @property
    def sized_rule(self) -> str | None:
        """The rule that the objective sizes: the first of the requests."""
        sized = (
            name
            for name, rule in self.rules.items()
            if rule.signal is Signal.REQUESTS and rule.per_replica and not rule.cap
        )
        return next(sized, None)


class PrometheusModel(Model):
    url: str = "http://prometheus:9090"
    timeout: Duration = 2.0
    max_sample_age: Duration = 30.0
    window: Duration = 60.0

    @field_validator("url")
    @classmethod
    def _url(cls, value: str) -> str:
        return check_url(value)

    @field_validator("timeout", "max_sample_age", "window")
    @classmethod
    def _above_zero(cls, value: float) -> float:
        if value <= 0:
            raise ValueError('must be above "0s"')
        return value


def check_url(value: str) -> str:
    """Return the url, if it is one that can be asked."""
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be a URL such as http://prometheus:9090")
    return value


class LimitsModel(Model):
    max_concurrent_operations: Annotated[int, Field(ge=1, le=100)] = 4
    max_replicas_total: Annotated[int, Field(ge=1, le=100_000)] | None = None


class FileModel(Model):
    """The root. `services` and `defaults` are validated service by service, after merging."""

    interval: Duration = 5.0
    dry_run: bool = False
    prometheus: PrometheusModel = PrometheusModel()
    limits: LimitsModel = LimitsModel()
    defaults: dict[str, object] = {}
    services: Annotated[dict[Annotated[str, Field(pattern=NAME)], object], Field(min_length=1)]

    @field_validator("interval")
    @classmethod
    def _interval(cls, value: float) -> float:
        if not 1 <= value <= 3600:  # noqa: PLR2004
            raise ValueError('must be between "1s" and "1h"')
        return value
