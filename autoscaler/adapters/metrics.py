"""Events -> our own Prometheus metrics (prometheus_client), in a registry of their own."""

import math
from functools import singledispatchmethod

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector

from autoscaler import __version__
from autoscaler.core.model import Decision, Direction, Limit, Reason
from autoscaler.core.policy import Policy
from autoscaler.events import (
    Action,
    CycleFinished,
    CycleMissed,
    EngineAsked,
    Event,
    OperationFinished,
    PrometheusAsked,
    ReplicaChanged,
    ServiceOutcome,
)

CONTENT_TYPE = CONTENT_TYPE_LATEST
SCALE_REASONS = {
    Direction.UP: (Reason.ABOVE_TARGET, Reason.BELOW_MIN, Reason.BLIND_FALLBACK),
    Direction.DOWN: (Reason.BELOW_TARGET, Reason.ABOVE_MAX, Reason.BLIND_FALLBACK),
}
SCALE_STAGES = ("create", "connect", "start", "ready", "stop", "remove", "refused", "unavailable", "unexpected")
PROMETHEUS_ERRORS = ("refused", "timeout", "http", "format", "query", "partial")
REQUEST_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
OPERATION_BUCKETS = (0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0)

disable_created_metrics()  # type: ignore[no-untyped-call]


class MetricsObserver:
    """Counts and measures what happens. Every label set of a known service starts at 0."""

    def __init__(self, policies: list[Policy], *, dry_run: bool) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self._make_daemon_metrics()
        self._make_service_metrics()
        self._build_info.labels(__version__).set(1)
        self._dry_run.set(dry_run)
        for error in PROMETHEUS_ERRORS:
            self._prometheus_errors.labels(error)
        for policy in policies:
            self._start_at_zero(policy)

    def render(self) -> bytes:
        """Return the text exposition."""
        return generate_latest(self.registry)

    def config_loaded(self, at: float, *, successful: bool) -> None:
        """Note that a configuration was loaded, or refused, at `at` (unix seconds)."""
        self._config_successful.set(successful)
        if successful:
            self._config_loaded_at.set(at)

    @singledispatchmethod
    def notify(self, event: Event) -> None:
        raise TypeError(type(event).__name__)

    @notify.register
    def _(self, event: CycleFinished) -> None:
        self._cycle_seconds.observe(event.duration_seconds)
        self._last_cycle.set(event.at)
        for outcome in event.services.values():
            self._evaluated(outcome)

    @notify.register
    def _(self, event: CycleMissed) -> None:
        self._missed_cycles.inc(event.count)

    @notify.register
    def _(self, event: ReplicaChanged) -> None:
        self._replica_seconds.labels(event.service, event.direction).observe(event.duration_seconds)

    @notify.register
    def _(self, event: OperationFinished) -> None:
        if event.error is not None:
            self._scale_errors.labels(event.service, event.stage or "unexpected").inc()
        if event.after == event.before:
            return
        self._operations.labels(event.service, event.direction, event.reason).inc()
        self._last_scale.labels(event.service, event.direction).set(event.at + event.duration_seconds)

    @notify.register
    def _(self, event: PrometheusAsked) -> None:
        self._prometheus_seconds.observe(event.duration_seconds)
        if event.error is not None:
            self._prometheus_errors.labels(event.error).inc()

    @notify.register
    def _(self, event: EngineAsked) -> None:
        self._engine_seconds.labels(event.operation).observe(event.duration_seconds)

    def _evaluated(self, outcome: ServiceOutcome) -> None:
        self._evaluations.labels(outcome.service, outcome.action).inc()
        if outcome.decision is not None:
            self._decided(outcome.decision)

    def _decided(self, decision: Decision) -> None:
        replicas = decision.replicas
        states = {"current": replicas.current, "ready": replicas.ready, "desired": decision.desired}
        for state, count in states.items():
            self._replicas.labels(decision.service, state).set(count)
        for limit in decision.limits:
            self._limited.labels(decision.service, limit.limit).inc()
        for proposal in decision.proposals:
            labels = (decision.service, proposal.rule)
            value, wanted = proposal.reading.value, proposal.replicas
            self._rule_value.labels(*labels).set(math.nan if value is None else value)
            self._rule_proposal.labels(*labels).set(math.nan if wanted is None else wanted)
            self._rule_usable.labels(*labels).set(wanted is not None)

    def _start_at_zero(self, policy: Policy) -> None:
        service = policy.service
        self._replicas.labels(service, "min").set(policy.min_replicas)
        self._replicas.labels(service, "max").set(policy.max_replicas)
        for rule in policy.rules:
            self._rule_target.labels(service, rule.name).set(rule.target)
            self._rule_usable.labels(service, rule.name).set(0)
        for action in Action:
            self._evaluations.labels(service, action)
        for limit in Limit:
            self._limited.labels(service, limit)
        for stage in SCALE_STAGES:
            self._scale_errors.labels(service, stage)
        for direction, reasons in SCALE_REASONS.items():
            self._replica_seconds.labels(service, direction)
            for reason in reasons:
                self._operations.labels(service, direction, reason)

    def _make_daemon_metrics(self) -> None:
        self._build_info = self._gauge("build_info", "Version of the running autoscaler, as a label.", "version")
        self._dry_run = self._gauge("dry_run", "1 when decisions are made but not carried out.")
        self._config_successful = self._gauge("config_last_reload_successful", "1 when the last load was successful.")
        self._config_loaded_at = self._gauge(
            "config_last_reload_success_timestamp_seconds", "When the configuration was last loaded successfully."
        )
        self._last_cycle = self._gauge("last_cycle_timestamp_seconds", "When the last cycle was evaluated.")
        self._missed_cycles = self._counter("missed_cycles", "Cycles skipped because the one before still ran.")
        self._cycle_seconds = self._histogram("cycle_duration_seconds", "Duration of one cycle.", REQUEST_BUCKETS)
        self._prometheus_seconds = self._histogram(
            "prometheus_request_duration_seconds", "Duration of requests to Prometheus.", REQUEST_BUCKETS
        )
        self._prometheus_errors = self._counter("prometheus_errors", "Failed requests to Prometheus.", "kind")
        self._engine_seconds = self._histogram(
            "docker_request_duration_seconds",
            "Duration of requests to the Docker engine.",
            REQUEST_BUCKETS,
            "operation",
        )

    def _make_service_metrics(self) -> None:
        self._replicas = self._gauge("replicas", "Replicas: current, ready, desired, min, max.", "service", "state")
        self._rule_value = self._gauge("rule_value", "What the rule measured, in base units.", "service", "rule")
        self._rule_target = self._gauge("rule_target", "What the rule should measure.", "service", "rule")
        self._rule_proposal = self._gauge("rule_proposal", "Replicas that the rule wants.", "service", "rule")
        self._rule_usable = self._gauge("rule_usable", "1 when the rule has a usable reading.", "service", "rule")
        self._evaluations = self._counter("evaluations", "Evaluations, by what was done.", "service", "outcome")
        self._limited = self._counter("limited", "Proposals changed, by the limit that did it.", "service", "limit")
        self._operations = self._counter(
            "scale_operations", "Finished changes of the replica count.", "service", "direction", "reason"
        )
        self._scale_errors = self._counter("scale_errors", "Failed changes of the replica count.", "service", "stage")
        self._replica_seconds = self._histogram(
            "scale_duration_seconds",
            "Time from the start of a replica until it is ready, or from its stop until it is gone.",
            OPERATION_BUCKETS,
            "service",
            "direction",
        )
        self._last_scale = self._gauge(
            "last_scale_timestamp_seconds", "When the replica count was last changed.", "service", "direction"
        )

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(name, text, labels, namespace="autoscaler", registry=self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, namespace="autoscaler", registry=self.registry)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(name, text, labels, namespace="autoscaler", registry=self.registry, buckets=buckets)
