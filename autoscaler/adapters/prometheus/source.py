"""The metric source: everything that all rules need, by a handful of queries at one evaluation time."""

from collections.abc import Collection

from autoscaler.adapters.prometheus.client import PrometheusClient
from autoscaler.adapters.prometheus.faults import TRANSPORT, PrometheusFault
from autoscaler.adapters.prometheus.reader import Reader, ReadingsByRequest
from autoscaler.adapters.prometheus.samples import Sample
from autoscaler.ports.metrics import SignalRequest
from autoscaler.ports.observers import Emit


class PrometheusSource:
    """Reads from one Prometheus. One caller at a time; the number of queries grows with the distinct signals only."""

    def __init__(
        self, url: str, *, timeout_seconds: float, max_sample_age_seconds: float, emit: Emit, token: str | None = None
    ) -> None:
        self._client = PrometheusClient(url, timeout_seconds=timeout_seconds, emit=emit, token=token)
        self._max_age_seconds = max_sample_age_seconds

    def read(self, requests: Collection[SignalRequest], at: float) -> ReadingsByRequest:
        """Measure everything as of `at` (unix seconds); what cannot be measured is a reading that says why."""
        return Reader(requests, self._max_age_seconds).read(_Present(self._client, at))


class _Present:
    """The questions of one cycle: each is asked once, and after a dead connection none is asked any more."""

    def __init__(self, client: PrometheusClient, at: float) -> None:
        self.at = at
        self._client = client
        self._answers: dict[str, list[Sample]] = {}
        self._dead: PrometheusFault | None = None

    def ask(self, promql: str, *, lookback_seconds: float | None = None) -> list[Sample]:
        if self._dead is not None:
            raise self._dead
        if promql not in self._answers:
            try:
                self._answers[promql] = self._client.ask(promql, self.at, lookback_seconds=lookback_seconds)
            except PrometheusFault as fault:
                self._dead = fault if fault.kind in TRANSPORT else None
                raise
        return self._answers[promql]
