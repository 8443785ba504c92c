"""Sends Grafana an annotation of each operation, from its start to its end, in a separate thread."""

import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Protocol

from autoscaler.adapters.grafana.annotation_text import end_annotation, start_annotation
from autoscaler.adapters.grafana.api import Annotation, GrafanaFault
from autoscaler.core.model import Decision
from autoscaler.errors import unexpected
from autoscaler.events import Action, Annotated, CycleFinished, Event, OperationFinished

MOST_WAITING = 100  # annotations; a Grafana that is down for long misses the older ones


class Annotations(Protocol):
    """Accepts annotations."""

    def add(self, annotation: Annotation) -> int: ...

    def change(self, number: int, annotation: Annotation) -> None: ...


class GrafanaObserver:
    """Never waits for Grafana: annotations that cannot be sent in time are dropped, oldest first, and counted."""

    def __init__(
        self, annotations: Annotations, emit: Callable[[Event], None], *, most_waiting: int = MOST_WAITING
    ) -> None:
        self._annotations = annotations
        self._emit = emit
        self._most = most_waiting
        self._waiting: deque[Decision | OperationFinished] = deque()
        self._changed = threading.Condition()
        self._stopping = False
        self._open: OrderedDict[tuple[str, float], tuple[Annotation, int | None]] = OrderedDict()
        self._thread = threading.Thread(target=self._run, name="grafana", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_seconds: float) -> None:
        """Send the waiting annotations, as far as possible within the timeout."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join(timeout_seconds)

    def notify(self, event: Event) -> None:
        if isinstance(event, OperationFinished):
            self._put(event)
        elif isinstance(event, CycleFinished):
            for outcome in event.services.values():
                if outcome.action is Action.SCALED and outcome.decision is not None:
                    self._put(outcome.decision)

    def _put(self, what: Decision | OperationFinished) -> None:
        with self._changed:
            full = len(self._waiting) >= self._most
            if full:
                self._waiting.popleft()
            self._waiting.append(what)
            self._changed.notify()
        if full:
            self._emit(Annotated("dropped", f"{self._most} annotations wait already; the oldest is dropped"))

    def _run(self) -> None:
        while (what := self._next()) is not None:
            try:
                if isinstance(what, Decision):
                    self._begin(what)
                else:
                    self._end(what)
            except GrafanaFault as fault:
                self._emit(Annotated("failed", str(fault)))
            except Exception as error:  # noqa: BLE001  a fault must not end the thread
                self._emit(Annotated("failed", f"unexpected {unexpected(error)}"))
            else:
                self._emit(Annotated("sent"))

    def _next(self) -> Decision | OperationFinished | None:
        """Wait for the next decision or operation; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._stopping)
            return self._waiting.popleft() if self._waiting else None

    def _begin(self, decision: Decision) -> None:
        key, annotation = (decision.service, decision.at), start_annotation(decision)
        self._open[key] = (annotation, None)
        while len(self._open) > self._most:
            self._open.popitem(last=False)
        self._open[key] = (annotation, self._annotations.add(annotation))

    def _end(self, finished: OperationFinished) -> None:
        """Close the region, or send it whole if its start was not accepted."""
        beginning, number = self._open.pop((finished.service, finished.at), (None, None))
        region = end_annotation(finished, beginning)
        if number is None:
            self._annotations.add(region)
        else:
            self._annotations.change(number, region)
