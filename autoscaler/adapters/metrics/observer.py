"""Turns events into the autoscaler's own Prometheus metrics; docs/metrics.md lists them."""

import threading

from autoscaler import __version__, events
from autoscaler.adapters.metrics.instruments import DaemonInstruments, Registry
from autoscaler.adapters.metrics.label_sets import ANNOTATION_OUTCOMES, ENGINE_OPERATIONS, PROMETHEUS_ERRORS
from autoscaler.adapters.metrics.services import ServiceMetrics
from autoscaler.core.policy import Policy
from autoscaler.events import Event


class MetricsObserver:
    """Counts and measures events. Every label set of a known service starts at 0. Thread-safe."""

    def __init__(self, policies: list[Policy], *, dry_run: bool) -> None:
        self._made = Registry()
        self.registry = self._made.collector
        self._daemon = DaemonInstruments(self._made)
        self._services = ServiceMetrics(self._made)
        self._lock = threading.Lock()
        self._daemon.build_info.labels(__version__).set(1)
        self._daemon.dry_run.set(dry_run)
        self._start()
        self._services.serve({policy.service: policy for policy in policies})

    def _start(self) -> None:
        for error in PROMETHEUS_ERRORS:
            self._daemon.prometheus_errors.labels(error)
        for operation in ENGINE_OPERATIONS:
            self._daemon.engine_seconds.labels(operation)
            self._daemon.engine_errors.labels(operation)
        for outcome in ANNOTATION_OUTCOMES:
            self._daemon.annotations.labels(outcome)

    def render(self) -> bytes:
        """Return the text exposition."""
        return self._made.render()

    def notify(self, event: Event) -> None:
        with self._lock:
            self._note(event)

    def _note(self, event: Event) -> None:  # noqa: C901, PLR0912  a case for each event; mypy misses none
        daemon, services = self._daemon, self._services
        match event:
            case events.CycleFinished():
                daemon.cycle_seconds.observe(event.duration_seconds)
                daemon.last_cycle.set(event.at)
                for outcome in event.services.values():
                    services.evaluated(outcome)
            case events.ConfigLoaded():
                self._config_loaded(event)
            case events.ServicesChanged():
                services.serve(event.policies, event.refused.keys())
            case events.CycleMissed():
                daemon.missed_cycles.inc(event.count)
            case events.ReplicaChanged():
                services.replica_changed(event)
            case events.DrainStarted() | events.ReplicaIncomplete():
                pass  # the end of a drain is counted; incomplete replicas are logged
            case events.DrainEnded():
                services.drain_ended(event)
            case events.OperationFinished():
                services.operation_finished(event)
            case events.LeadershipChanged(gone=True):
                daemon.leader.remove_by_labels({"project": event.project})
            case events.LeadershipChanged():
                daemon.leader.labels(event.project).set(event.leads)
            case events.Recovered():
                daemon.recovered.inc()
            case events.ForeignChange():
                services.foreign_change(event)
            case events.WatchChanged():
                daemon.watching.set(event.problem is None)
            case events.Intervened():
                services.intervened(event.service, event.after)
            case events.StateKept():
                daemon.state_failed.set(event.problem is not None)
            case events.PrometheusAsked():
                daemon.prometheus_seconds.observe(event.duration_seconds)
                if event.error is not None:
                    daemon.prometheus_errors.labels(event.error).inc()
            case events.TraefikListed():
                daemon.traefik_services.clear()
                for name in event.services:
                    daemon.traefik_services.labels(name).set(1)
            case events.EngineAsked():
                daemon.engine_seconds.labels(event.operation).observe(event.duration_seconds)
                if event.failed:
                    daemon.engine_errors.labels(event.operation).inc()
            case events.ViewChanged():
                daemon.view_used.set(event.problem is None)
            case events.Annotated():
                daemon.annotations.labels(event.outcome).inc()

    def _config_loaded(self, event: events.ConfigLoaded) -> None:
        self._daemon.config_successful.set(event.problem is None)
        if event.problem is None:
            self._daemon.config_loaded_at.set(event.at)
        if event.interval_seconds is not None:
            self._daemon.interval.set(event.interval_seconds)
        if event.dry_run is not None:
            self._daemon.dry_run.set(event.dry_run)
