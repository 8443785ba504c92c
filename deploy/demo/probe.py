"""Asks through Traefik a few times a second, and notes when each replica first answered."""

import ssl
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

EVERY_SECONDS = 0.2
AT_ONCE = 150  # a request that waits must not keep the next one from being sent


@dataclass(slots=True)
class Probe:
    """A thread that asks, from `start` to `stop`."""

    url: str
    first_seen: dict[str, float] = field(default_factory=dict)  # replica -> unix seconds
    requests: int = 0
    failed: int = 0
    _stopping: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(40)

    def first_new_since(self, moment: float) -> float | None:
        """Return when the first replica answered that had not answered before `moment`."""
        return min((at for at in self.first_seen.values() if at >= moment), default=None)

    def _run(self) -> None:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with ThreadPoolExecutor(AT_ONCE) as pool:
            while not self._stopping.wait(EVERY_SECONDS):
                pool.submit(self._ask, context)

    def _ask(self, context: ssl.SSLContext) -> None:
        replica = None
        try:
            with urllib.request.urlopen(self.url, timeout=30, context=context) as answer:
                replica = answer.headers.get("X-Replica", "?")
        except (urllib.error.URLError, OSError):
            pass
        with self._lock:
            self.requests += 1
            self.failed += replica is None
            if replica is not None:
                self.first_seen.setdefault(replica, time.time())
