"""The metric history: the readings at every instant of the past, by range queries in chunks."""

import math
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from autoscaler.adapters.prometheus.client import PrometheusClient, answer_bytes
from autoscaler.adapters.prometheus.faults import PrometheusFault, TooLargeFault
from autoscaler.adapters.prometheus.names import SEEN_SECONDS
from autoscaler.adapters.prometheus.promql import OWN_CAPACITIES, OWN_LISTED, OWN_REPLICAS, TraefikQueries
from autoscaler.adapters.prometheus.reader import Reader
from autoscaler.adapters.prometheus.samples import Sample
from autoscaler.core.model import Reading
from autoscaler.errors import MetricsUnavailable
from autoscaler.ports.metrics import SignalRequest, Span

NAMES_STEP_SECONDS = 300.0  # Prometheus' lookback for a sample, so that no service is missed
CHUNK_INSTANTS = 2_000  # Prometheus allows 11,000; the answer for a hundred services is then some 8 MiB


class PrometheusHistory:
    """Reads the past of one Prometheus. One caller at a time; keeps the samples of one chunk only."""

    def __init__(
        self,
        client: PrometheusClient,
        *,
        max_sample_age_seconds: float,
        queries: TraefikQueries = TraefikQueries(),  # noqa: B008  frozen
    ) -> None:
        self._client = client
        self._max_age_seconds = max_sample_age_seconds
        self._queries = queries

    def read_range(
        self, requests: Collection[SignalRequest], span: Span, *, progress: Callable[[float], None]
    ) -> Mapping[SignalRequest, Sequence[Reading]]:
        """Return a reading for each instant of the span, as `PrometheusSource.read` would have returned it then.

        `progress` receives the completed share, 0 to 1, after each chunk.

        Raises:
            MetricsUnavailable: a query has no usable answer; the text is that of the source's reading.
        """
        reader = Reader(requests, self._max_age_seconds, self._queries)
        found: dict[SignalRequest, list[Reading]] = {request: [] for request in requests}
        done = 0
        for chunk in span.chunks(CHUNK_INSTANTS):
            for moment in Past(self._client, chunk, self._queries, len(requests)).moments():
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
        (moment,) = Past(self._client, Span(at, at, 1.0), self._queries, services=0).moments()
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
            for moment in Past(self._client, chunk, self._queries, len(requests)).moments():
                counts = _counts(moment, state, self._max_age_seconds, self._queries)
                for request, past in found.items():
                    past.append(counts.get(("own", request.service), counts.get(("up", request.traefik_service))))
        return found


def _counts(
    moment: "Moment", state: str, max_age_seconds: float, queries: TraefikQueries
) -> dict[tuple[str, str | None], int]:
    """Return the replicas by service, from the autoscaler's own metrics and from Traefik's."""
    own = moment.ask(OWN_REPLICAS, lookback_seconds=max_age_seconds)
    up = moment.ask(queries.servers_up, lookback_seconds=max_age_seconds)
    of_state = [(("own", each.labels.get("service")), each) for each in own if each.labels.get("state") == state]
    of_traefik = [(("up", each.labels.get(queries.label)), each) for each in up]
    return {key: round(each.value) for key, each in [*of_state, *of_traefik] if math.isfinite(each.value)}


class Past:
    """The queries of one chunk: each is sent once, for all its instants."""

    def __init__(self, client: PrometheusClient, span: Span, queries: TraefikQueries, services: int) -> None:
        self._client = client
        self._span = span
        self._queries = queries
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

    def seen(self, at: float) -> frozenset[str]:
        """Return the services that any series of Traefik named in the day before `at`.

        Raises:
            MetricsUnavailable: there is no usable answer.
        """
        return frozenset(
            name
            for name, times in self._named.items()
            if times[bisect_right(times, at) - 1] >= at - SEEN_SECONDS and times[0] <= at
        )

    @cached_property
    def _named(self) -> dict[str, list[float]]:
        """The times at which series named each service, oldest first, some minutes apart."""
        last = self._span.instants[-1]
        steps = math.ceil((last - self._span.start + SEEN_SECONDS) / NAMES_STEP_SECONDS)
        span = Span(last - steps * NAMES_STEP_SECONDS, last, NAMES_STEP_SECONDS)
        found: dict[str, list[float]] = {}
        try:
            for at, samples in zip(span.instants, self._fetch(self._queries.names, span, None), strict=True):
                for sample in samples:
                    found.setdefault(sample.labels.get(self._queries.label, ""), []).append(at)
        except PrometheusFault as fault:
            raise MetricsUnavailable(str(fault)) from fault
        return found

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

    @property
    def seen(self) -> frozenset[str]:
        return self.past.seen(self.at)

    @property
    def listed(self) -> frozenset[str]:
        return frozenset(sample.labels.get("traefik_service", "") for sample in self.ask(OWN_LISTED))

    def ask(self, promql: str, *, lookback_seconds: float | None = None) -> list[Sample]:
        return self.past.ask(promql, lookback_seconds)[self.index]
