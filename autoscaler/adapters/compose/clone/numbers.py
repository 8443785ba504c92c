"""Container numbers for new replicas."""

import threading
from collections.abc import Iterable


class Numbers:
    """Counts on from the highest number in use, as Compose does; thread-safe."""

    def __init__(self, taken: Iterable[int]) -> None:
        self._last = max(taken, default=0)
        self._lock = threading.Lock()

    def next(self) -> int:
        """Return a new number."""
        with self._lock:
            self._last += 1
            return self._last
