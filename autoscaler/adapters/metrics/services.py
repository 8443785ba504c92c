"""The metrics of services. The series of a removed service are removed."""

import math
from collections.abc import Collection, Mapping

from autoscaler.adapters.metrics.instruments import OperationInstruments, Registry, ServiceInstruments
from autoscaler.adapters.metrics.label_sets import start_evaluations, start_operations, start_rules
from autoscaler.core.intervention import Intervention
from autoscaler.core.model import Decision, Direction, Proposal, Sizing
from autoscaler.core.policy import Policy
from autoscaler.events import (
    Condition,
    DrainEnd,
    DrainEnded,
    ForeignChange,
    OperationFinished,
    ReplicaChanged,
    ServiceOutcome,
)


class ServiceMetrics:
    """Measures known services only. One caller at a time."""

    def __init__(self, made: Registry) -> None:
        self._service = ServiceInstruments(made)
        self._operation = OperationInstruments(made)
        self._policies: dict[str, Policy] = {}
        self._refused: frozenset[str] = frozenset()
        self._traefik_services: dict[str, str] = {}
        self._counts: dict[str, int] = {}  # as of each service's last decision
        self._directions: dict[str, Direction] = {}  # in which each service's count changed last

    def serve(self, policies: Mapping[str, Policy], refused: Collection[str] = ()) -> None:
        """Measure these services from now on; remove the series of all others, and of removed rules.

        Refused services only have evaluation counters and conditions.
        """
        for gone in (self._policies.keys() | self._refused) - policies.keys():
            self._remove(gone)
        self._refused = frozenset(refused)
        for name in self._refused:
            start_evaluations(self._service, name)
        for name, policy in policies.items():
            if self._policies.get(name) != policy:
                self._start_service(policy)

    def _remove(self, service: str) -> None:
        for known in (self._policies, self._traefik_services, self._counts, self._directions):
            known.pop(service, None)
        self._drop(service=service)

    def _start_service(self, policy: Policy) -> None:
        before = self._policies.get(policy.service, policy)
        for rule in {rule.name for rule in before.rules} - {rule.name for rule in policy.rules}:
            self._drop(service=policy.service, rule=rule)
        if policy.objective is None:
            for sizing in (self._service.capacity_factor, self._service.reserve, self._service.trusted):
                sizing.remove_by_labels({"service": policy.service})
        self._policies[policy.service] = policy
        start_rules(self._service, policy)
        start_operations(self._operation, policy.service)

    def _drop(self, **labels: str) -> None:
        for instrument in (*vars(self._service).values(), *vars(self._operation).values()):
            if set(labels) <= set(instrument._labelnames):  # noqa: SLF001  there is no public way to ask
                instrument.remove_by_labels(labels)

    def replica_changed(self, event: ReplicaChanged) -> None:
        if event.service in self._policies:
            self._operation.replica_seconds.labels(event.service, event.direction).observe(event.duration_seconds)

    def drain_ended(self, event: DrainEnded) -> None:
        if event.service not in self._policies:
            return
        self._operation.drains.labels(event.service, event.end).inc()
        if event.end in {DrainEnd.IDLE, DrainEnd.TIMEOUT}:
            self._operation.drain_seconds.labels(event.service).observe(event.duration_seconds)

    def operation_finished(self, event: OperationFinished) -> None:
        if event.service not in self._policies:
            return
        if event.error is not None:
            self._operation.errors.labels(event.service, event.stage or "unexpected").inc()
        if event.after == event.before:
            return
        self._operation.operations.labels(event.service, event.direction, event.reason).inc()
        self._operation.last_scale.labels(event.service, event.direction).set(event.at + event.duration_seconds)

    def foreign_change(self, event: ForeignChange) -> None:
        if event.service in self._policies:
            self._service.foreign_changes.labels(event.service, event.kind).inc()

    def intervened(self, service: str, intervention: Intervention) -> None:
        if service in self._policies:
            override = intervention.override
            self._service.paused.labels(service).set(intervention.paused_until is not None)
            self._service.override.labels(service).set(0 if override is None else override.replicas)

    def evaluated(self, outcome: ServiceOutcome) -> None:
        if outcome.service not in self._policies and outcome.service not in self._refused:
            return
        self._service.evaluations.labels(outcome.service, outcome.action).inc()
        for condition in Condition:
            self._service.condition.labels(outcome.service, condition).set(condition is outcome.condition)
        self.intervened(outcome.service, outcome.intervention)
        if outcome.traefik_service is not None:
            self._record_name(outcome.service, outcome.traefik_service)
        if outcome.decision is not None:
            self._record_decision(outcome.decision)

    def _record_name(self, service: str, traefik_service: str) -> None:
        if self._traefik_services.get(service) != traefik_service:
            self._service.info.remove_by_labels({"service": service})
            self._service.info.labels(service, traefik_service).set(1)
            self._traefik_services[service] = traefik_service

    def _record_decision(self, decision: Decision) -> None:
        service, replicas = decision.service, decision.replicas
        states = {
            "current": replicas.current,
            "ready": replicas.ready,
            "desired": decision.desired,
            "min": decision.low,
            "max": decision.high,
        }
        for state, count in states.items():
            self._service.replicas.labels(service, state).set(count)
        for limit in decision.limits:
            self._service.limited.labels(service, limit.limit).inc()
        for proposal in decision.proposals:
            self._record_proposal(service, proposal)
        if decision.sizing is not None:
            self._record_sizing(service, decision.sizing)
        self._count_reversal(service, replicas.count)

    def _record_proposal(self, service: str, proposal: Proposal) -> None:
        labels, wanted = (service, proposal.rule), proposal.replicas
        self._service.rule_value.labels(*labels).set(_number(proposal.reading.value))
        self._service.rule_target.labels(*labels).set(proposal.target)
        self._service.rule_ratio.labels(*labels).set(_number(proposal.ratio))
        self._service.rule_proposal.labels(*labels).set(_number(wanted))
        self._service.rule_usable.labels(*labels).set(wanted is not None)

    def _record_sizing(self, service: str, sizing: Sizing) -> None:
        self._service.capacity_factor.labels(service).set(sizing.capacity_factor)
        self._service.reserve.labels(service).set(sizing.reserve)
        for estimate in sizing.estimates:
            self._service.trusted.labels(service, estimate.name).set(estimate.trusted)

    def _count_reversal(self, service: str, count: int) -> None:
        """Count from observed counts rather than from decisions, as the limit on reversals does."""
        before, last = self._counts.get(service, count), self._directions.get(service)
        self._counts[service] = count
        if count == before:
            return
        direction = self._directions[service] = Direction.between(before, count)
        if last not in {None, direction}:
            self._service.reversals.labels(service).inc()


def _number(value: float | None) -> float:
    return math.nan if value is None else value
