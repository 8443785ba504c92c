"""One lane for each service: its operations take turns at counting and starting, and wait side by side."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from autoscaler.fleet import ServiceRef


@dataclass(slots=True)
class Lane:
    """What the operations of one service share."""

    turn: threading.Lock = field(default_factory=threading.Lock)
    operations: int = 0

    @property
    def alone(self) -> bool:
        """Whether there is no other operation, whose replicas may be starting."""
        return self.operations == 1


class Lanes:
    """The lanes of the services that have operations; thread-safe."""

    def __init__(self) -> None:
        self.port_ranges = threading.Lock()  # of all services: their ranges may overlap
        self._lock = threading.Lock()
        self._lanes: dict[ServiceRef, Lane] = {}

    @contextmanager
    def entered(self, ref: ServiceRef) -> Iterator[Lane]:
        """Be one of the service's operations for a while."""
        with self._lock:
            lane = self._lanes.setdefault(ref, Lane())
            lane.operations += 1
        try:
            yield lane
        finally:
            with self._lock:
                lane.operations -= 1
                if lane.operations == 0:
                    del self._lanes[ref]

    def busy(self, ref: ServiceRef) -> bool:
        """Whether the service has an operation now."""
        with self._lock:
            return ref in self._lanes and self._lanes[ref].operations > 0

    @contextmanager
    def idle(self, ref: ServiceRef) -> Iterator[bool]:
        """Keep operations of the service from counting for a while, if it has none now; whether that is so."""
        with self._lock:
            lane = self._lanes.setdefault(ref, Lane())
            idle = lane.operations == 0 and lane.turn.acquire(blocking=False)
        try:
            yield idle
        finally:
            with self._lock:
                if idle:
                    lane.turn.release()
                if lane.operations == 0 and self._lanes.get(ref) is lane:  # not one that has been made meanwhile
                    del self._lanes[ref]
