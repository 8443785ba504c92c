"""Small hand-written stand-ins behind our own ports."""

import threading
from collections import Counter
from collections.abc import Collection, Mapping
from typing import TypeVar

from autoscaler.core.model import Direction, Reading, ReadingKind
from autoscaler.errors import AutoscalerError
from autoscaler.events import Event, ReplicaChanged
from autoscaler.ports.fleet import Fleet, ServiceRef, ServiceState
from autoscaler.ports.metrics import SignalRequest
from autoscaler.ports.order import Order, Pause

T = TypeVar("T")


class FakeSource:
    """Answers from `readings`, by request or by source; notes what it was asked, and when."""

    def __init__(self, readings: Mapping[object, Reading] | None = None) -> None:
        self.readings = dict(readings or {})
        self.asked: list[tuple[frozenset[SignalRequest], float]] = []

    def read(self, requests: Collection[SignalRequest], at: float) -> Mapping[SignalRequest, Reading]:
        self.asked.append((frozenset(requests), at))
        nothing = Reading(ReadingKind.EMPTY)
        return {request: self.readings.get(request, self.readings.get(request.source, nothing)) for request in requests}


class FakeTarget:
    """A fleet in memory: scaling is at once, unless `gate` or the count's own gate holds it, or a `failure` is set."""

    def __init__(self, **counts: int) -> None:
        self.counts = {ServiceRef(name, "shop"): count for name, count in counts.items()}
        self.unavailable: AutoscalerError | None = None
        self.failure: BaseException | None = None
        self.ready_before_failing = 0
        self.gate = threading.Event()
        self.gate.set()
        self.gates: dict[int, threading.Event] = {}  # by the count that is asked for
        self.entered = threading.Semaphore(0)  # released by each call
        self.going: dict[ServiceRef, Order] = {}  # the last order that removes
        self.scaled: list[tuple[str, int]] = []
        self._starting: Counter[ServiceRef] = Counter()

    def observe(self) -> Fleet:
        if self.unavailable is not None:
            raise self.unavailable
        return Fleet(
            {ref: ServiceState(ref, count, count, f"{ref.service}@docker") for ref, count in self.counts.items()}
        )

    def scale(self, ref: ServiceRef, order: Order) -> int:
        present, replicas = self.counts[ref] + self._starting[ref], order.replicas
        if replicas < present:
            order.removes_from(present)
            self.going[ref] = order
        self._starting[ref] += replicas - present
        self.scaled.append((ref.service, replicas))
        self.entered.release()
        try:
            if not self._let_through(replicas, order.pause):
                return present
            failure = self.failure
            added = order.replicas - present if failure is None else self.ready_before_failing
            self.counts[ref] += added
            for number in range(abs(added)):
                direction = Direction.UP if added > 0 else Direction.DOWN
                order.emit(ReplicaChanged(ref.service, direction, f"shop-{ref.service}-{present + number + 1}", 0.1))
            if failure is not None:
                raise failure
        finally:
            self._starting[ref] -= replicas - present
        return present + added

    def _let_through(self, replicas: int, pause: Pause) -> bool:
        gate = self.gates.get(replicas, self.gate)
        while not gate.wait(0.01):
            if pause(0.0):
                return False
        return True


class Recorder:
    """An observer that keeps every event."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def notify(self, event: Event) -> None:
        self.events.append(event)

    def of(self, kind: type[T]) -> list[T]:
        return [event for event in self.events if isinstance(event, kind)]
