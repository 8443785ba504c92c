"""Container numbers for new replicas: each is handed out once."""

import threading
from collections.abc import Iterable


class Numbers:
    """Counts on from the highest number that is taken, as Compose does; thread-safe."""

    def __init__(self, taken: Iterable[int]) -> None:
        self._last = max(taken, default=0)
        self._lock = threading.Lock()

    def next(self) -> int:
        """Return a number that nobody has had yet."""
        with self._lock:
            self._last += 1
            return self._last
