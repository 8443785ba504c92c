"""Events -> log lines (structlog): one at INFO for each change, the unchanged evaluations at DEBUG."""

import logging
from functools import singledispatchmethod

import structlog

from autoscaler.core.model import Decision, Direction, Estimate, Reason
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

# Reasons that an operator wants to see come and go; the others change with every breath of the load.
_NOTABLE = frozenset(
    {
        Reason.AT_MAX,
        Reason.BLIND,
        Reason.CAPPED,
        Reason.MISSING_READING,
        Reason.NOT_READY,
        Reason.OVER_BUDGET,
        Reason.REVERSING,
        Reason.STOPPED,
    }
)


class LogObserver:
    """Writes what changed. Remembers the last line of each service, so that a lasting state is said once."""

    def __init__(self, logger: structlog.stdlib.BoundLogger | None = None) -> None:
        self._log = logger if logger is not None else structlog.stdlib.get_logger("autoscaler")
        self._said: dict[str, tuple[object, ...]] = {}
        self._trusted: set[tuple[str, str]] = set()  # service and learned estimate

    @singledispatchmethod
    def notify(self, event: Event) -> None:
        raise TypeError(type(event).__name__)

    @notify.register
    def _(self, event: CycleFinished) -> None:
        for outcome in event.services.values():
            self._evaluated(outcome)
        self._log.debug("cycle", duration_seconds=round(event.duration_seconds, 4), services=len(event.services))

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
    def _(self, event: PrometheusAsked) -> None:
        self._log.debug("prometheus", duration_seconds=round(event.duration_seconds, 4), error=event.error)

    @notify.register
    def _(self, event: EngineAsked) -> None:
        self._log.debug("docker", operation=event.operation, duration_seconds=round(event.duration_seconds, 4))

    def _evaluated(self, outcome: ServiceOutcome) -> None:
        decision = outcome.decision
        if decision is None:
            self._say(outcome.service, (outcome.error,), "service.failed", error=outcome.error)
        else:
            self._decided(outcome.action, decision)

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
        elif event == "service.failed" or "missing" in facts:
            level = logging.WARNING
        else:
            level = logging.INFO
        self._said[service] = state
        self._log.log(level, event, service=service, **facts)
