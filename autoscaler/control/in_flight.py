"""Operations under way: slots for services, the counts that services are brought to, the replicas that were changed."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from autoscaler.core.model import Decision, Direction
from autoscaler.events import DrainEnded, DrainStarted, Event, ReplicaChanged, ReplicaIncomplete
from autoscaler.ports.fleet import Capabilities
from autoscaler.ports.observers import Emit
from autoscaler.ports.order import Order


class Slots:
    """Limits how many services act at once; the operations of one service share a slot. Thread-safe."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._users: Counter[str] = Counter()
        self._changed = threading.Condition()

    def allow(self, count: int) -> None:
        """Set the number of slots; slots in use stay in use."""
        with self._changed:
            self._count = count
            self._changed.notify_all()

    @contextmanager
    def held(self, service: str) -> Iterator[None]:
        """Wait for a slot, or share the one of the same service; its last operation frees it."""
        with self._changed:
            self._changed.wait_for(lambda: service in self._users or len(self._users) < self._count)
            self._users[service] += 1
        try:
            yield
        finally:
            with self._changed:
                self._users -= Counter([service])  # drops the service at 0
                self._changed.notify_all()


@dataclass(slots=True)
class InFlight:
    """The operations of one service under way: one that removes, or any number that add."""

    capabilities: Capabilities
    adding: bool
    orders: dict[threading.Thread, Order] = field(default_factory=dict)
    reached: int = 0  # the highest count of those that have ended

    @property
    def requested(self) -> int:
        return max(self.reached, *(order.replicas for order in self.orders.values()))

    def admits(self, decision: Decision) -> bool:
        """Return whether the decision may begin beside the others: all of them add, and it adds more."""
        return self.adding and self.capabilities.overlapping_starts and decision.desired > self.requested

    def keep(self, decision: Decision) -> bool:
        """Keep as many of the replicas that are not stopped yet as the decision wants; return whether any is kept."""
        if self.adding or not self.capabilities.take_back:
            return False
        return any(order.raise_to(decision.desired) for order in self.orders.values())

    def lower(self, decision: Decision) -> bool:
        """Lower the orders that wait for a slot to what the decision wants; return whether any was lowered."""
        if not self.adding:
            return False
        wanted = max(decision.desired, decision.replicas.current)  # they remove nothing
        lowered = [order.lower_to(wanted) for order in self.orders.values()]
        return any(lowered)

    def ended(self, thread: threading.Thread, after: int) -> None:
        """Note that an operation has ended, with `after` replicas."""
        del self.orders[thread]
        self.reached = max(self.reached, after)


class ReplicaCounter:
    """Emits events under the policy's name, and counts the operation's own replicas: foreign changes do not count."""

    def __init__(self, decision: Decision, emit: Emit) -> None:
        self.reached = decision.replicas.count
        self._service = decision.service
        self._emit = emit
        self._lock = threading.Lock()  # replicas are removed side by side

    def emit(self, event: Event) -> None:
        if isinstance(event, ReplicaChanged):
            with self._lock:
                self.reached += 1 if event.direction is Direction.UP else -1
        if isinstance(event, ReplicaChanged | ReplicaIncomplete | DrainStarted | DrainEnded):
            event = replace(event, service=self._service)
        self._emit(event)
