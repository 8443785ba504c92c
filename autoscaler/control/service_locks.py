"""One lane for each service: its operations take turns at counting and starting, and wait side by side."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from autoscaler.ports.fleet import ServiceRef


@dataclass(slots=True)
class ServiceLock:
    """What the operations of one service share."""

    turn: threading.Lock = field(default_factory=threading.Lock)
    operations: int = 0

    @property
    def alone(self) -> bool:
        """Whether there is no other operation, whose replicas may be starting."""
        return self.operations == 1


class ServiceLocks:
    """The lanes of the services that have operations; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._service_locks: dict[ServiceRef, ServiceLock] = {}

    @contextmanager
    def entered(self, ref: ServiceRef) -> Iterator[ServiceLock]:
        """Be one of the service's operations for a while."""
        with self._lock:
            service_lock = self._service_locks.setdefault(ref, ServiceLock())
            service_lock.operations += 1
        try:
            yield service_lock
        finally:
            with self._lock:
                service_lock.operations -= 1
                if service_lock.operations == 0:
                    del self._service_locks[ref]

    def busy(self, ref: ServiceRef) -> bool:
        """Whether the service has an operation now."""
        with self._lock:
            return ref in self._service_locks and self._service_locks[ref].operations > 0

    @contextmanager
    def idle(self, ref: ServiceRef) -> Iterator[bool]:
        """Keep operations of the service from counting for a while, if it has none now; whether that is so."""
        with self._lock:
            service_lock = self._service_locks.setdefault(ref, ServiceLock())
            idle = service_lock.operations == 0 and service_lock.turn.acquire(blocking=False)
        try:
            yield idle
        finally:
            with self._lock:
                if idle:
                    service_lock.turn.release()
                if (
                    service_lock.operations == 0 and self._service_locks.get(ref) is service_lock
                ):  # not one that has been made meanwhile
                    del self._service_locks[ref]
