"""The containers that the daemon's own operations change, so that their changes do not count as foreign changes."""

import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

KEPT_SECONDS = 60.0  # a list call that began before a note may end so much later


@dataclass(frozen=True, slots=True)
class OwnContainers:
    """Ids of containers that own operations change, at one instant."""

    starting: frozenset[str] = frozenset()  # created, and not ready yet: the operation handles an exit
    ending: frozenset[str] = frozenset()  # being stopped or removed, or gone
    at_work: frozenset[str] = frozenset()  # those that an operation still starts, drains, stops or removes


class OwnActions:
    """Operations note their changes here before they make them; thread-safe. `monotonic` in seconds."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._starting: dict[str, float] = {}
        self._ending: dict[str, float] = {}
        self._draining: set[str] = set()
        self._done: set[str] = set()  # of those ending: kept running, or left behind

    def starts(self, container: str) -> None:
        """Note that an operation has created a container and starts it."""
        with self._lock:
            self._starting[container] = self._monotonic()

    def done(self, container: str) -> None:
        """Note that an operation is done with a container: from now on, its changes are foreign.

        For one that was to end and runs on, after a while: events of the operation may still come until then.
        """
        with self._lock:
            self._starting.pop(container, None)
            self._draining.discard(container)
            if container in self._ending:
                self._done.add(container)

    def drains(self, container: str) -> None:
        """Note that an operation drains a container, and what others do to it is still foreign."""
        with self._lock:
            self._draining.add(container)

    def ends(self, container: str) -> None:
        """Note that an operation stops or removes a container."""
        with self._lock:
            self._ending[container] = self._monotonic()
            self._done.discard(container)

    def now(self) -> OwnContainers:
        with self._lock:
            at_work = self._starting.keys() | self._draining | (self._ending.keys() - self._done)
            return OwnContainers(frozenset(self._starting), frozenset(self._ending), frozenset(at_work))

    def forget(self, present: Collection[str]) -> None:
        """Drop containers that are gone, and those that operations are done with."""
        edge = self._monotonic() - KEPT_SECONDS
        with self._lock:
            kept = set(present) - self._done
            self._starting = {each: at for each, at in self._starting.items() if at >= edge or each in present}
            self._ending = {each: at for each, at in self._ending.items() if at >= edge or each in kept}
            self._done &= self._ending.keys()
            self._draining &= set(present)
