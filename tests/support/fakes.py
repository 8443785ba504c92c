"""Small hand-written stand-ins behind our own ports."""

import threading
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

from autoscaler.core.model import Direction, Reading, ReadingKind
from autoscaler.errors import TargetUnavailable
from autoscaler.events import Event, ReplicaChanged
from autoscaler.ports.fleet import COMPOSE, Fleet, ServiceRef, ServiceState
from autoscaler.ports.metrics import SignalRequest
from autoscaler.ports.order import Order, Pause
from autoscaler.ports.targets import SettledChange
from tests.support.builders import CAPABLE

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


class FakeForeignChanges:
    """Foreign changes as a test sets them."""

    def __init__(self) -> None:
        self.holds: dict[ServiceRef, str] = {}
        self.changes: dict[ServiceRef, SettledChange] = {}

    def hold_reason(self, ref: ServiceRef) -> str | None:
        return self.holds.get(ref)

    def crash_backoff(self, ref: ServiceRef, replicas: int) -> str | None:
        return None

    def settled(self, ref: ServiceRef) -> SettledChange | None:
        return self.changes.pop(ref, None)

    def count_before_crash(self, ref: ServiceRef) -> int | None:
        return None

    def drop_count_above(self, ref: ServiceRef, desired: int) -> None:
        pass

    def corrected(self, ref: ServiceRef) -> None:
        pass


class FakeTarget:
    """A fleet in memory: scaling is at once, unless `gate` or the count's own gate holds it, or a `failure` is set."""

    kind = COMPOSE

    def __init__(self, **counts: int) -> None:
        self.counts = {ServiceRef(name, "shop", self.kind): count for name, count in counts.items()}
        self.capabilities = CAPABLE
        self.labels: dict[ServiceRef, Mapping[str, str]] = {}
        self.refused: dict[str, str] = {}  # by the service's name
        self.foreign = FakeForeignChanges()
        self.unavailable: str | None = None
        self.unknown: dict[ServiceRef, str] = {}
        self.failure: BaseException | None = None
        self.ready_before_failing = 0
        self.gate = threading.Event()
        self.gate.set()
        self.gates: dict[int, threading.Event] = {}  # by the count that is asked for
        self.entered = threading.Semaphore(0)  # released by each call
        self.going: dict[ServiceRef, Order] = {}  # the last order that removes
        self.scaled: list[tuple[str, int]] = []
        self.recovered: list[ServiceRef] = []  # those that the daemon led at each look
        self.watching = False
        self._starting: Counter[ServiceRef] = Counter()

    def observe(self) -> Fleet:
        if self.unavailable is not None:
            return Fleet(unavailable={self.kind: self.unavailable})
        return Fleet({ref: self._state(ref) for ref in self.counts if ref not in self.unknown}, unknown=self.unknown)

    def refusal(self, ref: ServiceRef) -> str | None:
        return self.refused.get(ref.name)

    def warnings(self, ref: ServiceRef, most: int, options: object) -> list[str]:
        return []

    def recover(self, leads: Callable[[ServiceRef], bool], options: Callable[[ServiceRef], object]) -> None:
        self.recovered += [ref for ref in self.counts if leads(ref)]

    def watch(self) -> None:
        self.watching = True

    def close(self) -> None:
        self.watching = False

    def scale(self, ref: ServiceRef, order: Order) -> int:
        if self.unavailable is not None:
            raise TargetUnavailable(self.unavailable)
        ref = self.observe().find(ref).ref
        present, replicas = self.counts[ref] + self._starting[ref], order.replicas
        if replicas < present and order.only_adds:
            return present
        if replicas < present:
            order.begin_removal(present)
            self.going[ref] = order
        self._starting[ref] += replicas - present
        self.scaled.append((ref.name, replicas))
        self.entered.release()
        try:
            if not self._let_through(replicas, order.pause):
                return present
            failure = self.failure
            added = order.replicas - present if failure is None else self.ready_before_failing
            self.counts[ref] += added
            for number in range(abs(added)):
                direction = Direction.UP if added > 0 else Direction.DOWN
                order.emit(ReplicaChanged(ref.name, direction, f"shop-{ref.name}-{present + number + 1}", 0.1))
            if failure is not None:
                raise failure
        finally:
            self._starting[ref] -= replicas - present
        return present + added

    def _state(self, ref: ServiceRef) -> ServiceState:
        count, labels = self.counts[ref], self.labels.get(ref, {})
        return ServiceState(ref, count, count, f"{ref.name}@docker", labels, self.capabilities)

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
