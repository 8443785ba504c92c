"""Turns signal requests into readings, for the present and for every instant of the past alike."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Protocol

from autoscaler.adapters.prometheus.answers import (
    NO_BUCKETS,
    Scraping,
    TraefikAnswers,
    by_service,
    from_query,
    known_services,
    scraping,
)
from autoscaler.adapters.prometheus.buckets import Buckets
from autoscaler.adapters.prometheus.faults import PrometheusFault
from autoscaler.adapters.prometheus.promql import BUCKETS, HEALTH, KNOWN, is_selector, signal_query
from autoscaler.adapters.prometheus.samples import Sample
from autoscaler.core.model import Reading, ReadingKind
from autoscaler.core.policy import Query, Signal, TraefikSignal
from autoscaler.ports.metrics import SignalRequest

ReadingsByRequest = dict[SignalRequest, Reading]


class Asker(Protocol):
    """Answers queries as of one instant, each only once."""

    @property
    def at(self) -> float:
        """The instant in unix seconds."""

    def ask(self, promql: str, *, lookback_seconds: float | None = None) -> list[Sample]:
        """Return the samples of that instant.

        Raises:
            PrometheusFault: there is no usable answer.
        """


class Reader:
    """Measures the same requests repeatedly. Each signal is queried once for all services."""

    def __init__(self, requests: Collection[SignalRequest], max_age_seconds: float) -> None:
        self._max_age_seconds = max_age_seconds
        self._queries: list[tuple[SignalRequest, Query]] = []
        self._signals: dict[TraefikSignal, list[SignalRequest]] = {}
        for request in requests:
            if isinstance(request.source, Query):
                self._queries.append((request, request.source))
            else:
                self._signals.setdefault(request.source, []).append(request)

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
            health = scraping(asker.ask(HEALTH), asker.at, self._max_age_seconds)
        except PrometheusFault as fault:
            unusable = _unusable(fault)
            return {request: unusable for requests in self._signals.values() for request in requests}
        readings: ReadingsByRequest = {}
        for signal, requests in self._signals.items():
            readings.update(_signal(signal, requests, health, asker))
        return readings


def _signal(signal: TraefikSignal, requests: list[SignalRequest], health: Scraping, asker: Asker) -> ReadingsByRequest:
    """Return the readings of all services for one signal, by one query."""
    answers = TraefikAnswers(signal, health)
    if health.problem is None:
        try:
            answers = _answers(signal, [request.traefik_service for request in requests], health, asker)
        except PrometheusFault as fault:
            return dict.fromkeys(requests, _unusable(fault))
    return {request: answers.reading(request.traefik_service) for request in requests}


def _answers(signal: TraefikSignal, services: Iterable[str | None], health: Scraping, asker: Asker) -> TraefikAnswers:
    if signal.threshold_seconds is None:
        values = by_service(asker.ask(signal_query(signal)))
        buckets = Buckets.of(asker.ask(BUCKETS)) if signal.signal is Signal.LATENCY and values else NO_BUCKETS
    else:
        buckets = Buckets.of(asker.ask(BUCKETS))
        fast = buckets.up_to(signal.threshold_seconds)
        values = by_service(asker.ask(signal_query(signal, fast))) if fast else {}
    absent = any(service not in values for service in services)
    return TraefikAnswers(signal, health, values, known_services(asker.ask(KNOWN)) if absent else (), buckets)


def _unusable(fault: PrometheusFault) -> Reading:
    return Reading(ReadingKind.ERROR, note=str(fault))
