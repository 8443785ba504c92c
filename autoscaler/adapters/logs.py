"""Events -> log lines (structlog): one at INFO for each change, the unchanged evaluations at DEBUG."""

import logging
import sys
from functools import singledispatchmethod

import structlog

from autoscaler.core.model import Decision, Direction, Reason
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

_LIBRARIES = ("apscheduler", "urllib3", "docker", "uvicorn", "uvicorn.error", "uvicorn.access", "asyncio")

# Reasons that an operator wants to see come and go; the others change with every breath of the load.
_NOTABLE = frozenset({Reason.AT_MAX, Reason.BLIND, Reason.MISSING_READING, Reason.NOT_READY, Reason.STOPPED})


def configure_logging(level: str, *, json: bool) -> None:
    """Send everything, the libraries' own lines too, to stdout as JSON or as text for people."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    tail: list[structlog.typing.Processor] = (
        [structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer(ensure_ascii=False)]
        if json
        else [structlog.dev.ConsoleRenderer()]
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *tail],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(capture=True)
    for library in _LIBRARIES:
        logging.getLogger(library).setLevel(max(logging.WARNING, root.level))


class LogObserver:
    """Writes what changed. Remembers the last line of each service, so that a lasting state is said once."""

    def __init__(self, logger: structlog.stdlib.BoundLogger | None = None) -> None:
        self._log = logger if logger is not None else structlog.stdlib.get_logger("autoscaler")
        self._said: dict[str, tuple[object, ...]] = {}

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

    def _say(self, service: str, state: tuple[object, ...], event: str, **facts: object) -> None:
        if self._said.get(service) == state:
            level = logging.DEBUG
        elif event == "service.failed" or "missing" in facts:
            level = logging.WARNING
        else:
            level = logging.INFO
        self._said[service] = state
        self._log.log(level, event, service=service, **facts)
