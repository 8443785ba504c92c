"""Small hand-written stand-ins behind our own ports."""

import threading
from collections.abc import Collection, Mapping
from typing import TypeVar

from autoscaler.core.model import Direction, Reading, ReadingKind
from autoscaler.errors import AutoscalerError
from autoscaler.events import Event, ReplicaChanged
from autoscaler.fleet import Fleet, ServiceRef, ServiceState
from autoscaler.ports import Pause, SignalRequest, Tell

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
    """A fleet in memory: scaling is at once, unless `gate` holds it or `failure` is set."""

    def __init__(self, **counts: int) -> None:
        self.counts = {ServiceRef(name, "shop"): count for name, count in counts.items()}
        self.unavailable: AutoscalerError | None = None
        self.failure: BaseException | None = None
        self.reached_before_failing: int | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        self.scaled: list[tuple[str, int]] = []

    def observe(self) -> Fleet:
        if self.unavailable is not None:
            raise self.unavailable
        return Fleet(
            {ref: ServiceState(ref, count, count, f"{ref.service}@docker") for ref, count in self.counts.items()}
        )

    def scale(self, ref: ServiceRef, replicas: int, *, tell: Tell, pause: Pause) -> int:
        self.scaled.append((ref.service, replicas))
        self.entered.set()
        while not self.gate.wait(0.01):
            if pause(0.0):
                return self.counts[ref]
        if self.failure is not None:
            if self.reached_before_failing is not None:
                self.counts[ref] = self.reached_before_failing
            raise self.failure
        direction = Direction.UP if replicas > self.counts[ref] else Direction.DOWN
        self.counts[ref] = replicas
        tell(ReplicaChanged(ref.service, direction, f"shop-{ref.service}-{replicas}", 0.1))
        return replicas


class Recorder:
    """An observer that keeps every event."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def notify(self, event: Event) -> None:
        self.events.append(event)

    def of(self, kind: type[T]) -> list[T]:
        return [event for event in self.events if isinstance(event, kind)]
