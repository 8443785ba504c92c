"""One lock for each service: its operations count and start replicas in turn, and wait for them side by side."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from autoscaler.ports.fleet import ServiceRef


@dataclass(slots=True)
class ServiceLock:
    """The lock that the operations of one service share."""

    turn: threading.Lock = field(default_factory=threading.Lock)
    operations: int = 0
    removes: bool = False  # an operation that removes is under way

    @property
    def alone(self) -> bool:
        return self.operations == 1


class ServiceLocks:
    """The locks of the services that have operations; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._locks: dict[ServiceRef, ServiceLock] = {}

    @contextmanager
    def entered(self, ref: ServiceRef) -> Iterator[ServiceLock]:
        """Count as an operation of the service."""
        with self._lock:
            lock = self._locks.setdefault(ref, ServiceLock())
            lock.operations += 1
        try:
            yield lock
        finally:
            with self._lock:
                lock.operations -= 1
                if lock.operations == 0:
                    del self._locks[ref]

    @contextmanager
    def between(self, ref: ServiceRef) -> Iterator[ServiceLock | None]:
        """Keep operations of the service from counting and starting; yield None where one does so now."""
        with self._lock:
            lock = self._locks.setdefault(ref, ServiceLock())
            taken = lock.turn.acquire(blocking=False)
        try:
            yield lock if taken else None
        finally:
            with self._lock:
                if taken:
                    lock.turn.release()
                if lock.operations == 0 and self._locks.get(ref) is lock:  # not a newer one
                    del self._locks[ref]
