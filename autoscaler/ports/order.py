"""The count that an operation brings a service to: it may be lowered before the operation begins, and raised later."""

import threading
from collections.abc import Callable

from autoscaler.ports.observers import Emit

MayFinish = Callable[[], bool]
Pause = Callable[[float], bool]  # waits so many seconds; True: end the operation, the daemon stops or lost the lease


class Order:
    """Brings one service to `replicas`; thread-safe. With `only_adds`, surplus replicas stay.

    `emit` takes the events. Only the service's target reads `options`. Once `pause` returns True, the target ends the
    operation and leaves nothing half made. Once `may_finish` returns False, it changes nothing more: another daemon may
    act by now, and puts right what is half made.
    """

    def __init__(
        self,
        replicas: int,
        *,
        emit: Emit,
        pause: Pause,
        may_finish: MayFinish = lambda: True,
        options: object = None,
        only_adds: bool = False,
    ) -> None:
        self.emit = emit
        self.pause = pause
        self.may_finish = may_finish
        self.options = options
        self.only_adds = only_adds
        self._lock = threading.Lock()
        self._replicas = replicas
        self._begun = False
        self._remaining: int | None = None  # replicas that are not being stopped, once the removal has begun

    @property
    def replicas(self) -> int:
        """The count asked for now."""
        with self._lock:
            return self._replicas

    @property
    def surplus(self) -> int:
        """How many replicas may still be stopped."""
        with self._lock:
            return 0 if self._remaining is None else max(0, self._remaining - self._replicas)

    def raise_to(self, replicas: int) -> bool:
        """Raise the count, by replicas that are not stopped yet once the removal has begun; return whether it rose."""
        with self._lock:
            possible = replicas if self._remaining is None else min(replicas, self._remaining)
            raised = possible > self._replicas
            self._replicas = max(self._replicas, possible)
            return raised

    def lower_to(self, replicas: int) -> bool:
        """Lower the count, unless the operation has begun; return whether it fell."""
        with self._lock:
            if self._begun or replicas >= self._replicas:
                return False
            self._replicas = replicas
            return True

    def begin(self) -> None:
        with self._lock:
            self._begun = True

    def begin_removal(self, present: int) -> None:
        """Note that the removal has begun: of `present` replicas at most, all can be kept."""
        with self._lock:
            self._remaining = present

    def release(self) -> bool:
        """Return whether one more replica may be stopped, and count it as stopped: it cannot be kept any more."""
        with self._lock:
            if self._remaining is None or self._remaining <= self._replicas:
                return False
            self._remaining -= 1
            return True
