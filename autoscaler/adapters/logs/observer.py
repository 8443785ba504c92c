"""Turns events into log lines (structlog): one at INFO for each change, unchanged evaluations at DEBUG."""

import logging

import structlog

from autoscaler import events
from autoscaler.adapters.logs.evaluations import EvaluationLog
from autoscaler.core.explain import format_until
from autoscaler.core.model import Direction
from autoscaler.events import Action, DrainEnd, Event

_DRAIN_ENDS = {
    DrainEnd.IDLE: ("replica.drained", logging.INFO),
    DrainEnd.TIMEOUT: ("replica.drain_timeout", logging.INFO),
    DrainEnd.TAKEN_BACK: ("replica.taken_back", logging.INFO),
    DrainEnd.NONE: ("replica.not_drained", logging.WARNING),
}


class LogObserver:
    """Logs changes."""

    def __init__(self, logger: structlog.stdlib.BoundLogger | None = None) -> None:
        self._log = logger if logger is not None else structlog.stdlib.get_logger("autoscaler")
        self._evaluations = EvaluationLog(self._log)
        self._grafana_fails = False
        self._traefik_problem: str | None = None

    def notify(self, event: Event) -> None:  # noqa: C901, PLR0912, PLR0915  a case for each event; mypy misses none
        log = self._log
        match event:
            case events.CycleFinished():
                for outcome in event.services.values():
                    self._evaluations.emit(outcome)
                log.debug("cycle", duration_seconds=round(event.duration_seconds, 4), services=len(event.services))
            case events.ServicesChanged():
                log.info("services", names=sorted(event.policies), refused=sorted(event.refused))
            case events.ConfigLoaded(problem=None):
                log.info("config.loaded", cause=event.cause)
            case events.ConfigLoaded():
                hint = "the previous configuration stays in force"
                log.error("config.refused", cause=event.cause, problem=event.problem, hint=hint)
            case events.CycleMissed():
                log.warning("cycle.missed", count=event.count, hint="a cycle took longer than the interval")
            case events.ReplicaChanged():
                self._replica_changed(event)
            case events.ReplicaIncomplete():
                log.warning("replica.incomplete", service=event.service, replica=event.replica, what=event.what)
            case events.DrainStarted():
                log.info("replica.draining", service=event.service, replica=event.replica, how=event.how)
            case events.DrainEnded():
                self._drain_ended(event)
            case events.OperationFinished():
                self._operation_finished(event)
            case events.LeadershipChanged():
                level = logging.WARNING if event.leads and event.why else logging.INFO
                facts = {} if event.why is None else {"why": event.why}
                log.log(level, "leading" if event.leads else "standby", project=event.project, **facts)
            case events.Recovered():
                log.warning("recovered", service=event.service, replica=event.replica, what=event.what)
            case events.PrometheusAsked():
                log.debug("prometheus", duration_seconds=round(event.duration_seconds, 4), error=event.error)
            case events.EngineAsked():
                log.debug("docker", operation=event.operation, duration_seconds=round(event.duration_seconds, 4))
            case events.ForeignChange():
                self._foreign_change(event)
            case events.WatchChanged(problem=None):
                log.info("events.followed")
            case events.WatchChanged():
                hint = "foreign changes are found by the next list call only"
                log.warning("events.lost", problem=event.problem, hint=hint)
            case events.ViewChanged(problem=None):
                log.info("view.used")
            case events.ViewChanged():
                log.warning("view.lost", problem=event.problem, hint="replicas are drained by the marker meanwhile")
            case events.Annotated():
                self._annotated(event)
            case events.Intervened():
                self._intervened(event)
            case events.TraefikListed():
                self._traefik_listed(event.problem)
            case events.StateKept(problem=None):
                log.info("state.recovered")
            case events.StateKept():
                log.warning("state.failed", problem=event.problem)

    def _traefik_listed(self, problem: str | None) -> None:
        """Log once that Traefik's API does not answer, and once that it does again."""
        if problem != self._traefik_problem:
            self._traefik_problem = problem
            self._log.log(*((20, "traefik.answers") if problem is None else (30, "traefik.silent")), problem=problem)

    def _replica_changed(self, event: events.ReplicaChanged) -> None:
        name = "replica.started" if event.direction is Direction.UP else "replica.removed"
        took_seconds = round(event.duration_seconds, 2)
        self._log.info(name, service=event.service, replica=event.replica, duration_seconds=took_seconds)

    def _drain_ended(self, event: events.DrainEnded) -> None:
        name, level = _DRAIN_ENDS[event.end]
        facts: dict[str, object] = {"service": event.service, "replica": event.replica}
        if event.end is not DrainEnd.NONE:
            facts |= {"duration_seconds": round(event.duration_seconds, 2), "connections": event.connections}
        self._log.log(level, name, **facts, **({} if event.why is None else {"why": event.why}))

    def _operation_finished(self, event: events.OperationFinished) -> None:
        facts = {
            "service": event.service,
            "direction": event.direction.value,
            "reason": event.reason,
            "before": event.before,
            "after": event.after,
            "duration_seconds": round(event.duration_seconds, 2),
        }
        if event.error is None:
            self._log.info("scaled", **facts)
        else:
            self._log.error("scale.failed", **facts, stage=event.stage, error=event.error)

    def _foreign_change(self, event: events.ForeignChange) -> None:
        level = logging.WARNING if event.action is Action.SETTLING else logging.INFO
        facts = {"before": event.before, "after": event.after, "desired": event.desired, "action": event.action.value}
        self._log.log(level, "foreign.change", service=event.service, kind=event.kind.value, **facts, what=event.what)

    def _annotated(self, event: events.Annotated) -> None:
        """Log once that Grafana fails, and once that it has recovered."""
        failed = event.outcome != "sent"
        if failed and not self._grafana_fails:
            self._log.warning("grafana.failed", error=event.error, hint="scaling continues; annotations are missing")
        elif self._grafana_fails and not failed:
            self._log.info("grafana.recovered")
        self._grafana_fails = failed

    def _intervened(self, event: events.Intervened) -> None:
        paused = event.after.paused_until or event.before.paused_until
        if event.before.paused_until != event.after.paused_until and paused is not None:
            self._log.info(f"pause.{event.change}", service=event.service, until=format_until(paused))
        override = event.after.override or event.before.override
        if event.before.override != event.after.override and override is not None:
            facts = {"replicas": override.replicas, "until": format_until(override.until)}
            self._log.info(f"override.{event.change}", service=event.service, **facts)
