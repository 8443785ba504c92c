"""Turns samples into readings. Pure."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import assert_never

from autoscaler.adapters.prometheus.buckets import Buckets
from autoscaler.adapters.prometheus.faults import MOST_CHARACTERS
from autoscaler.adapters.prometheus.promql import FAMILIES
from autoscaler.adapters.prometheus.samples import Sample
from autoscaler.core.model import Reading, ReadingKind
from autoscaler.core.policy import Signal, TraefikSignal
from autoscaler.formats import format_duration, one_line

IDLE = "no requests in the window"
UNANSWERED = "no answers in the window"
NO_BUCKETS = Buckets()


def from_number(sample: Sample, at: float, max_age_seconds: float) -> Reading:
    """Return the reading of one sample; only a finite and fresh number is a value."""
    age_seconds = max(0.0, at - sample.at)
    if age_seconds > max_age_seconds:
        note = f"the sample is {format_duration(age_seconds)} old, more than {format_duration(max_age_seconds)}"
        return Reading(ReadingKind.STALE, age_seconds=age_seconds, note=note)
    if math.isnan(sample.value):
        return Reading(ReadingKind.NAN, age_seconds=age_seconds, note="the result is not a number")
    if math.isinf(sample.value):
        return Reading(ReadingKind.INF, age_seconds=age_seconds, note="the result is infinite")
    return Reading.of(sample.value, age_seconds=age_seconds)


def from_query(samples: list[Sample], at: float, max_age_seconds: float) -> Reading:
    """Return the reading of an operator's own query, which must yield one series."""
    if not samples:
        return Reading(ReadingKind.EMPTY, note="the query matches no series")
    if len(samples) > 1:
        examples = " and ".join(sorted(map(_labels, samples))[:2])
        note = f"the query yields {len(samples)} series, such as {examples}; aggregate them, e.g. with sum()"
        return Reading(ReadingKind.MANY, note=note)
    return from_number(samples[0], at, max_age_seconds)


def _labels(sample: Sample) -> str:
    labels = (f"{name}={value!r}" for name, value in sorted(sample.labels.items()))
    return one_line(f"{{{', '.join(labels)}}}", MOST_CHARACTERS)


@dataclass(frozen=True, slots=True)
class Scraping:
    """Whether Traefik's metrics are complete and fresh; if not, `problem` is the reading of every signal."""

    age_seconds: float | None = None
    problem: Reading | None = None


def scraping(samples: list[Sample], at: float, max_age_seconds: float) -> Scraping:
    """Return whether every recently scraped Traefik still is, and the age of the samples."""
    sampled = [sample for sample in samples if sample.labels.get("fact") == "sampled"]
    down = [sample for sample in samples if sample.labels.get("fact") == "up" and sample.value != 1]
    if down:
        names = one_line(", ".join(sorted(sample.labels.get("instance", "?") for sample in down)), MOST_CHARACTERS)
        note = f"Prometheus cannot scrape Traefik at {names}: its load is known in part only"
        return Scraping(problem=Reading(ReadingKind.STALE, note=note))
    if not sampled:
        note = "Prometheus has no metrics of Traefik; check that Traefik serves them and that Prometheus scrapes it"
        return Scraping(problem=Reading(ReadingKind.EMPTY, note=note))
    age_seconds = max(0.0, at - min(sample.value for sample in sampled))
    if age_seconds > max_age_seconds:
        old, most = format_duration(age_seconds), format_duration(max_age_seconds)
        note = f"Traefik's last sample is {old} old, more than {most}"
        return Scraping(problem=Reading(ReadingKind.STALE, age_seconds=age_seconds, note=note))
    return Scraping(age_seconds)


@dataclass(frozen=True, slots=True)
class TraefikAnswers:
    """All answers for one signal: the values by service, and the services that have counters."""

    signal: TraefikSignal
    scraping: Scraping
    values: Mapping[str, float] = field(default_factory=dict)
    known: Collection[tuple[str, str]] = ()  # (service, family); only needed for services without a value
    buckets: Buckets = NO_BUCKETS

    def reading(self, service: str | None) -> Reading:
        """Return the reading of that signal for one service; idle, not measurable and not scraped are distinct."""
        if service is None:
            return Reading(ReadingKind.ERROR, note="the service's name in Traefik is not known; set traefik_service")
        if self.scraping.problem is not None:
            return self.scraping.problem
        threshold_seconds = self.signal.threshold_seconds
        if threshold_seconds is not None and (too_low := self.buckets.too_low_note(threshold_seconds)) is not None:
            return Reading(ReadingKind.ERROR, note=too_low)
        if service not in self.values:
            return self._absent(service)
        value = self.values[service]
        if math.isnan(value):  # a quantile or a ratio of no requests
            return self._idle()
        if math.isinf(value):
            return Reading(ReadingKind.INF, note="the result is infinite")
        return Reading.of(value, age_seconds=self.scraping.age_seconds, note=self._note(value))

    def _absent(self, service: str) -> Reading:
        if (service, FAMILIES[self.signal.signal]) not in self.known:
            return self._idle()
        window = format_duration(self.signal.window_seconds)
        note = f"fewer than two samples within {window}; the window should be at least 4 x the scrape interval"
        return Reading(ReadingKind.EMPTY, note=note)

    def _idle(self) -> Reading:
        """Return 0 for no requests; a share of slow answers is empty instead: requests may have found no server."""
        age_seconds = self.scraping.age_seconds
        match self.signal.signal:
            case Signal.SLOW_RATIO:
                return Reading(ReadingKind.EMPTY, age_seconds=age_seconds, note=UNANSWERED)
            case Signal.REQUESTS | Signal.CONCURRENCY | Signal.LATENCY | Signal.ERROR_RATIO:
                return Reading.of(0.0, age_seconds=age_seconds, note=IDLE)
            case _:
                assert_never(self.signal.signal)

    def _note(self, value: float) -> str:
        if self.signal.threshold_seconds is not None:
            return self.buckets.slow_note(self.signal.threshold_seconds)
        highest = self.buckets.highest
        if self.signal.signal is not Signal.LATENCY or highest is None or value < highest:
            return ""
        return f"at Traefik's highest bucket, {format_duration(highest)}: the latency may be higher; add buckets"


def by_service(samples: list[Sample]) -> dict[str, float]:
    """Return the values by service."""
    return {sample.labels.get("service", ""): sample.value for sample in samples}


def known_services(samples: list[Sample]) -> set[tuple[str, str]]:
    """Return the services that have counters, as (service, family)."""
    return {(sample.labels.get("service", ""), sample.labels.get("family", "")) for sample in samples}
