"""Which containers our own operations are at work on, so that their changes are not taken for somebody else's."""

import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

KEPT_SECONDS = 60.0  # a list call that began before a note may end so much later


@dataclass(frozen=True, slots=True)
class Mine:
    """Container ids as of one instant."""

    starting: frozenset[str] = frozenset()  # made by us, and not proven to work yet: its exit is the operation's affair
    ending: frozenset[str] = frozenset()  # being drained, stopped or removed by us, or gone


class OwnActions:
    """Notes what our operations do before they do it; thread-safe. `monotonic` in seconds."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._starting: dict[str, float] = {}
        self._ending: dict[str, float] = {}
        self._left: set[str] = set()  # of those that were to end

    def starts(self, container: str) -> None:
        """Note that we have made a container, and will start it."""
        with self._lock:
            self._starting[container] = self._monotonic()

    def leaves(self, container: str) -> None:
        """Note that our work at a container is done: from now on, it changes by somebody else's hand.

        One that was to end, and lives on, does so after a while: until then, our work may be heard of.
        """
        with self._lock:
            self._starting.pop(container, None)
            if container in self._ending:
                self._left.add(container)

    def ends(self, container: str) -> None:
        """Note that we are about to drain, stop or remove a container."""
        with self._lock:
            self._ending[container] = self._monotonic()
            self._left.discard(container)

    def now(self) -> Mine:
        with self._lock:
            return Mine(frozenset(self._starting), frozenset(self._ending))

    def forget(self, present: Collection[str]) -> None:
        """Drop what is noted of containers that are no longer there, or that we have left."""
        edge = self._monotonic() - KEPT_SECONDS
        with self._lock:
            kept = set(present) - self._left
            self._starting = {each: at for each, at in self._starting.items() if at >= edge or each in present}
            self._ending = {each: at for each, at in self._ending.items() if at >= edge or each in kept}
            self._left &= self._ending.keys()
