"""The metric source: everything that all rules need, by a handful of queries at one evaluation time."""

from collections.abc import Collection, Iterable
from dataclasses import replace

from autoscaler.adapters.prometheus.answers import (
    Scraping,
    TraefikAnswers,
    by_service,
    from_query,
    highest_bucket,
    known_services,
    scraping,
)
from autoscaler.adapters.prometheus.client import TRANSPORT, PrometheusClient, PrometheusFault, Sample
from autoscaler.adapters.prometheus.promql import CEILING, HEALTH, KNOWN, is_selector, signal_query
from autoscaler.core.model import Reading, ReadingKind
from autoscaler.core.policy import Query, Signal, TraefikSignal
from autoscaler.ports import SignalRequest, Tell

Readings = dict[SignalRequest, Reading]


class PrometheusSource:
    """Reads from one Prometheus. One caller at a time; the number of queries grows with the distinct signals only."""

    def __init__(
        self, url: str, *, timeout_seconds: float, max_sample_age_seconds: float, tell: Tell, token: str | None = None
    ) -> None:
        self._client = PrometheusClient(url, timeout_seconds=timeout_seconds, tell=tell, token=token)
        self._max_age_seconds = max_sample_age_seconds

    def read(self, requests: Collection[SignalRequest], at: float) -> Readings:
        """Measure everything as of `at` (unix seconds); what cannot be measured is a reading that says why."""
        asker = _Asker(self._client, at)
        readings = self._traefik(requests, asker)
        for request in requests:
            if isinstance(request.source, Query):
                readings[request] = self._query(request.source, asker)
        return readings

    def latency_ceiling_seconds(self, at: float) -> float | None:
        """Return the highest finite bucket of Traefik's durations: no latency above it can be measured."""
        try:
            return highest_bucket(_Asker(self._client, at).ask(CEILING))
        except PrometheusFault:
            return None

    def _query(self, query: Query, asker: "_Asker") -> Reading:
        try:
            return from_query(self._samples(query.promql, asker), asker.at, self._max_age_seconds)
        except PrometheusFault as fault:
            return _unusable(fault)

    def _samples(self, promql: str, asker: "_Asker") -> list[Sample]:
        """Ask an operator's query so that old samples are known as such, as far as the server can tell."""
        if not is_selector(promql):
            return asker.ask(promql, lookback_seconds=self._max_age_seconds)
        samples = asker.ask(promql)
        if len(samples) != 1:
            return samples
        taken = asker.ask(f"timestamp({promql})")
        return [replace(samples[0], at=taken[0].value)] if taken else samples

    def _traefik(self, requests: Iterable[SignalRequest], asker: "_Asker") -> Readings:
        wanted = [request for request in requests if isinstance(request.source, TraefikSignal)]
        if not wanted:
            return {}
        try:
            health = scraping(asker.ask(HEALTH), asker.at, self._max_age_seconds)
            known = known_services(asker.ask(KNOWN)) if health.problem is None else set()
        except PrometheusFault as fault:
            return dict.fromkeys(wanted, _unusable(fault))
        readings: Readings = {}
        for source in dict.fromkeys(request.source for request in wanted):
            assert isinstance(source, TraefikSignal)  # noqa: S101  chosen above
            same = [request for request in wanted if request.source == source]
            readings.update(self._signal(source, same, health, known, asker))
        return readings

    def _signal(
        self,
        signal: TraefikSignal,
        requests: list[SignalRequest],
        health: Scraping,
        known: set[tuple[str, str]],
        asker: "_Asker",
    ) -> Readings:
        """Answer all services' requests for one signal by one query."""
        values: dict[str, float] = {}
        ceiling_seconds: float | None = None
        if health.problem is None:
            try:
                values = by_service(asker.ask(signal_query(signal)))
                if signal.signal is Signal.LATENCY and values:
                    ceiling_seconds = highest_bucket(asker.ask(CEILING))
            except PrometheusFault as fault:
                return dict.fromkeys(requests, _unusable(fault))
        answers = TraefikAnswers(signal, values, known, health, ceiling_seconds)
        return {request: answers.reading(request.traefik_service) for request in requests}


class _Asker:
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


def _unusable(fault: PrometheusFault) -> Reading:
    return Reading(ReadingKind.ERROR, note=str(fault))
