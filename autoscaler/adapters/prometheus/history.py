"""The metric history: the readings at every instant of the past, by range queries in chunks."""

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from autoscaler.adapters.prometheus.client import PrometheusClient, answer_bytes
from autoscaler.adapters.prometheus.faults import PrometheusFault, TooLargeFault
from autoscaler.adapters.prometheus.promql import OWN_CAPACITIES, OWN_REPLICAS, SERVERS_UP
from autoscaler.adapters.prometheus.reader import Reader
from autoscaler.adapters.prometheus.samples import Sample
from autoscaler.core.model import Reading
from autoscaler.errors import MetricsUnavailable
from autoscaler.ports.metrics import SignalRequest, Span

CHUNK_INSTANTS = 2_000  # Prometheus allows 11,000; the answer for a hundred services is then some 8 MiB


class PrometheusHistory:
    """Reads the past of one Prometheus. One caller at a time; keeps the samples of one chunk only."""

    def __init__(self, client: PrometheusClient, *, max_sample_age_seconds: float) -> None:
        self._client = client
        self._max_age_seconds = max_sample_age_seconds

    def read_range(
        self, requests: Collection[SignalRequest], span: Span, *, progress: Callable[[float], None]
    ) -> Mapping[SignalRequest, Sequence[Reading]]:
        """Return a reading for each instant of the span, as `PrometheusSource.read` would have returned it then.

        `progress` receives the completed share, 0 to 1, after each chunk.

        Raises:
            MetricsUnavailable: a query has no usable answer; the text is that of the source's reading.
        """
        reader = Reader(requests, self._max_age_seconds)
        found: dict[SignalRequest, list[Reading]] = {request: [] for request in requests}
        done = 0
        for chunk in span.chunks(CHUNK_INSTANTS):
            for moment in Past(self._client, chunk, len(requests)).moments():
                for request, reading in reader.read(moment).items():
                    found[request].append(reading)
            done += len(chunk)
            progress(done / len(span))
        return found

    def capacities(self, at: float) -> Mapping[tuple[str, str], float]:
        """Return the learned load per replica of the autoscaler's own metrics in the day before `at` (unix seconds).

        By service and rule; it includes the targets of rules that learn nothing.

        Raises:
            MetricsUnavailable: as `read_range`.
        """
        (moment,) = Past(self._client, Span(at, at, 1.0), services=0).moments()
        reported: dict[tuple[str, str], set[float]] = {}
        for sample in moment.ask(OWN_CAPACITIES):
            key = sample.labels.get("service", ""), sample.labels.get("rule", "")
            reported.setdefault(key, set()).add(sample.value)
        return {key: value for key, (value, *others) in reported.items() if not others and value > 0.0}

    def replicas_range(
        self, requests: Collection[SignalRequest], span: Span, *, existing: bool = False
    ) -> Mapping[SignalRequest, Sequence[int | None]]:
        """Return the ready (or existing) replicas at each instant, by request.

        From the autoscaler's own metrics, or else the servers that passed Traefik's health check, or else None.

        Raises:
            MetricsUnavailable: as `read_range`.
        """
        state = "current" if existing else "ready"
        found: dict[SignalRequest, list[int | None]] = {request: [] for request in requests}
        for chunk in span.chunks(CHUNK_INSTANTS):
            for moment in Past(self._client, chunk, len(requests)).moments():
                counts = _counts(moment, state, self._max_age_seconds)
                for request, past in found.items():
                    past.append(counts.get(("own", request.service), counts.get(("up", request.traefik_service))))
        return found


def _counts(moment: "Moment", state: str, max_age_seconds: float) -> dict[tuple[str, str | None], int]:
    """Return the replicas by service, from the autoscaler's own metrics and from Traefik's."""
    own = moment.ask(OWN_REPLICAS, lookback_seconds=max_age_seconds)
    up = moment.ask(SERVERS_UP, lookback_seconds=max_age_seconds)
    of_state = [("own", sample) for sample in own if sample.labels.get("state") == state]
    return {
        (origin, sample.labels.get("service")): round(sample.value)
        for origin, sample in [*of_state, *(("up", sample) for sample in up)]
        if math.isfinite(sample.value)
    }


class Past:
    """The queries of one chunk: each is sent once, for all its instants."""

    def __init__(self, client: PrometheusClient, span: Span, services: int) -> None:
        self._client = client
        self._span = span
        self._services = services
        self._answers: dict[str, list[list[Sample]]] = {}

    def moments(self) -> Iterator["Moment"]:
        return (Moment(self, index, at) for index, at in enumerate(self._span.instants))

    def ask(self, promql: str, lookback_seconds: float | None) -> list[list[Sample]]:
        """Return the samples of every instant.

        Raises:
            MetricsUnavailable: there is no usable answer.
        """
        if promql not in self._answers:
            try:
                self._answers[promql] = self._fetch(promql, self._span, lookback_seconds)
            except PrometheusFault as fault:
                raise MetricsUnavailable(str(fault)) from fault
        return self._answers[promql]

    def _fetch(self, promql: str, span: Span, lookback_seconds: float | None) -> list[list[Sample]]:
        """Send the query, split into halves if the answer is too large: the number of series is unknown before."""
        try:
            most_bytes = answer_bytes(self._services, len(span))
            return self._client.ask_range(promql, span, lookback_seconds=lookback_seconds, most_bytes=most_bytes)
        except TooLargeFault:
            if len(span) == 1:
                raise
            halves = span.chunks((len(span) + 1) // 2)
            return [samples for half in halves for samples in self._fetch(promql, half, lookback_seconds)]


@dataclass(frozen=True, slots=True)
class Moment:
    """One instant of the past, with the same interface as the present."""

    past: Past
    index: int
    at: float

    def ask(self, promql: str, *, lookback_seconds: float | None = None) -> list[Sample]:
        return self.past.ask(promql, lookback_seconds)[self.index]
