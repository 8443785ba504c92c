"""What is under way: places for so many services at once, what each is being brought to, what an operation has done."""

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
    """Hands out places to services; the operations of one service share a place. Thread-safe."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._users: Counter[str] = Counter()
        self._changed = threading.Condition()

    def allow(self, count: int) -> None:
        """Hand out so many from now on; who holds one keeps it."""
        with self._changed:
            self._count = count
            self._changed.notify_all()

    @contextmanager
    def held(self, service: str) -> Iterator[None]:
        """Wait for a place, or join whoever acts on the same service; the last to leave frees it."""
        with self._changed:
            self._changed.wait_for(lambda: service in self._users or len(self._users) < self._count)
            self._users[service] += 1
        try:
            yield
        finally:
            with self._changed:
                self._users -= Counter([service])  # forgets who has none left
                self._changed.notify_all()


@dataclass(slots=True)
class InFlight:
    """The operations of one service that overlap: one that removes, or any number that add."""

    capabilities: Capabilities
    adding: bool
    asked: dict[threading.Thread, Order] = field(default_factory=dict)
    reached: int = 0  # by those that have ended: what they added is there, whatever the others were asked for

    @property
    def requested(self) -> int:
        """The count that the service is being brought to."""
        return max(self.reached, *(order.replicas for order in self.asked.values()))

    def admits(self, decision: Decision) -> bool:
        """Whether that may begin beside what is under way: only what adds still more."""
        return self.adding and self.capabilities.overlapping_starts and decision.desired > self.requested

    def takes_back(self, decision: Decision) -> bool:
        """Keep of what is to go as many as the decision wants and as have not gone yet; whether those are more now."""
        if self.adding or not self.capabilities.take_back:
            return False
        return any(order.raise_to(decision.desired) for order in self.asked.values())

    def lowers(self, decision: Decision) -> bool:
        """Start no more than the decision wants of what still waits for a place; whether those are fewer now."""
        if not self.adding:
            return False
        wanted = max(decision.desired, decision.replicas.current)  # what is there is not removed by that
        lowered = [order.lower_to(wanted) for order in self.asked.values()]
        return any(lowered)

    def ended(self, thread: threading.Thread, after: int) -> None:
        """Note that one of them has ended, and with how many replicas."""
        del self.asked[thread]
        self.reached = max(self.reached, after)


class ReplicaCounter:
    """Tells each replica under the policy's name, and counts them: the engine's count has what others add, too."""

    def __init__(self, decision: Decision, emit: Emit) -> None:
        self.reached = decision.replicas.count
        self._service = decision.service
        self._emit = emit
        self._lock = threading.Lock()  # replicas that go do so side by side

    def emit(self, event: Event) -> None:
        """Pass an event on."""
        if isinstance(event, ReplicaChanged):
            with self._lock:
                self.reached += 1 if event.direction is Direction.UP else -1
        if isinstance(event, ReplicaChanged | ReplicaIncomplete | DrainStarted | DrainEnded):
            event = replace(event, service=self._service)
        self._emit(event)
