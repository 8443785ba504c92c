"""What the daemon and Prometheus say while the load runs: a live table on a terminal, a line now and then elsewhere."""

import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table

from autoscaler.adapters.prometheus.client import PrometheusClient
from autoscaler.adapters.prometheus.source import PrometheusSource
from autoscaler.core.policy import Signal, TraefikSignal
from autoscaler.ports.metrics import SignalRequest
from autoscaler.ports.observers import discard

REQUESTS = TraefikSignal(Signal.REQUESTS, 20.0)
P95 = TraefikSignal(Signal.LATENCY, 20.0, 0.95)
LINE_SECONDS = 10.0


@dataclass(slots=True)
class Watch:
    """Looks once a second; remembers what the verdict needs of `service`."""

    api_url: str
    prometheus_url: str
    service: str
    counts: list[tuple[float, int]] = field(default_factory=list)  # unix seconds, replicas
    first_up_at: float | None = None
    _source: PrometheusSource | None = None
    _last_line: float = 0.0

    def look(self) -> list[dict[str, Any]]:
        """Return the services' last evaluations; empty while the daemon does not answer."""
        try:
            with urllib.request.urlopen(f"{self.api_url}/api/v1/services", timeout=2) as answer:
                services: list[dict[str, Any]] = json.load(answer)
        except (urllib.error.URLError, OSError, ValueError):
            return []
        for decision in (service["decision"] for service in services if service["decision"]):
            if decision["service"] == self.service:
                self._remember(decision)
        return services

    def _remember(self, decision: dict[str, Any]) -> None:
        self.counts.append((time.time(), decision["replicas"]["current"]))
        raised = decision["desired"] > decision["replicas"]["current"]
        if raised and self.first_up_at is None:
            self.first_up_at = decision["at"]

    def show(self, services: list[dict[str, Any]], live: Live | None, console: Console) -> None:
        """Show one look: a table on a terminal; elsewhere, a line every 10 s."""
        rows = [self._row(service) for service in services if service["decision"] is not None]
        if live is not None:
            live.update(_table(rows))
        elif time.monotonic() - self._last_line >= LINE_SECONDS:
            self._last_line = time.monotonic()
            for name, rate, latency, ready, desired, bounds, sentence in rows:
                if name == self.service:
                    console.print(
                        f"{name} {rate} req/s, p95 {latency}, {ready} ready, {desired} desired ({bounds}): {sentence}"
                    )

    def _row(self, service: dict[str, Any]) -> tuple[str, ...]:
        decision = service["decision"]
        rate, latency = self._measure(service["service"])
        bounds = f"{service['min']}-{service['max']}"
        ready = str(decision["replicas"]["ready"])
        return service["service"], rate, latency, ready, str(decision["desired"]), bounds, decision["sentence"]

    def _measure(self, service: str) -> tuple[str, str]:
        if self._source is None:
            client = PrometheusClient(self.prometheus_url, timeout_seconds=2.0, emit=discard)
            self._source = PrometheusSource(client, max_sample_age_seconds=30.0)
        wanted = [SignalRequest(signal, f"{service}@docker") for signal in (REQUESTS, P95)]
        readings = self._source.read(wanted, time.time())
        rate, latency = (readings[request].value for request in wanted)
        return "?" if rate is None else f"{rate:.0f}", "?" if latency is None else f"{latency * 1000:.0f} ms"


def _table(rows: list[tuple[str, ...]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("service", "req/s", "p95", "ready", "desired", "min-max", "last decision"):
        table.add_column(column)
    for row in rows:
        table.add_row(*row)
    return table
