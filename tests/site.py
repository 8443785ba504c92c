"""A daemon's web server on 127.0.0.1, with its real observers, fed by hand."""

import socket
import threading
import time

import httpx

from autoscaler.adapters.journal import JournalObserver
from autoscaler.adapters.metrics import MetricsObserver
from autoscaler.adapters.overview import OverviewObserver
from autoscaler.adapters.recent import RecentObserver
from autoscaler.adapters.status import StatusObserver
from autoscaler.adapters.web.app import make_app, routes
from autoscaler.adapters.web.guard import Guard
from autoscaler.adapters.web.page import Page
from autoscaler.adapters.web.read import Reading
from autoscaler.adapters.web.server import WebServer
from autoscaler.adapters.web.write import Reload, Writing
from autoscaler.core.model import Decision
from autoscaler.core.policy import Policy
from autoscaler.events import Action, CycleFinished, Event, ServiceOutcome
from autoscaler.overrides import Overrides, OverrideStore
from autoscaler.ports import Observer
from tests.builders import NOW


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class Site:
    """Observers of these policies behind a server; `now` is their monotonic clock, `time` that of the overrides."""

    def __init__(
        self,
        *policies: Policy,
        token: str | None = None,
        store: OverrideStore | None = None,
        reload: Reload | None = None,
    ) -> None:
        self.now, self.time, self.token = 0.0, NOW, token
        self.told: list[Event] = []
        self.observers: list[Observer] = []  # further ones
        self.status = StatusObserver(policies, stalled_after_seconds=30.0, monotonic=lambda: self.now)
        self.metrics = MetricsObserver(list(policies), dry_run=False)
        self.journal = JournalObserver(policies)
        self.overview, self.recent = OverviewObserver(1.0, dry_run=False), RecentObserver()
        self.ended = threading.Event()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.overrides = Overrides(store, self.tell)
        reading = Reading(self.status, self.metrics, self.journal)
        guard = Guard(token, monotonic=lambda: self.now)
        writing = Writing(guard, self.status, self.overrides, reload, clock=lambda: self.time)
        page = Page(self.status, self.overview, self.recent)
        self.routes = routes(reading, writing, page)
        self.app = make_app(reading, writing, page)
        self.server = WebServer(self.app, "127.0.0.1", self.port, on_exit=self.ended.set)

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

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"{self.url}{path}", timeout=10, trust_env=False)

    def post(self, path: str, body: object) -> httpx.Response:
        """Write with the right token."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.post(f"{self.url}{path}", json=body, headers=headers, timeout=10, trust_env=False)

    def decided(self, decision: Decision, action: Action = Action.UNCHANGED) -> None:
        self._tell(decision.at, ServiceOutcome(decision.service, action, decision))

    def failed(self, service: str, error: str, at: float) -> None:
        self._tell(at, ServiceOutcome(service, Action.FAILED, error=error))

    def _tell(self, at: float, outcome: ServiceOutcome) -> None:
        self.tell(CycleFinished(at, 0.1, {outcome.service: outcome}))

    def tell(self, event: Event) -> None:
        """Let every observer hear an event."""
        self.told.append(event)
        ours: list[Observer] = [self.status, self.metrics, self.journal, self.overview, self.recent]
        for observer in (*ours, *self.observers):
            observer.notify(event)
