"""Turns signal requests into readings, for the present and for every instant of the past alike."""

from collections.abc import Collection
from dataclasses import replace
from typing import Protocol

from autoscaler.adapters.prometheus.answers import (
    NO_BUCKETS,
    TraefikAnswers,
    by_service,
    from_query,
)
from autoscaler.adapters.prometheus.buckets import Buckets
from autoscaler.adapters.prometheus.faults import PrometheusFault
from autoscaler.adapters.prometheus.known import NOTHING_KNOWN, Known, known_services
from autoscaler.adapters.prometheus.naming import ADDED, shared, together
from autoscaler.adapters.prometheus.promql import TraefikQueries, is_selector
from autoscaler.adapters.prometheus.samples import Sample
from autoscaler.adapters.prometheus.scraping import Scraping, scraping
from autoscaler.core.model import Reading, ReadingKind
from autoscaler.core.policy import Query, Signal, TraefikSignal
from autoscaler.ports.metrics import SignalRequest

ReadingsByRequest = dict[SignalRequest, Reading]


class Asker(Protocol):
    """Answers queries as of one instant, each only once."""

    @property
    def at(self) -> float:
        """The instant in unix seconds."""

    @property
    def seen(self) -> frozenset[str]:
        """The services that any series of Traefik named within a day.

        Raises:
            PrometheusFault: there is no usable answer.
        """

    @property
    def listed(self) -> frozenset[str]:
        """The services that Traefik's API lists; none without it.

        Raises:
            PrometheusFault: as `seen`.
        """

    def ask(self, promql: str, *, lookback_seconds: float | None = None) -> list[Sample]:
        """Return the samples of that instant.

        Raises:
            PrometheusFault: there is no usable answer.
        """


class Reader:
    """Measures the same requests repeatedly. Each signal is queried once for all services."""

    def __init__(
        self,
        requests: Collection[SignalRequest],
        max_age_seconds: float,
        traefik: TraefikQueries,
        *,
        among: Collection[SignalRequest] | None = None,
    ) -> None:
        """Read these requests `among` all of a cycle, which share the query about the scraping of Traefik."""
        self._max_age_seconds = max_age_seconds
        self._of_traefik = traefik
        self._queries: list[tuple[SignalRequest, Query]] = []
        self._signals: dict[TraefikSignal, list[SignalRequest]] = {}
        for request in requests:
            if isinstance(request.source, Query):
                self._queries.append((request, request.source))
            else:
                self._signals.setdefault(request.source, []).append(request)
        signals = [(each, each.source) for each in among or requests if isinstance(each.source, TraefikSignal)]
        self._accounted = frozenset(name for each, _ in signals for name in each.traefik_services)
        self._health = traefik.health(source.window_seconds for _, source in signals)

    def read(self, asker: Asker) -> ReadingsByRequest:
        """Return a reading for each request; one that cannot be measured says why."""
        readings = self._traefik(asker) if self._signals else {}
        for request, query in self._queries:
            readings[request] = self._query(query, asker)
        return readings

    def _query(self, query: Query, asker: Asker) -> Reading:
        try:
            return from_query(self._samples(query.promql, asker), asker.at, self._max_age_seconds)
        except PrometheusFault as fault:
            return _unusable(fault)

    def _samples(self, promql: str, asker: Asker) -> list[Sample]:
        """Send an operator's query so that old samples are recognised, as far as the server supports it."""
        if not is_selector(promql):
            return asker.ask(promql, lookback_seconds=self._max_age_seconds)
        samples = asker.ask(promql)
        if len(samples) != 1:
            return samples
        times = asker.ask(f"timestamp({promql})")
        return [replace(samples[0], at=times[0].value)] if times else samples

    def _traefik(self, asker: Asker) -> ReadingsByRequest:
        try:
            health = scraping(asker.ask(self._health), asker.at, self._max_age_seconds, self._of_traefik.label)
        except PrometheusFault as fault:
            unusable = _unusable(fault)
            return {request: unusable for requests in self._signals.values() for request in requests}
        readings: ReadingsByRequest = {}
        for signal, requests in self._signals.items():
            readings.update(self._signal(signal, requests, health, asker))
        return readings

    def _signal(
        self, signal: TraefikSignal, requests: list[SignalRequest], health: Scraping, asker: Asker
    ) -> ReadingsByRequest:
        """Return the readings of all services for one signal, by one query."""
        answers = TraefikAnswers(signal, health)
        if health.problem is None:
            services = {name for each in requests for name in each.traefik_services}
            try:
                answers = self._answers(signal, services, health, asker)
            except PrometheusFault as fault:
                return dict.fromkeys(requests, _unusable(fault))
        return {request: _reading(answers, request) for request in requests}

    def _answers(self, signal: TraefikSignal, services: set[str], health: Scraping, asker: Asker) -> TraefikAnswers:
        queries = self._of_traefik
        if signal.threshold_seconds is None:
            values = by_service(asker.ask(queries.signal(signal)), queries.label)
            buckets = (
                Buckets.of(asker.ask(queries.buckets)) if signal.signal is Signal.LATENCY and values else NO_BUCKETS
            )
        else:
            buckets = Buckets.of(asker.ask(queries.buckets))
            fast = buckets.up_to(signal.threshold_seconds)
            values = by_service(asker.ask(queries.signal(signal, fast)), queries.label) if fast else {}
        known = self._known(services - values.keys(), asker) if services - values.keys() else NOTHING_KNOWN
        return TraefikAnswers(signal, health, values, known, buckets)

    def _known(self, absent: set[str], asker: Asker) -> Known:
        """Return what is known of services without a value; of the last day only if no counter is there now."""
        known = replace(
            known_services(asker.ask(self._of_traefik.known), self._of_traefik.label), accounted=self._accounted
        )
        if absent <= {service for service, _ in known.families}:
            return known
        return replace(known, seen=asker.seen, listed=asker.listed)


def _reading(answers: TraefikAnswers, request: SignalRequest) -> Reading:
    """Return the reading of a request, from those of each of its names."""
    if request.unmeasured is not None:
        return Reading(ReadingKind.ERROR, note=request.unmeasured)
    if request.traefik_service is None:
        return answers.reading(None)
    shares = {share.traefik_service: share for share in request.shares}
    names, adds = request.traefik_services, answers.signal.signal in ADDED
    return together({name: shared(answers.reading(name), shares.get(name), adds=adds) for name in names}, adds=adds)


def _unusable(fault: PrometheusFault) -> Reading:
    return Reading(ReadingKind.ERROR, note=str(fault))
