"""The shape of the policy file (pydantic): types, ranges and what goes together. Units become base units here."""

from typing import Annotated, ClassVar, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from autoscaler.core.policy import BlindAction, Goal, OnMissing, SelectPolicy, Signal
from autoscaler.durations import parse_duration

NAME = r"^[a-zA-Z0-9][a-zA-Z0-9_.-]*$"
Duration = Annotated[float, BeforeValidator(parse_duration)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Tolerance = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=1000)]

TARGET_SIGNALS = (Signal.LATENCY, Signal.ERROR_RATIO)


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


class RuleModel(Model):
    """One rule: a signal or a query, and a per_replica value or a target."""

    signal: Annotated[Signal, Field(strict=False)] | None = None
    query: Annotated[str, Field(min_length=1)] | None = None
    quantile: Annotated[float, Field(gt=0, lt=1)] | None = None
    window: Duration | None = None
    per_replica: Positive | None = None
    target: int | float | str | None = None
    on_empty: Annotated[OnMissing, Field(strict=False)] = OnMissing.HOLD
    on_nan: Annotated[OnMissing, Field(strict=False)] = OnMissing.HOLD

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if (self.signal is None) == (self.query is None):
            raise ValueError("needs exactly one of `signal` and `query`")
        if (self.per_replica is None) == (self.target is None):
            raise ValueError("needs exactly one of `per_replica` and `target`")
        if self.quantile is not None and self.signal is not Signal.LATENCY:
            raise ValueError("`quantile` goes with `signal: latency` only")
        if self.window is not None and self.signal is None:
            raise ValueError("`window` goes with a `signal`; a `query` has its windows in the PromQL")
        if self.signal is not None:
            self._check_goal(self.signal)
        _ = self.target_value
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
        return Goal.PER_REPLICA if self.target is None else Goal.TARGET

    @property
    def target_value(self) -> float:
        """The goal's number in the source's unit."""
        if self.target is None:
            assert self.per_replica is not None  # noqa: S101  checked above
            return self.per_replica
        if self.signal is Signal.LATENCY:
            return _positive(_latency(self.target), self.target)
        if isinstance(self.target, str):
            raise ValueError(f"`target` must be a number, not {self.target!r}")  # noqa: TRY004  pydantic wants ValueError
        if self.signal is Signal.ERROR_RATIO and self.target >= 1:
            raise ValueError(f"`target` of an error_ratio must be between 0 and 1, not {self.target:g}")
        return _positive(self.target, self.target)


def _latency(target: float | str) -> float:
    try:
        return parse_duration(target)
    except ValueError as error:
        raise ValueError(f"`target` of a latency {error}, not {target!r}") from error


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


class ServiceModel(Model):
    target: TargetModel | None = None
    traefik_service: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")] | None = None
    replicas: ReplicasModel
    rules: Annotated[dict[Annotated[str, Field(pattern=NAME)], RuleModel], Field(min_length=1)]
    scale_up: ScaleUpModel = ScaleUpModel()
    scale_down: ScaleDownModel = ScaleDownModel()
    when_blind: WhenBlindModel = WhenBlindModel()

    @model_validator(mode="after")
    def _fallback_within_bounds(self) -> Self:
        wanted = self.when_blind.replicas
        if wanted and not self.replicas.min <= wanted <= self.replicas.max:
            bounds = f"{self.replicas.min} to {self.replicas.max}"
            raise ValueError(f"when_blind.do: {wanted} is outside replicas {bounds}")
        return self


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
