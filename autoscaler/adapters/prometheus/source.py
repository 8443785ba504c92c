"""The metric source: the readings of all rules, by a few queries at one evaluation time."""

from collections.abc import Collection

from autoscaler.adapters.prometheus.client import PrometheusClient
from autoscaler.adapters.prometheus.faults import TRANSPORT, PrometheusFault
from autoscaler.adapters.prometheus.reader import Reader, ReadingsByRequest
from autoscaler.adapters.prometheus.samples import Sample
from autoscaler.ports.metrics import SignalRequest


class PrometheusSource:
    """Reads from one Prometheus. One caller at a time; the number of queries grows with the distinct signals only."""

    def __init__(self, client: PrometheusClient, *, max_sample_age_seconds: float) -> None:
        self._client = client
        self._max_age_seconds = max_sample_age_seconds

    def read(self, requests: Collection[SignalRequest], at: float) -> ReadingsByRequest:
        return Reader(requests, self._max_age_seconds).read(_Present(self._client, at))


class _Present:
    """The queries of one cycle: each is sent once, and none after a failed connection."""

    def __init__(self, client: PrometheusClient, at: float) -> None:
        self.at = at
        self._client = client
        self._answers: dict[str, list[Sample]] = {}
        self._transport_fault: PrometheusFault | None = None

    def ask(self, promql: str, *, lookback_seconds: float | None = None) -> list[Sample]:
        if self._transport_fault is not None:
            raise self._transport_fault
        if promql not in self._answers:
            try:
                self._answers[promql] = self._client.ask(promql, self.at, lookback_seconds=lookback_seconds)
            except PrometheusFault as fault:
                self._transport_fault = fault if fault.kind in TRANSPORT else None
                raise
        return self._answers[promql]
