"""Turns a validated service of the policy file into the core's frozen policy."""

from dataclasses import replace
from zoneinfo import ZoneInfo

from autoscaler.config.schema import ServiceModel
from autoscaler.config.schema_behavior import BehaviorModel, RatePolicyModel
from autoscaler.config.schema_rules import RuleModel
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

DEFAULT_QUANTILE = 0.95


def make_policy(name: str, model: ServiceModel, window_seconds: float) -> Policy:
    """Return the policy of that service; `window_seconds` is for signals without their own window."""
    rules = tuple(_rule(rule_name, rule, model, window_seconds) for rule_name, rule in model.rules.items())
    return Policy(
        service=name,
        min_replicas=model.replicas.min,
        max_replicas=model.replicas.max,
        rules=rules,
        scale_up=_behavior(model.scale_up),
        scale_down=replace(_behavior(model.scale_down), window_stated=_states_window(model.scale_down)),
        when_blind=WhenBlind(model.when_blind.after, *model.when_blind.do),
        schedules=tuple(
            Schedule(each.cron, each.duration, ZoneInfo(each.timezone), each.min, each.max) for each in model.schedules
        ),
        reversals=Reversals(model.reversals.limit, model.reversals.period),
        burst_threshold=1.0 if model.burst is None else model.burst.threshold,
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
    """Return the same signal over a short window, by default half of the long one."""
    if isinstance(source, Query) or service.burst is None:
        return None
    return replace(source, window_seconds=service.burst.window or source.window_seconds / 2)


def _objective(service: ServiceModel, rules: tuple[Rule, ...]) -> Objective | None:
    model = service.objective
    if model is None:
        return None
    sized = next(rule for rule in rules if rule.name == service.sized_rule)
    return Objective(
        latency_seconds=model.latency,
        ratio=model.ratio,
        source=TraefikSignal(
            Signal.SLOW_RATIO, (sized.burst or sized.source).window_seconds, threshold_seconds=model.latency
        ),
        rule=sized.name,
        learn_capacity=model.capacity == "auto",
        learn_headroom=model.headroom == "auto",
        learn_season=model.season == "auto",
    )


def _states_window(model: BehaviorModel) -> bool:
    return "stabilization_window" in model.model_fields_set


def _behavior(model: BehaviorModel) -> Behavior:
    rates = tuple(_rate(rate) for rate in model.policies)
    return Behavior(model.tolerance, model.stabilization_window, rates, model.select_policy)


def _rate(model: RatePolicyModel) -> RatePolicy:
    if model.replicas is not None:
        return RatePolicy(RateUnit.REPLICAS, model.replicas, model.period)
    return RatePolicy(RateUnit.PERCENT, model.percent or 0, model.period)
