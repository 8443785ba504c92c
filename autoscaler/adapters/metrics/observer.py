"""Events -> our own Prometheus metrics; docs/metrics.md lists them."""

import threading
from functools import singledispatchmethod

from autoscaler import __version__
from autoscaler.adapters.metrics.instruments import DaemonInstruments, Registry
from autoscaler.adapters.metrics.label_sets import ANNOTATION_OUTCOMES, ENGINE_OPERATIONS, PROMETHEUS_ERRORS
from autoscaler.adapters.metrics.services import ServiceMetrics
from autoscaler.core.policy import Policy
from autoscaler.events import (
    Annotated,
    ConfigLoaded,
    CycleFinished,
    CycleMissed,
    DrainEnded,
    DrainStarted,
    EngineAsked,
    Event,
    ForeignChange,
    Intervened,
    LeadershipChanged,
    OperationFinished,
    PrometheusAsked,
    Recovered,
    ReplicaChanged,
    ReplicaIncomplete,
    ServicesChanged,
    StateKept,
    WatchChanged,
)


class MetricsObserver:
    """Counts and measures what happens. Every label set of a known service starts at 0. Thread-safe."""

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

    @singledispatchmethod
    def _note(self, event: Event) -> None:
        raise TypeError(type(event).__name__)

    @_note.register
    def _(self, event: CycleFinished) -> None:
        self._daemon.cycle_seconds.observe(event.duration_seconds)
        self._daemon.last_cycle.set(event.at)
        for outcome in event.services.values():
            self._services.evaluated(outcome)

    @_note.register
    def _(self, event: ConfigLoaded) -> None:
        self._daemon.config_successful.set(event.problem is None)
        if event.problem is None:
            self._daemon.config_loaded_at.set(event.at)
        if event.interval_seconds is not None:
            self._daemon.interval.set(event.interval_seconds)
        if event.dry_run is not None:
            self._daemon.dry_run.set(event.dry_run)

    @_note.register
    def _(self, event: ServicesChanged) -> None:
        self._services.serve(event.policies, event.refused.keys())

    @_note.register
    def _(self, event: CycleMissed) -> None:
        self._daemon.missed_cycles.inc(event.count)

    @_note.register
    def _(self, event: ReplicaChanged) -> None:
        self._services.replica_changed(event)

    @_note.register
    def _(self, _: DrainStarted) -> None:
        """Its end is counted."""

    @_note.register
    def _(self, event: DrainEnded) -> None:
        self._services.drain_ended(event)

    @_note.register
    def _(self, _: ReplicaIncomplete) -> None:
        """The log has it."""

    @_note.register
    def _(self, event: OperationFinished) -> None:
        self._services.operation_finished(event)

    @_note.register
    def _(self, event: LeadershipChanged) -> None:
        if event.gone:
            self._daemon.leader.remove_by_labels({"project": event.project})
        else:
            self._daemon.leader.labels(event.project).set(event.leads)

    @_note.register
    def _(self, _: Recovered) -> None:
        self._daemon.recovered.inc()

    @_note.register
    def _(self, event: ForeignChange) -> None:
        self._services.foreign_change(event)

    @_note.register
    def _(self, event: WatchChanged) -> None:
        self._daemon.watching.set(event.problem is None)

    @_note.register
    def _(self, event: Intervened) -> None:
        self._services.intervened(event.service, event.after)

    @_note.register
    def _(self, event: StateKept) -> None:
        self._daemon.state_failed.set(event.problem is not None)

    @_note.register
    def _(self, event: PrometheusAsked) -> None:
        self._daemon.prometheus_seconds.observe(event.duration_seconds)
        if event.error is not None:
            self._daemon.prometheus_errors.labels(event.error).inc()

    @_note.register
    def _(self, event: EngineAsked) -> None:
        self._daemon.engine_seconds.labels(event.operation).observe(event.duration_seconds)
        if event.failed:
            self._daemon.engine_errors.labels(event.operation).inc()

    @_note.register
    def _(self, event: Annotated) -> None:
        self._daemon.annotations.labels(event.outcome).inc()
