"""The policy file -> the effective configuration, or every problem of the file at once."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ValidationError

from autoscaler.core.policy import (
    Behavior,
    Objective,
    Policy,
    Query,
    RatePolicy,
    RateUnit,
    Reversals,
    Rule,
    Signal,
    Step,
    TraefikSignal,
    WhenBlind,
)
from autoscaler.core.schedule import Schedule
from autoscaler.errors import ConfigError
from autoscaler.fleet import ServiceRef
from autoscaler.policyfile.messages import describe
from autoscaler.policyfile.model import Config, PrometheusConfig, ServiceConfig
from autoscaler.policyfile.schema import (
    FileModel,
    RatePolicyModel,
    RuleModel,
    ScaleDownModel,
    ScaleUpModel,
    ScheduleModel,
    ServiceModel,
    check_url,
)
from autoscaler.policyfile.yaml_tree import Document, Place, read_document
from autoscaler.settings import Settings

DEFAULT_QUANTILE = 0.95

M = TypeVar("M", bound=BaseModel)


def load(path: Path, settings: Settings) -> Config:
    """Read the policy file; the settings' overrides go before what it says.

    Raises:
        ConfigError: one line for each problem, with file, line, key, value and what is allowed.
    """
    document = read_document(path)
    problems: list[str] = []
    root = _validate(FileModel, document.tree, document, (), problems)
    services = _services(document, problems)
    if root is None or problems:
        raise ConfigError("\n".join(problems))
    configs = {name: _service(name, model, root, settings) for name, model in services.items()}
    _refuse_shared_targets(configs, document)
    return Config(
        interval_seconds=root.interval,
        dry_run=root.dry_run if settings.dry_run is None else settings.dry_run,
        prometheus=_prometheus(root, settings),
        max_concurrent_operations=root.limits.max_concurrent_operations,
        max_replicas_total=root.limits.max_replicas_total,
        services=configs,
    )


def _services(document: Document, problems: list[str]) -> dict[str, ServiceModel]:
    """Validate each service with the defaults under it."""
    services, defaults = document.tree.get("services"), document.tree.get("defaults")
    if not isinstance(services, dict) or not isinstance(defaults or {}, dict):
        return {}
    models = {
        name: _validate(ServiceModel, merge(defaults or {}, own), document, ("services", name), problems)
        for name, own in services.items()
    }
    return {name: model for name, model in models.items() if model is not None}


def merge(below: object, above: object) -> object:
    """Lay one tree over another: mappings key by key, everything else (lists, too) as a whole."""
    if isinstance(below, Mapping) and isinstance(above, Mapping):
        both = {**below, **above}
        return {key: merge(below[key], above[key]) if key in below and key in above else both[key] for key in both}
    return above


def _validate(model: type[M], tree: object, document: Document, at: Place, problems: list[str]) -> M | None:
    try:
        return model.model_validate(tree)
    except ValidationError as error:
        fallback: Place = ("defaults",) if at else ()
        found = [describe(detail, model, document, at, fallback) for detail in error.errors()]
        problems.extend(dict.fromkeys(found))
        return None


def _service(name: str, model: ServiceModel, root: FileModel, settings: Settings) -> ServiceConfig:
    compose = name if model.target is None else model.target.compose
    project = None if model.target is None else model.target.project
    return ServiceConfig(
        policy=_policy(name, model, root.prometheus.window),
        target=ServiceRef(compose, project or settings.compose_project),
        traefik_service=model.traefik_service,
    )


def _policy(name: str, model: ServiceModel, window_seconds: float) -> Policy:
    blind = model.when_blind
    rules = tuple(_rule(rule_name, rule, model, window_seconds) for rule_name, rule in model.rules.items())
    return Policy(
        service=name,
        min_replicas=model.replicas.min,
        max_replicas=model.replicas.max,
        rules=rules,
        scale_up=_behavior(model.scale_up),
        scale_down=_behavior(model.scale_down),
        when_blind=WhenBlind(blind.after, blind.action, blind.replicas),
        schedules=tuple(map(_schedule, model.schedules)),
        reversals=Reversals(model.reversals.limit, model.reversals.period),
        burst_threshold=1.0 if isinstance(model.burst, str) else model.burst.threshold,
        objective=_objective(model, rules),
    )


def _rule(name: str, model: RuleModel, service: ServiceModel, window_seconds: float) -> Rule:
    source = _source(model, window_seconds)
    return Rule(
        name,
        source,
        model.goal,
        model.target_value,
        model.on_empty,
        model.on_nan,
        steps=tuple(Step(model.step_bound(step), step.above is not None, *step.change) for step in model.steps or ()),
        cap=model.cap,
        required=model.required,
        activation=model.activation_value,
        burst=None if model.cap or model.per_replica is None else _burst(source, service),
    )


def _source(model: RuleModel, window_seconds: float) -> TraefikSignal | Query:
    if model.signal is None:
        return Query(model.query or "", model.window or 0.0)
    quantile = (model.quantile or DEFAULT_QUANTILE) if model.signal is Signal.LATENCY else None
    return TraefikSignal(model.signal, model.window or window_seconds, quantile)


def _burst(source: TraefikSignal | Query, service: ServiceModel) -> TraefikSignal | None:
    """Return the same signal over a short window, half of the long one if the file does not say."""
    if isinstance(source, Query) or isinstance(service.burst, str):
        return None
    window_seconds = service.burst.window or source.window_seconds / 2
    return replace(source, window_seconds=window_seconds) if window_seconds < source.window_seconds else None


def _schedule(model: ScheduleModel) -> Schedule:
    return Schedule(model.cron, model.duration, ZoneInfo(model.timezone), model.min, model.max)


def _objective(service: ServiceModel, rules: tuple[Rule, ...]) -> Objective | None:
    model = service.objective
    if model is None or service.sized_rule is None:
        return None
    sized = next(rule for rule in rules if rule.name == service.sized_rule)
    window_seconds = sized.source.window_seconds
    return Objective(
        latency_seconds=model.latency,
        ratio=model.ratio,
        source=TraefikSignal(Signal.SLOW_RATIO, window_seconds, threshold_seconds=model.latency),
        rule=sized.name,
        learn_capacity=model.capacity == "auto",
        learn_headroom=model.headroom == "auto",
        learn_season=model.season == "auto",
    )


def _behavior(model: ScaleUpModel | ScaleDownModel) -> Behavior:
    rates = tuple(_rate(rate) for rate in model.policies)
    return Behavior(model.tolerance, model.stabilization_window, rates, model.select_policy)


def _rate(model: RatePolicyModel) -> RatePolicy:
    if model.replicas is not None:
        return RatePolicy(RateUnit.REPLICAS, model.replicas, model.period)
    return RatePolicy(RateUnit.PERCENT, model.percent or 0, model.period)


def _prometheus(root: FileModel, settings: Settings) -> PrometheusConfig:
    model = root.prometheus
    return PrometheusConfig(_url(model.url, settings), model.timeout, model.max_sample_age)


def _url(written: str, settings: Settings) -> str:
    if settings.prometheus_url is None:
        return written
    try:
        return check_url(settings.prometheus_url)
    except ValueError as error:
        raise ConfigError(f"AUTOSCALER_PROMETHEUS_URL: {error}, not {settings.prometheus_url!r}") from error


def _refuse_shared_targets(configs: Mapping[str, ServiceConfig], document: Document) -> None:
    owners: dict[ServiceRef, str] = {}
    for name, config in configs.items():
        owner = owners.setdefault(config.target, name)
        if owner != name:
            line = document.lines.get(("services", name), 1)
            raise ConfigError(
                f"{document.file}:{line}: services.{name}: scales {config.target}, and so does services.{owner}; "
                "a Compose service may have one policy"
            )
