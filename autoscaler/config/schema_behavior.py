"""The schema of a service's behaviour: rates, schedules, objective, and the fallback when blind."""

from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, field_validator, model_validator

from autoscaler.config.fields import (
    LONGEST_SECONDS,
    AnyDuration,
    Count,
    Duration,
    Model,
    SomeDuration,
    Tolerance,
    between,
    shared,
)
from autoscaler.config.sizes import MOST_ENTRIES
from autoscaler.core.policy import BlindAction, Policy, SelectPolicy, WhenBlind
from autoscaler.core.schedule import check_cron

LONGEST_WINDOW_SECONDS = 3600.0  # HPA's range, as is that of the periods
LONGEST_PERIOD_SECONDS = 1800.0
DAY_SECONDS = 86400.0
LONGEST_TIMEZONE = 64  # characters
MOST_PER_PERIOD = 1_000_000  # as good as no limit

Window = Annotated[AnyDuration, between(0.0, LONGEST_WINDOW_SECONDS)]
Learning = Literal["auto", "off"]


class RatePolicyModel(Model):
    """At most a number of replicas, or percent, per period; as HPA's policies."""

    replicas: Annotated[int, Field(ge=1, le=MOST_PER_PERIOD)] | None = None
    percent: Annotated[int, Field(ge=1, le=MOST_PER_PERIOD)] | None = None
    period: Annotated[AnyDuration, between(1.0, LONGEST_PERIOD_SECONDS)]

    @model_validator(mode="after")
    def _one_unit(self) -> Self:
        if (self.replicas is None) == (self.percent is None):
            raise ValueError("needs exactly one of `replicas` and `percent`")
        return self


RatePolicies = Annotated[list[RatePolicyModel], Field(max_length=MOST_ENTRIES)]
_FOUR = RatePolicyModel.model_validate({"replicas": 4, "period": "15s"})
_HOLD = WhenBlind(after_seconds=60.0)
_DOUBLE = RatePolicyModel.model_validate({"percent": 100, "period": "15s"})


class BehaviorModel(Model):
    """The keys of one direction, as in HPA."""

    tolerance: Tolerance = 0.1
    stabilization_window: Window
    policies: RatePolicies
    select_policy: Annotated[SelectPolicy, Field(strict=False)] = SelectPolicy.MAX


class ScaleUpModel(BehaviorModel):
    """HPA's defaults for scaleUp: at once, by 4 replicas or 100 % per 15 s, the larger of both."""

    stabilization_window: Window = 0.0
    policies: RatePolicies = shared([_FOUR, _DOUBLE])


class ScaleDownModel(BehaviorModel):
    """HPA's defaults for scaleDown: after 5 minutes, then without a further limit."""

    stabilization_window: Window = 300.0
    policies: RatePolicies = shared([_DOUBLE])


class WhenBlindModel(Model):
    """Without any usable reading for longer than `after`: hold, at least N replicas, or exactly N."""

    after: Duration = _HOLD.after_seconds
    do: tuple[BlindAction, int] = (_HOLD.action, _HOLD.replicas)

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


def _is_timezone(name: str) -> bool:
    try:
        return len(name) <= LONGEST_TIMEZONE and ZoneInfo(name) is not None
    except (KeyError, ValueError, OSError):
        return False


class ScheduleModel(Model):
    """Replaces min or max from each cron time on, for a duration."""

    cron: Annotated[str, AfterValidator(check_cron)]
    duration: Annotated[AnyDuration, between(60.0, LONGEST_SECONDS), Field(alias="for")]
    timezone: str = "UTC"
    min: Count | None = None
    max: Count | None = None

    @field_validator("timezone")
    @classmethod
    def _timezone(cls, value: str) -> str:
        if not _is_timezone(value):
            raise ValueError("must be a time zone such as Europe/Berlin, America/Bogota or UTC")
        return value

    @model_validator(mode="after")
    def _changes_a_bound(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("needs `min`, `max` or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}")
        return self


class BurstModel(Model):
    """A short window beside the long one of each `per_replica` signal."""

    window: SomeDuration | None = None
    threshold: Annotated[float, Field(ge=1, le=10, allow_inf_nan=False)] = Policy.burst_threshold


class ReversalsModel(Model):
    """How often the direction may change before lowering is forbidden."""

    limit: Annotated[int, Field(ge=1, le=1000)] = 12
    period: Annotated[AnyDuration, between(60.0, DAY_SECONDS)] = 3600.0


class ObjectiveModel(Model):
    """The service's objective, and what may be learned from it."""

    latency: SomeDuration
    ratio: Annotated[float, Field(ge=0.5, le=0.9999)]
    capacity: Learning = "auto"
    headroom: Learning = "auto"
    season: Learning = "auto"
