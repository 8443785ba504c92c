"""The schema of the policy file (pydantic): types, ranges and combinations. Units become base units here."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from autoscaler.config.fields import NAME, AnyDuration, Count, Model, SomeDuration, Url, between, off_or, shared
from autoscaler.config.schema_behavior import (
    BurstModel,
    ObjectiveModel,
    ReversalsModel,
    ScaleDownModel,
    ScaleUpModel,
    ScheduleModel,
    WhenBlindModel,
)
from autoscaler.config.schema_connection import ConnectionModel
from autoscaler.config.schema_drain import DrainModel
from autoscaler.config.schema_rules import RuleModel
from autoscaler.config.sizes import MOST_ENTRIES
from autoscaler.core.policy import USUAL_WINDOW_SECONDS, Signal
from autoscaler.formats import Address

LONGEST_START_SECONDS = 3600.0


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


TraefikName = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]


class ServiceModel(Model):
    target: TargetModel | None = None
    traefik_service: TraefikName | None = None
    traefik_services: Annotated[list[TraefikName], Field(min_length=1, max_length=20)] | None = None
    replicas: ReplicasModel
    rules: Annotated[dict[Annotated[str, Field(pattern=NAME)], RuleModel], Field(min_length=1, max_length=MOST_ENTRIES)]
    schedules: list[ScheduleModel] = Field(default=[], max_length=MOST_ENTRIES)
    objective: ObjectiveModel | None = None
    burst: Annotated[BurstModel | None, off_or(BurstModel, "of `window` and `threshold`")] = shared(BurstModel())
    scale_up: ScaleUpModel = shared(ScaleUpModel())
    scale_down: ScaleDownModel = shared(ScaleDownModel())
    reversals: ReversalsModel = shared(ReversalsModel())
    when_blind: WhenBlindModel = shared(WhenBlindModel())
    start_timeout: Annotated[AnyDuration, between(1.0, LONGEST_START_SECONDS)] | None = None
    drain: Annotated[DrainModel | None, off_or(DrainModel, "such as {timeout: 30s}")] = shared(DrainModel())

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        if self.traefik_service is not None and self.traefik_services is not None:
            raise ValueError("`traefik_service` and `traefik_services` exclude each other; list all names in one")
        return self

    @model_validator(mode="after")
    def _fallback_within_bounds(self) -> Self:
        _, wanted = self.when_blind.do
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
    def _one_rule_may_raise(self) -> Self:
        if all(rule.cap for rule in self.rules.values()):
            raise ValueError("every rule is a `cap`, which only lowers the maximum; add a rule that may raise")
        return self

    @property
    def sized_rule(self) -> str | None:
        """The rule that the objective sizes: the first one of requests."""
        for name, rule in self.rules.items():
            if rule.signal is Signal.REQUESTS and rule.per_replica and not rule.cap:
                return name
        return None


LabelName = Annotated[str, Field(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$")]


class PrometheusModel(ConnectionModel):
    url: Url = Address("http://prometheus:9090")
    timeout: SomeDuration = 2.0
    max_sample_age: SomeDuration = 30.0
    window: SomeDuration = USUAL_WINDOW_SECONDS
    select: dict[LabelName, Annotated[str, Field(min_length=1)]] = Field(default={})
    service_label: LabelName = "service"

    @model_validator(mode="after")
    def _one_way_to_say_who_asks(self) -> Self:
        self.check_credentials(Address(self.url).user)
        return self


class TraefikModel(Model):
    api_url: Url | None = None


class LimitsModel(Model):
    max_concurrent_operations: Annotated[int, Field(ge=1, le=100)] = 4
    max_replicas_total: Annotated[int, Field(ge=1, le=100_000)] | None = None


class FileModel(Model):
    """The root. `services` and `defaults` are validated service by service, after merging."""

    interval: Annotated[AnyDuration, between(1.0, 3600.0)] = 5.0
    dry_run: bool = False
    lease: Literal["on", "off"] = "on"
    prometheus: PrometheusModel = PrometheusModel()
    traefik: TraefikModel = TraefikModel()
    limits: LimitsModel = LimitsModel()
    defaults: dict[str, object] = Field(default={})
    services: dict[Annotated[str, Field(pattern=NAME)], object] = Field(default={})
