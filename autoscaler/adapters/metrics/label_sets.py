"""The label sets of the metrics: each exists from the start, so that the first event is not lost."""

import math

from autoscaler.adapters.metrics.instruments import OperationInstruments, ServiceInstruments
from autoscaler.core.model import Direction, Limit, Reason
from autoscaler.core.policy import Policy, Rule
from autoscaler.events import Action, Condition, DrainEnd, Foreign

SCALE_REASONS = {
    Direction.UP: (
        Reason.ABOVE_TARGET,
        Reason.BELOW_MIN,
        Reason.BLIND_FALLBACK,
        Reason.OVERRIDE,
        Reason.SEASONAL,
        Reason.HEADROOM,
        Reason.SURGING,
    ),
    Direction.DOWN: (
        Reason.BELOW_TARGET,
        Reason.ABOVE_MAX,
        Reason.BLIND_FALLBACK,
        Reason.OVERRIDE,
        Reason.CAPPED,
        Reason.OVER_BUDGET,
    ),
}
SCALE_STAGES = (
    "create",
    "connect",
    "start",
    "ready",
    "drain",
    "stop",
    "remove",
    "refused",
    "unavailable",
    "unexpected",
)
PROMETHEUS_ERRORS = ("refused", "timeout", "http", "format", "query", "partial")
ENGINE_OPERATIONS = (
    *("version", "list", "events", "inspect", "image", "logs"),
    *("create", "connect", "start", "rename", "stop", "remove", "lease"),
    *("exec", "signal", "changes", "read", "stat", "write"),
)
ANNOTATION_OUTCOMES = ("sent", "failed", "dropped")
ESTIMATES = ("capacity", "headroom", "season")


def start_rules(made: ServiceInstruments, policy: Policy) -> None:
    """Start the metrics of a service's decisions: with the policy's bounds and targets, all others at 0."""
    service = policy.service
    made.replicas.labels(service, "min").set(policy.min_replicas)
    made.replicas.labels(service, "max").set(policy.max_replicas)
    made.reversals.labels(service)
    made.paused.labels(service)
    made.override.labels(service)
    for rule in policy.rules:
        _start_rule(made, service, rule)
    for kind in Foreign:
        made.foreign_changes.labels(service, kind)
    start_evaluations(made, service)
    for limit in Limit:
        made.limited.labels(service, limit)
    if policy.objective is not None:
        _start_sizing(made, service)


def start_evaluations(made: ServiceInstruments, service: str) -> None:
    """Start the evaluation counters and the conditions of a service at 0."""
    for action in Action:
        made.evaluations.labels(service, action)
    for condition in Condition:
        made.condition.labels(service, condition)


def _start_rule(made: ServiceInstruments, service: str, rule: Rule) -> None:
    made.rule_target.labels(service, rule.name).set(rule.target)
    made.rule_usable.labels(service, rule.name).set(0)
    for unknown in (made.rule_value, made.rule_ratio, made.rule_proposal):
        unknown.labels(service, rule.name).set(math.nan)


def _start_sizing(made: ServiceInstruments, service: str) -> None:
    made.capacity_factor.labels(service).set(1)
    made.reserve.labels(service).set(0)
    for estimate in ESTIMATES:
        made.trusted.labels(service, estimate).set(0)


def start_operations(made: OperationInstruments, service: str) -> None:
    """Start the metrics of a service's operations at 0."""
    for stage in SCALE_STAGES:
        made.errors.labels(service, stage)
    for end in DrainEnd:
        made.drains.labels(service, end)
    made.drain_seconds.labels(service)
    for direction, reasons in SCALE_REASONS.items():
        made.replica_seconds.labels(service, direction)
        made.last_scale.labels(service, direction)
        for reason in reasons:
            made.operations.labels(service, direction, reason)
