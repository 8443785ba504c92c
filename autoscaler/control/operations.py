"""Operations run outside the cycle: a few services at once, removals that can be taken back, a wait after failures."""

import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass

from autoscaler.control.in_flight import InFlight, ReplicaCounter, Slots
from autoscaler.control.result import operation_finished
from autoscaler.core.model import Decision, Direction
from autoscaler.errors import AutoscalerError, ScaleFailed, unexpected
from autoscaler.events import Action, OperationFinished
from autoscaler.ports.fleet import ServiceRef, ServiceState
from autoscaler.ports.observers import Emit
from autoscaler.ports.order import Order
from autoscaler.ports.targets import ReplicaTarget

FIRST_BACKOFF_SECONDS = 5.0
LONGEST_BACKOFF_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Failures:
    """How often in a row operations of a service failed, and when the next one may begin (monotonic seconds)."""

    count: int = 0
    retry_at: float = 0.0

    def another(self, now: float) -> "Failures":
        """Return the record after one more failure: 5 s, 10 s, 20 s, ... at most 5 min."""
        pause = min(FIRST_BACKOFF_SECONDS * 2**self.count, LONGEST_BACKOFF_SECONDS)
        return Failures(self.count + 1, now + pause)


class Operations:
    """Carries out decisions in threads of their own; thread-safe.

    While replicas start, a decision for more begins beside them. While replicas drain, a decision for more keeps those
    that are not stopped yet. Every other decision waits. `at_once` limits the services whose replicas start; removals
    need no slot. An order that waits for a slot follows the decisions. An operation ends early, with nothing half made,
    once the daemon stops or `may_act` returns False; once `may_finish` does, it changes nothing more.
    """

    def __init__(
        self,
        target: ReplicaTarget,
        emit: Emit,
        *,
        at_once: int,
        may_act: Callable[[ServiceRef], bool] = lambda _: True,
        may_finish: Callable[[ServiceRef], bool] = lambda _: True,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._target = target
        self._emit = emit
        self._may_act = may_act
        self._may_finish = may_finish
        self._monotonic = monotonic
        self._slots = Slots(at_once)
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._busy: dict[str, InFlight] = {}
        self._failures: dict[str, Failures] = {}

    def requested(self, service: str) -> int | None:
        """Return the highest count that operations under way bring the service to, if there are any."""
        with self._lock:
            busy = self._busy.get(service)
            return None if busy is None else busy.requested

    def failing(self, service: str) -> bool:
        """Return whether the last operation of the service failed."""
        with self._lock:
            return service in self._failures

    def begin(self, state: ServiceState, decision: Decision, options: object = None) -> Action:
        """Begin an operation for the decision, unless the service is busy or backs off after a failure.

        Raises:
            RuntimeError: the machine has no thread left; the service stays as it was.
        """
        with self._lock:
            busy = self._busy.get(
                decision.service, InFlight(state.capabilities, adding=decision.direction is Direction.UP)
            )
            if self._stopping.is_set():
                return Action.BUSY
            if busy.orders and not busy.admits(decision):
                follows = busy.keep(decision) or busy.lower(decision)
                return Action.SCALED if follows else Action.BUSY
            if self._failures.get(decision.service, Failures()).retry_at > self._monotonic():
                return Action.BACKING_OFF
            thread, order = self._start(state.ref, decision, options)
            busy.orders[thread] = order
            self._busy[decision.service] = busy
        return Action.SCALED

    def allow(self, at_once: int) -> None:
        """Raise replicas of at most `at_once` services at a time from now on."""
        self._slots.allow(at_once)

    def stop(self, timeout_seconds: float) -> list[str]:
        """End operations after their present step; return the services that are still busy after the timeout."""
        self._stopping.set()
        deadline = self._monotonic() + timeout_seconds
        with self._lock:
            threads = [thread for busy in self._busy.values() for thread in busy.orders]
        for thread in threads:
            thread.join(max(0.0, deadline - self._monotonic()))
        with self._lock:
            return sorted(self._busy)

    def _start(self, ref: ServiceRef, decision: Decision, options: object) -> tuple[threading.Thread, Order]:
        steps, only_adds = ReplicaCounter(decision, self._emit), decision.direction is Direction.UP

        def pause(seconds: float) -> bool:
            return self._stopping.wait(seconds) or not self._may_act(ref)

        order = Order(
            decision.desired,
            emit=steps.emit,
            pause=pause,
            may_finish=lambda: self._may_finish(ref),
            options=options,
            only_adds=only_adds,
        )
        arguments = (ref, decision, order, steps)
        thread = threading.Thread(target=self._run, args=arguments, name=decision.service, daemon=True)
        thread.start()  # before it is noted: a thread that cannot start must not keep the service busy
        return thread, order

    def _run(self, ref: ServiceRef, decision: Decision, order: Order, steps: ReplicaCounter) -> None:
        with self._slots.held(decision.service) if order.only_adds else nullcontext():
            order.begin()
            finished = self._scale(ref, decision, order, steps)
        with self._lock:
            self._remember(finished)
            busy = self._busy[decision.service]
            busy.ended(threading.current_thread(), finished.after)
            if not busy.orders:
                del self._busy[decision.service]
        self._emit(finished)

    def _scale(self, ref: ServiceRef, decision: Decision, order: Order, steps: ReplicaCounter) -> OperationFinished:
        started = self._monotonic()
        failure: AutoscalerError | None = None
        try:
            after = self._target.scale(ref, order)
        except AutoscalerError as error:
            failure, after = error, steps.reached
        except Exception as error:  # noqa: BLE001  one broken operation must not block its service
            failure = ScaleFailed("unexpected", f"unexpected {unexpected(error)}")
            after = steps.reached
        return operation_finished(decision, after, self._monotonic() - started, failure)

    def _remember(self, finished: OperationFinished) -> None:
        if finished.error is None:
            self._failures.pop(finished.service, None)
        else:
            past = self._failures.get(finished.service, Failures())
            self._failures[finished.service] = past.another(self._monotonic())
