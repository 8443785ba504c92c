"""Events -> log lines (structlog): one at INFO for each change, the unchanged evaluations at DEBUG."""

import logging
from functools import singledispatchmethod

import structlog

from autoscaler.core.explain import format_until
from autoscaler.core.model import Decision, Direction, Estimate, Reason
from autoscaler.events import (
    Action,
    Annotated,
    ConfigLoaded,
    CycleFinished,
    CycleMissed,
    DrainEnd,
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
    ServiceOutcome,
    ServicesChanged,
    StateKept,
    WatchChanged,
)

# Reasons that an operator wants to see come and go; the others change with every breath of the load.
_NOTABLE = frozenset(
    {
        Reason.AT_MAX,
        Reason.BLIND,
        Reason.CAPPED,
        Reason.MISSING_READING,
        Reason.NOT_READY,
        Reason.OVERRIDE,
        Reason.OVER_BUDGET,
        Reason.REVERSING,
        Reason.STOPPED,
    }
)

_DRAIN_ENDS = {
    DrainEnd.IDLE: ("replica.drained", logging.INFO),
    DrainEnd.TIMEOUT: ("replica.drain_timeout", logging.INFO),
    DrainEnd.TAKEN_BACK: ("replica.taken_back", logging.INFO),
    DrainEnd.NONE: ("replica.not_drained", logging.WARNING),
}
_QUIET = (None, None, None)  # what is remembered of a decision that is worth no line


class LogObserver:
    """Writes what changed. Remembers the last line of each service, so that a lasting state is said once."""

    def __init__(self, logger: structlog.stdlib.BoundLogger | None = None) -> None:
        self._log = logger if logger is not None else structlog.stdlib.get_logger("autoscaler")
        self._said: dict[str, tuple[object, ...]] = {}
        self._trusted: set[tuple[str, str]] = set()  # service and learned estimate
        self._refused: set[str] = set()  # services
        self._grafana_fails = False

    @singledispatchmethod
    def notify(self, event: Event) -> None:
        raise TypeError(type(event).__name__)

    @notify.register
    def _(self, event: CycleFinished) -> None:
        for outcome in event.services.values():
            self._evaluated(outcome)
        self._log.debug("cycle", duration_seconds=round(event.duration_seconds, 4), services=len(event.services))

    @notify.register
    def _(self, event: ServicesChanged) -> None:
        self._log.info("services", names=sorted(event.policies), refused=sorted(event.refused))

    @notify.register
    def _(self, event: ConfigLoaded) -> None:
        if event.problem is None:
            self._log.info("config.loaded", cause=event.cause)
        else:
            hint = "the configuration before stays in force"
            self._log.error("config.refused", cause=event.cause, problem=event.problem, hint=hint)

    @notify.register
    def _(self, event: CycleMissed) -> None:
        self._log.warning("cycle.missed", count=event.count, hint="a cycle took longer than the interval")

    @notify.register
    def _(self, event: ReplicaChanged) -> None:
        name = "replica.started" if event.direction is Direction.UP else "replica.removed"
        self._log.info(
            name, service=event.service, replica=event.replica, duration_seconds=round(event.duration_seconds, 2)
        )

    @notify.register
    def _(self, event: ReplicaIncomplete) -> None:
        self._log.warning("replica.incomplete", service=event.service, replica=event.replica, what=event.what)

    @notify.register
    def _(self, event: DrainStarted) -> None:
        self._log.info("replica.draining", service=event.service, replica=event.replica, how=event.how)

    @notify.register
    def _(self, event: DrainEnded) -> None:
        name, level = _DRAIN_ENDS[event.end]
        facts: dict[str, object] = {"service": event.service, "replica": event.replica}
        if event.end is not DrainEnd.NONE:
            facts |= {"duration_seconds": round(event.duration_seconds, 2), "connections": event.connections}
        self._log.log(level, name, **facts, **({} if event.why is None else {"why": event.why}))

    @notify.register
    def _(self, event: OperationFinished) -> None:
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

    @notify.register
    def _(self, event: LeadershipChanged) -> None:
        level = logging.WARNING if event.leads and event.why else logging.INFO
        facts = {} if event.why is None else {"why": event.why}
        self._log.log(level, "leading" if event.leads else "standby", project=event.project, **facts)

    @notify.register
    def _(self, event: Recovered) -> None:
        self._log.warning("recovered", service=event.service, replica=event.replica, what=event.what)

    @notify.register
    def _(self, event: PrometheusAsked) -> None:
        self._log.debug("prometheus", duration_seconds=round(event.duration_seconds, 4), error=event.error)

    @notify.register
    def _(self, event: EngineAsked) -> None:
        self._log.debug("docker", operation=event.operation, duration_seconds=round(event.duration_seconds, 4))

    @notify.register
    def _(self, event: ForeignChange) -> None:
        level = logging.WARNING if event.action is Action.SETTLING else logging.INFO
        facts = {"before": event.before, "after": event.after, "desired": event.desired, "action": event.action.value}
        self._log.log(level, "foreign.change", service=event.service, kind=event.kind.value, **facts, what=event.what)

    @notify.register
    def _(self, event: WatchChanged) -> None:
        if event.problem is None:
            self._log.info("events.followed")
        else:
            hint = "what others do to services is seen by the next list call only"
            self._log.warning("events.lost", problem=event.problem, hint=hint)

    @notify.register
    def _(self, event: Annotated) -> None:
        """Say once that Grafana takes no annotations, and once that it does again."""
        failed = event.outcome != "sent"
        if failed and not self._grafana_fails:
            self._log.warning("grafana.failed", error=event.error, hint="scaling goes on; annotations are missing")
        elif self._grafana_fails and not failed:
            self._log.info("grafana.recovered")
        self._grafana_fails = failed

    @notify.register
    def _(self, event: Intervened) -> None:
        paused = event.after.paused_until or event.before.paused_until
        if event.before.paused_until != event.after.paused_until and paused is not None:
            self._log.info(f"pause.{event.change}", service=event.service, until=format_until(paused))
        override = event.after.override or event.before.override
        if event.before.override != event.after.override and override is not None:
            facts = {"replicas": override.replicas, "until": format_until(override.until)}
            self._log.info(f"override.{event.change}", service=event.service, **facts)

    @notify.register
    def _(self, event: StateKept) -> None:
        if event.problem is None:
            self._log.info("state.recovered")
        else:
            self._log.warning("state.failed", problem=event.problem)

    def _evaluated(self, outcome: ServiceOutcome) -> None:
        decision = outcome.decision
        self._refused_or_not(outcome)
        if outcome.action is Action.REFUSED:
            self._say(outcome.service, (outcome.error,), "service.refused", error=outcome.error)
        elif decision is None:
            self._say(outcome.service, (outcome.error,), "service.failed", error=outcome.error)
        else:
            self._decided(outcome.action, decision)

    def _refused_or_not(self, outcome: ServiceOutcome) -> None:
        """Say once that a service that could not be scaled can be again."""
        if outcome.action is Action.REFUSED:
            self._refused.add(outcome.service)
        elif outcome.decision is not None and outcome.service in self._refused:
            self._refused.discard(outcome.service)
            self._said[outcome.decision.service] = _QUIET
            self._log.info("service.accepted", service=outcome.service)

    def _decided(self, action: Action, decision: Decision) -> None:
        changed = decision.direction is not Direction.NONE and action is not Action.BUSY
        reason = decision.reason if changed or decision.reason in _NOTABLE else None
        key = (reason, decision.desired if changed else None, action if changed else None)
        unusable = [p for p in decision.proposals if p.replicas is None]
        self._say(
            decision.service,
            (*key, *((p.rule, p.reading.kind) for p in unusable)),
            "decision",
            action=action.value,
            reason=decision.reason.value,
            current=decision.replicas.count,
            ready=decision.replicas.ready,
            desired=decision.desired,
            sentence=decision.sentence,
            **({"missing": {p.rule: p.reading.note or p.reading.kind.value for p in unusable}} if unusable else {}),
        )
        for estimate in () if decision.sizing is None else decision.sizing.estimates:
            self._estimated(decision.service, estimate)

    def _estimated(self, service: str, estimate: Estimate) -> None:
        """Say once that a learned estimate is trusted from now on, or no longer."""
        key = (service, estimate.name)
        if estimate.trusted == (key in self._trusted):
            return
        (self._trusted.add if estimate.trusted else self._trusted.discard)(key)
        event = "sizing.trusted" if estimate.trusted else "sizing.distrusted"
        self._log.info(event, service=service, estimate=estimate.name, note=estimate.note)

    def _say(self, service: str, state: tuple[object, ...], event: str, **facts: object) -> None:
        if self._said.get(service) == state:
            level = logging.DEBUG
        elif event in {"service.failed", "service.refused"} or "missing" in facts:
            level = logging.WARNING
        else:
            level = logging.INFO
        self._said[service] = state
        self._log.log(level, event, service=service, **facts)
