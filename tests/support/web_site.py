"""A daemon's web server on 127.0.0.1, with its real observers, fed by hand."""

import threading
import time
from collections.abc import Collection

import httpx

from autoscaler.adapters.journal.observer import JournalObserver
from autoscaler.adapters.metrics.observer import MetricsObserver
from autoscaler.adapters.status.daemon import DaemonObserver
from autoscaler.adapters.status.observer import StatusObserver
from autoscaler.adapters.status.recent import RecentObserver
from autoscaler.adapters.web.app import make_app, routes
from autoscaler.adapters.web.authorization import Authorization
from autoscaler.adapters.web.connections import ConnectionLimits
from autoscaler.adapters.web.page import PageHandlers
from autoscaler.adapters.web.read import ReadHandlers
from autoscaler.adapters.web.server import WebServer
from autoscaler.adapters.web.write import Reload, WriteHandlers
from autoscaler.control.overrides import Overrides, OverrideStore
from autoscaler.core.model import Decision
from autoscaler.core.policy import Policy
from autoscaler.events import Action, CycleFinished, Event, ServiceOutcome
from autoscaler.ports.observers import Observer
from deploy.lab.ports import free_ports
from tests.support.builders import NOW


class Site:
    """Observers of these policies behind a server; `now` is their monotonic clock, `time` that of the overrides."""

    def __init__(
        self,
        *policies: Policy,
        token: str | None = None,
        store: OverrideStore | None = None,
        reload: Reload = lambda: None,
        limits: ConnectionLimits | None = None,
        allowed_hosts: Collection[str] = (),
    ) -> None:
        self.now, self.time, self.token = 0.0, NOW, token
        self.told: list[Event] = []
        self.observers: list[Observer] = []  # further ones
        self.status = StatusObserver(policies, stalled_after_seconds=30.0, monotonic=lambda: self.now)
        self.metrics = MetricsObserver(list(policies), dry_run=False)
        self.journal = JournalObserver(policies)
        self.overview, self.recent = DaemonObserver(1.0, dry_run=False), RecentObserver()
        self.ended = threading.Event()
        (self.port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"
        self.overrides = Overrides(store, self.emit)
        reading = ReadHandlers(self.status, self.metrics, self.journal, self.overview, self.recent)
        guard = Authorization(token, monotonic=lambda: self.now)
        writing = WriteHandlers(guard, self.status, self.overrides, reload, clock=lambda: self.time)
        page = PageHandlers()
        self.routes = routes(reading, writing, page)
        self.app = make_app(reading, writing, page, allowed_hosts)
        self.server = WebServer(self.app, "127.0.0.1", self.port, on_exit=self.ended.set, limits=limits)

    def start(self) -> None:
        """Serve; returns as soon as the server answers."""
        self.server.start()
        while True:
            try:
                self.get("/healthz")
            except httpx.TransportError:
                time.sleep(0.01)
            else:
                return

    def get(self, path: str, **headers: str) -> httpx.Response:
        return httpx.get(f"{self.url}{path}", headers=headers, timeout=10, trust_env=False)

    def post(self, path: str, body: object) -> httpx.Response:
        """Write with the right token."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.post(f"{self.url}{path}", json=body, headers=headers, timeout=10, trust_env=False)

    def decided(self, decision: Decision, action: Action = Action.UNCHANGED) -> None:
        self._emit(decision.at, ServiceOutcome(decision.service, action, decision))

    def failed(self, service: str, error: str, at: float) -> None:
        self._emit(at, ServiceOutcome(service, Action.FAILED, error=error))

    def _emit(self, at: float, outcome: ServiceOutcome) -> None:
        self.emit(CycleFinished(at, 0.1, {outcome.service: outcome}))

    def emit(self, event: Event) -> None:
        """Let every observer hear an event."""
        self.told.append(event)
        ours: list[Observer] = [self.status, self.metrics, self.journal, self.overview, self.recent]
        for observer in (*ours, *self.observers):
            observer.notify(event)
