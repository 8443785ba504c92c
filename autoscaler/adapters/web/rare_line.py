"""A log line about what clients can repeat at will."""

import threading
import time
from collections.abc import Callable

import structlog

LOG_AGAIN_SECONDS = 60.0


class RareLine:
    """Logs the first occurrence at once, and then their number, at most once a minute. Thread-safe."""

    def __init__(self, event: str, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._event = event
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._count = 0  # since the last line
        self._logged_at = -LOG_AGAIN_SECONDS

    def log(self, **facts: object) -> None:
        """Count an occurrence; `facts` are those of the last one."""
        with self._lock:
            self._count += 1
            if self._monotonic() - self._logged_at < LOG_AGAIN_SECONDS:
                return
            count, self._count, self._logged_at = self._count, 0, self._monotonic()
        structlog.stdlib.get_logger("autoscaler").warning(self._event, count=count, **facts)
