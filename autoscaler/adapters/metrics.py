"""Events -> our own Prometheus metrics; docs/metrics.md lists them."""

import math
from functools import singledispatchmethod

from autoscaler import __version__
from autoscaler.adapters.instruments import DaemonInstruments, OperationInstruments, Registry, ServiceInstruments
from autoscaler.adapters.label_sets import PROMETHEUS_ERRORS, start_operations, start_rules
from autoscaler.core.model import Decision, Direction, Proposal, Sizing
from autoscaler.core.policy import Policy
from autoscaler.events import (
    CycleFinished,
    CycleMissed,
    EngineAsked,
    Event,
    OperationFinished,
    PrometheusAsked,
    ReplicaChanged,
    ServiceOutcome,
)


class MetricsObserver:
    """Counts and measures what happens. Every label set of a known service starts at 0."""

    def __init__(self, policies: list[Policy], *, dry_run: bool) -> None:
        self._made = Registry()
        self.registry = self._made.collector
        self._daemon = DaemonInstruments(self._made)
        self._service = ServiceInstruments(self._made)
        self._operation = OperationInstruments(self._made)
        self._counts: dict[str, int] = {}  # as of each service's last decision
        self._directions: dict[str, Direction] = {}  # in which each service's count changed last
        self._daemon.build_info.labels(__version__).set(1)
        self._daemon.dry_run.set(dry_run)
        for error in PROMETHEUS_ERRORS:
            self._daemon.prometheus_errors.labels(error)
        for policy in policies:
            start_rules(self._service, policy)
            start_operations(self._operation, policy.service)

    def render(self) -> bytes:
        """Return the text exposition."""
        return self._made.render()

    def config_loaded(self, at: float, *, successful: bool) -> None:
        """Note that a configuration was loaded, or refused, at `at` (unix seconds)."""
        self._daemon.config_successful.set(successful)
        if successful:
            self._daemon.config_loaded_at.set(at)

    @singledispatchmethod
    def notify(self, event: Event) -> None:
        raise TypeError(type(event).__name__)

    @notify.register
    def _(self, event: CycleFinished) -> None:
        self._daemon.cycle_seconds.observe(event.duration_seconds)
        self._daemon.last_cycle.set(event.at)
        for outcome in event.services.values():
            self._evaluated(outcome)

    @notify.register
    def _(self, event: CycleMissed) -> None:
        self._daemon.missed_cycles.inc(event.count)

    @notify.register
    def _(self, event: ReplicaChanged) -> None:
        self._operation.replica_seconds.labels(event.service, event.direction).observe(event.duration_seconds)

    @notify.register
    def _(self, event: OperationFinished) -> None:
        if event.error is not None:
            self._operation.errors.labels(event.service, event.stage or "unexpected").inc()
        if event.after == event.before:
            return
        self._operation.operations.labels(event.service, event.direction, event.reason).inc()
        self._operation.last_scale.labels(event.service, event.direction).set(event.at + event.duration_seconds)

    @notify.register
    def _(self, event: PrometheusAsked) -> None:
        self._daemon.prometheus_seconds.observe(event.duration_seconds)
        if event.error is not None:
            self._daemon.prometheus_errors.labels(event.error).inc()

    @notify.register
    def _(self, event: EngineAsked) -> None:
        self._daemon.engine_seconds.labels(event.operation).observe(event.duration_seconds)

    def _evaluated(self, outcome: ServiceOutcome) -> None:
        self._service.evaluations.labels(outcome.service, outcome.action).inc()
        if outcome.decision is not None:
            self._decided(outcome.decision)

    def _decided(self, decision: Decision) -> None:
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
            self._proposed(service, proposal)
        if decision.sizing is not None:
            self._sized(service, decision.sizing)
        self._count_reversal(service, replicas.count)

    def _proposed(self, service: str, proposal: Proposal) -> None:
        labels = (service, proposal.rule)
        value, wanted = proposal.reading.value, proposal.replicas
        self._service.rule_value.labels(*labels).set(math.nan if value is None else value)
        self._service.rule_target.labels(*labels).set(proposal.target)
        self._service.rule_proposal.labels(*labels).set(math.nan if wanted is None else wanted)
        self._service.rule_usable.labels(*labels).set(wanted is not None)

    def _sized(self, service: str, sizing: Sizing) -> None:
        self._service.capacity_factor.labels(service).set(sizing.capacity_factor)
        self._service.reserve.labels(service).set(sizing.reserve)
        for estimate in sizing.estimates:
            self._service.trusted.labels(service, estimate.name).set(estimate.trusted)

    def _count_reversal(self, service: str, count: int) -> None:
        """Count what happened rather than what was decided, as the limit on reversals does."""
        before, last = self._counts.get(service, count), self._directions.get(service)
        self._counts[service] = count
        if count == before:
            return
        direction = Direction.UP if count > before else Direction.DOWN
        self._directions[service] = direction
        if last not in {None, direction}:
            self._service.reversals.labels(service).inc()
