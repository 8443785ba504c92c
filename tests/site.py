"""A daemon's web server on 127.0.0.1, with its real observers, fed by hand."""

import socket
import threading
import time

import httpx

from autoscaler.adapters.journal import JournalObserver
from autoscaler.adapters.metrics import MetricsObserver
from autoscaler.adapters.status import StatusObserver
from autoscaler.adapters.web import WebServer, make_app
from autoscaler.core.model import Decision
from autoscaler.core.policy import Policy
from autoscaler.events import Action, CycleFinished, ServiceOutcome


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class Site:
    """Observers of these policies behind a server; `now` is their monotonic clock."""

    def __init__(self, *policies: Policy) -> None:
        self.now = 0.0
        self.status = StatusObserver(policies, stalled_after_seconds=30.0, monotonic=lambda: self.now)
        self.metrics = MetricsObserver(list(policies), dry_run=False)
        self.journal = JournalObserver(policies)
        self.ended = threading.Event()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        app = make_app(self.status, self.metrics, self.journal)
        self.server = WebServer(app, "127.0.0.1", self.port, on_exit=self.ended.set)

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

    def decided(self, decision: Decision, action: Action = Action.UNCHANGED) -> None:
        self._tell(decision.at, ServiceOutcome(decision.service, action, decision))

    def failed(self, service: str, error: str, at: float) -> None:
        self._tell(at, ServiceOutcome(service, Action.FAILED, error=error))

    def _tell(self, at: float, outcome: ServiceOutcome) -> None:
        event = CycleFinished(at, 0.1, {outcome.service: outcome})
        for observer in (self.status, self.metrics, self.journal):
            observer.notify(event)
