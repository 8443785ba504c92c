"""A thread that follows the engine's events, and connects again after an interruption.

Events only show changes sooner and in more detail: the snapshot of each cycle is the truth.
"""

import threading
import time
from collections.abc import Callable

from autoscaler.adapters.compose.foreign.engine_event import ACTIONS, ContainerEvent, parse_event
from autoscaler.adapters.compose.labels import PROJECT
from autoscaler.adapters.docker.engine import Engine
from autoscaler.adapters.docker.errors import EngineError, Forbidden
from autoscaler.adapters.docker.event_stream import EventStream
from autoscaler.errors import TargetUnavailable
from autoscaler.events import WatchChanged
from autoscaler.ports.observers import Emit

QUIET_SECONDS = 60.0  # a connection without an event for so long may be dead
FIRST_RETRY_SECONDS = 1.0
LONGEST_RETRY_SECONDS = 30.0
FORBIDDEN_RETRY_SECONDS = 300.0  # after a refusal of the socket guard


class Watch:
    """Follows the events of all replicas from `start` until `stop`."""

    def __init__(
        self,
        engine: Engine,
        take_event: Callable[[ContainerEvent], None],
        emit: Emit,
        *,
        quiet_seconds: float = QUIET_SECONDS,
        first_retry_seconds: float = FIRST_RETRY_SECONDS,
    ) -> None:
        self._engine = engine
        self._take_event = take_event
        self._emit = emit
        self._quiet_seconds = quiet_seconds
        self._first_retry_seconds = first_retry_seconds
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="events", daemon=True)
        self._lock = threading.Lock()
        self._stream: EventStream | None = None
        self._reported: WatchChanged | None = None
        self._since: str | None = None  # in the engine's own time

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_seconds: float = 1.0) -> None:
        """End the thread, and a read that is under way."""
        self._stopping.set()
        with self._lock:
            if self._stream is not None:
                self._stream.close()
        if self._thread.is_alive():
            self._thread.join(timeout_seconds)

    def _run(self) -> None:
        retry_seconds = self._first_retry_seconds
        while not self._stopping.is_set():
            try:
                self._follow()
                retry_seconds = self._first_retry_seconds
            except (EngineError, TargetUnavailable) as error:
                if self._stopping.is_set():
                    return
                self._report(WatchChanged(str(error)))
                forbidden = isinstance(error, Forbidden)
                self._stopping.wait(FORBIDDEN_RETRY_SECONDS if forbidden else retry_seconds)
                retry_seconds = min(2 * retry_seconds, LONGEST_RETRY_SECONDS)

    def _follow(self) -> None:
        """Follow one connection until it ends or carries no event for too long."""
        stream = self._engine.events(ACTIONS, [PROJECT], self._since, quiet_seconds=self._quiet_seconds)
        with self._lock:
            self._stream = stream
        if self._stopping.is_set():
            stream.close()
        self._since = self._since or stream.began
        self._report(WatchChanged())
        started = time.monotonic()
        for event in stream.events(after=self._since):
            self._since = event.at
            container_event = parse_event(event.facts)
            if container_event is not None:
                self._take_event(container_event)
        if time.monotonic() - started < self._first_retry_seconds:
            self._stopping.wait(self._first_retry_seconds)  # no busy loop of connections that end at once

    def _report(self, event: WatchChanged) -> None:
        """Emit the first event, and each change between following and failing."""
        first, self._reported = self._reported, event
        if first is None or (first.problem is None) != (event.problem is None):
            self._emit(event)
