"""Operations run outside the cycle: one per service at a time, a few at once, with a growing pause after failures."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from autoscaler.core.model import Decision
from autoscaler.errors import AutoscalerError, ScaleFailed, TargetRefused, TargetUnavailable
from autoscaler.events import Action, Event, OperationFinished, ReplicaChanged
from autoscaler.fleet import ServiceRef
from autoscaler.ports import ReplicaTarget, Tell

FIRST_BACKOFF_SECONDS = 5.0
LONGEST_BACKOFF_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Failures:
    """How often in a row a service's operations failed, and when the next one may begin (monotonic seconds)."""

    count: int = 0
    retry_at: float = 0.0

    def another(self, now: float) -> "Failures":
        """Return the record after one more failure: 5 s, 10 s, 20 s, ... at most 5 min."""
        pause = min(FIRST_BACKOFF_SECONDS * 2**self.count, LONGEST_BACKOFF_SECONDS)
        return Failures(self.count + 1, now + pause)


class Operations:
    """Carries out decisions in threads of their own; thread-safe."""

    def __init__(
        self, target: ReplicaTarget, tell: Tell, *, at_once: int, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._target = target
        self._tell = tell
        self._monotonic = monotonic
        self._slots = threading.Semaphore(at_once)
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._running: dict[str, tuple[int, threading.Thread]] = {}
        self._failures: dict[str, Failures] = {}

    def requested(self, service: str) -> int | None:
        """Return the count that an operation under way is bringing the service to, if there is one."""
        with self._lock:
            running = self._running.get(service)
            return None if running is None else running[0]

    def begin(self, ref: ServiceRef, decision: Decision) -> Action:
        """Start bringing the service to the desired count, unless it is busy or has just failed."""
        with self._lock:
            if decision.service in self._running or self._stopping.is_set():
                return Action.BUSY
            if self._failures.get(decision.service, Failures()).retry_at > self._monotonic():
                return Action.BACKING_OFF
            thread = threading.Thread(target=self._run, args=(ref, decision), name=decision.service, daemon=True)
            self._running[decision.service] = (decision.desired, thread)
        thread.start()
        return Action.SCALED

    def stop(self, timeout_seconds: float) -> list[str]:
        """Let running operations end after their present step; return the services still busy after the timeout."""
        self._stopping.set()
        deadline = self._monotonic() + timeout_seconds
        with self._lock:
            threads = [thread for _, thread in self._running.values()]
        for thread in threads:
            thread.join(max(0.0, deadline - self._monotonic()))
        with self._lock:
            return sorted(self._running)

    def _run(self, ref: ServiceRef, decision: Decision) -> None:
        with self._slots:
            finished = self._scale(ref, decision)
        with self._lock:
            self._remember(finished)
            del self._running[decision.service]
        self._tell(finished)

    def _scale(self, ref: ServiceRef, decision: Decision) -> OperationFinished:
        started = self._monotonic()
        failure: AutoscalerError | None = None
        try:
            after = self._target.scale(ref, decision.desired, tell=self._named(decision), pause=self._stopping.wait)
        except AutoscalerError as error:
            failure, after = error, self._reached(ref, decision)
        except Exception as error:  # noqa: BLE001  one broken operation must not take its service out of service
            failure, after = (
                ScaleFailed("unexpected", f"unexpected {type(error).__name__}: {error}"),
                decision.replicas.count,
            )
        return operation_finished(decision, after, self._monotonic() - started, failure)

    def _reached(self, ref: ServiceRef, decision: Decision) -> int:
        """Return the count after a failure: some of the replicas may have been added or removed before it."""
        try:
            return self._target.observe().find(ref).current
        except AutoscalerError:
            return decision.replicas.count

    def _named(self, decision: Decision) -> Tell:
        """Return a `tell` under which replicas carry the policy's service name."""

        def tell(event: Event) -> None:
            named = replace(event, service=decision.service) if isinstance(event, ReplicaChanged) else event
            self._tell(named)

        return tell

    def _remember(self, finished: OperationFinished) -> None:
        if finished.error is None:
            self._failures.pop(finished.service, None)
        else:
            past = self._failures.get(finished.service, Failures())
            self._failures[finished.service] = past.another(self._monotonic())


def operation_finished(
    decision: Decision, after: int, duration_seconds: float, failure: AutoscalerError | None
) -> OperationFinished:
    """Return the record of an operation that has ended."""
    return OperationFinished(
        service=decision.service,
        direction=decision.direction,
        reason=decision.reason.value,
        before=decision.replicas.count,
        after=after,
        at=decision.at,
        duration_seconds=duration_seconds,
        error=None if failure is None else str(failure),
        stage=failure_stage(failure),
    )


def failure_stage(failure: AutoscalerError | None) -> str | None:
    """Return the small fixed word under which a failure is counted."""
    match failure:
        case None:
            return None
        case ScaleFailed():
            return failure.stage
        case TargetRefused():
            return "refused"
        case TargetUnavailable():
            return "unavailable"
        case _:
            return "unexpected"
