"""Logs the evaluations of a cycle: one line at INFO for each change, unchanged ones at DEBUG."""

import logging

import structlog

from autoscaler.core.model import Decision, Direction, Estimate, Reason
from autoscaler.events import Action, ServiceOutcome

# Reasons whose start and end concern the operator; the others change with the load.
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
        Reason.UNSEEN,
    }
)

_QUIET = (None, None, None, None)  # the state of a decision without a line at INFO


class EvaluationLog:
    """Keeps the last state of each service, so that a lasting state is logged once."""

    def __init__(self, logger: structlog.stdlib.BoundLogger) -> None:
        self._log = logger
        self._logged: dict[str, tuple[object, ...]] = {}
        self._trusted: set[tuple[str, str]] = set()  # service and learned estimate
        self._refused: set[str] = set()  # services

    def emit(self, outcome: ServiceOutcome) -> None:
        """Log the outcome; at DEBUG if nothing changed."""
        decision = outcome.decision
        self._track_refusal(outcome)
        if outcome.action is Action.REFUSED:
            self._write(outcome, (outcome.error,), "service.refused", error=outcome.error)
        elif decision is None:
            self._write(outcome, (outcome.error,), "service.failed", error=outcome.error)
        else:
            self._log_decision(outcome, decision)

    def _track_refusal(self, outcome: ServiceOutcome) -> None:
        """Log once that a refused service can be scaled again."""
        if outcome.action is Action.REFUSED:
            self._refused.add(outcome.service)
        elif outcome.decision is not None and outcome.service in self._refused:
            self._refused.discard(outcome.service)
            self._logged[outcome.service] = _QUIET
            self._log.info("service.accepted", service=outcome.service)

    def _log_decision(self, outcome: ServiceOutcome, decision: Decision) -> None:
        action = outcome.action
        changed = decision.direction is not Direction.NONE and action is not Action.BUSY
        reason = decision.reason if changed or decision.reason in _NOTABLE else None
        key = (reason, decision.desired if changed else None, action if changed else None)
        unusable = [p for p in decision.proposals if p.replicas is None]
        self._write(
            outcome,
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
            self._log_estimate(decision.service, estimate)

    def _log_estimate(self, service: str, estimate: Estimate) -> None:
        """Log once that trust in a learned estimate changed."""
        key = (service, estimate.name)
        if estimate.trusted == (key in self._trusted):
            return
        (self._trusted.add if estimate.trusted else self._trusted.discard)(key)
        event = "sizing.trusted" if estimate.trusted else "sizing.distrusted"
        self._log.info(event, service=service, estimate=estimate.name, note=estimate.note)

    def _write(self, outcome: ServiceOutcome, state: tuple[object, ...], event: str, **facts: object) -> None:
        service, condition = outcome.service, outcome.condition
        state = (*state, condition if condition.alarming else None)
        if self._logged.get(service) == state:
            level = logging.DEBUG
        elif condition.alarming or "missing" in facts:
            level = logging.WARNING
        else:
            level = logging.INFO
        self._logged[service] = state
        self._log.log(level, event, service=service, condition=condition.value, **facts)
