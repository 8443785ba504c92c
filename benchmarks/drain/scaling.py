"""Brings services up and down again and again, a step apart: by our own target, or by Compose's plain stop."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from autoscaler.adapters.compose.target import ComposeTarget
from autoscaler.core.model import Direction
from autoscaler.events import DrainEnded, DrainStarted, Event, ReplicaChanged
from autoscaler.ports.fleet import ServiceRef
from autoscaler.ports.order import Order
from benchmarks.drain.site import Site
from benchmarks.drain.verdict import Change

LOW, HIGH = 2, 3
APART_SECONDS = 1.5  # between the beginnings of two services
HOLD_SECONDS = 2.0


class Scaler(Protocol):
    """Brings a service to a count."""

    def scale(self, service: str, replicas: int) -> None: ...


class Ours:
    """The daemon's own code."""

    def __init__(self, site: Site, engine_url: str) -> None:
        self.changes: list[Change] = []
        self.drains: list[str] = []  # how each ended
        self._asked_at: dict[str, float] = {}
        self._project = site.name
        self._target = ComposeTarget(engine_url, timeout_seconds=20.0, emit=self._hear)

    def scale(self, service: str, replicas: int) -> None:
        order = Order(replicas, emit=self._hear, pause=threading.Event().wait)
        self._target.scale(ServiceRef(service, self._project), order)

    def _hear(self, event: Event) -> None:
        if isinstance(event, DrainStarted):
            self._asked_at[event.replica] = time.time()
        elif isinstance(event, DrainEnded):
            self.drains.append(event.end.value)
        elif isinstance(event, ReplicaChanged):
            self.changes.append(self._change(event))

    def _change(self, event: ReplicaChanged) -> Change:
        """Return what came or went; what went took as long as its drain and its stop."""
        now, added = time.time(), event.direction is Direction.UP
        started_at = now - event.duration_seconds
        if not added:
            started_at = self._asked_at.pop(event.replica, started_at)
        return Change(event.service, added, event.replica, now, now - started_at)


class Plain:
    """`docker compose up --scale`, which stops and removes."""

    def __init__(self, site: Site) -> None:
        self.changes: list[Change] = []
        self._site = site

    def scale(self, service: str, replicas: int) -> None:
        started = time.monotonic()
        self._site.run("up", "--detach", "--wait", "--no-deps", "--scale", f"{service}={replicas}", service)
        name = f"{self._site.name}-{service}-{HIGH}"
        self.changes.append(Change(service, replicas == HIGH, name, time.time(), time.monotonic() - started))


def rounds(scaler: Scaler, services: Sequence[str], count: int, said: Callable[[str], None]) -> None:
    """Scale each service out and in `count` times, all of them beside each other; return when all is as before."""

    def one(index: int, service: str) -> None:
        time.sleep(index * APART_SECONDS)
        for _ in range(count):
            scaler.scale(service, HIGH)
            time.sleep(HOLD_SECONDS)
            scaler.scale(service, LOW)
            time.sleep(HOLD_SECONDS)
        said(service)

    with ThreadPoolExecutor(len(services)) as pool:
        for done in [pool.submit(one, index, service) for index, service in enumerate(services)]:
            done.result()
