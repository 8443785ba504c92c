"""What a service is to be brought to, and how: an order may be raised while it is carried out, and lowered before."""

import threading
from collections.abc import Callable

from autoscaler.events import Event

Pause = Callable[[float], bool]  # waits so many seconds; True: end now, the daemon stops or no longer leads


class Order:
    """Brings one service to `replicas`; thread-safe. One that `only_adds` removes nothing where there are more by then.

    `emit` takes what happens, and only the service's target reads `options`. `pause` waits so many seconds, and returns
    True when the operation is to end: then what is under way is ended, and nothing is left half made.
    """

    def __init__(
        self,
        replicas: int,
        *,
        emit: Callable[[Event], None],
        pause: Callable[[float], bool],
        options: object = None,
        only_adds: bool = False,
    ) -> None:
        self.emit = emit
        self.pause = pause
        self.options = options
        self.only_adds = only_adds
        self._lock = threading.Lock()
        self._replicas = replicas
        self._begun = False
        self._left: int | None = None  # those that are there and are not being stopped, once somebody removes

    @property
    def replicas(self) -> int:
        """The count asked for now."""
        with self._lock:
            return self._replicas

    @property
    def surplus(self) -> int:
        """How many may still go."""
        with self._lock:
            return 0 if self._left is None else max(0, self._left - self._replicas)

    def raise_to(self, replicas: int) -> bool:
        """Ask for more, as far as those that were to go are still there; whether that changed anything."""
        with self._lock:
            possible = replicas if self._left is None else min(replicas, self._left)
            raised = possible > self._replicas
            self._replicas = max(self._replicas, possible)
            return raised

    def lower_to(self, replicas: int) -> bool:
        """Ask for fewer, as long as nobody has begun to carry it out; whether that changed anything."""
        with self._lock:
            if self._begun or replicas >= self._replicas:
                return False
            self._replicas = replicas
            return True

    def begin(self) -> None:
        """Carry it out from now on."""
        with self._lock:
            self._begun = True

    def removes_from(self, present: int) -> None:
        """Begin to remove from so many replicas: from now on at most those can be kept."""
        with self._lock:
            self._left = present

    def release(self) -> bool:
        """Say whether one more may go now; then it is lost, and nobody may ask for it back."""
        with self._lock:
            if self._left is None or self._left <= self._replicas:
                return False
            self._left -= 1
            return True
