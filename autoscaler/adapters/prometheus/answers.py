"""Turns samples into readings. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import assert_never

from autoscaler.adapters.prometheus.buckets import Buckets
from autoscaler.adapters.prometheus.faults import MOST_CHARACTERS
from autoscaler.adapters.prometheus.known import NOTHING_KNOWN, Known
from autoscaler.adapters.prometheus.promql import FAMILIES
from autoscaler.adapters.prometheus.samples import Sample
from autoscaler.adapters.prometheus.scraping import Scraping
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
class TraefikAnswers:
    """All answers for one signal: the values by service, and what is known of the services without one."""

    signal: TraefikSignal
    scraping: Scraping
    values: Mapping[str, float] = field(default_factory=dict)
    known: Known = NOTHING_KNOWN  # only needed for services without a value
    buckets: Buckets = NO_BUCKETS

    def reading(self, service: str | None) -> Reading:
        """Return the reading of that signal for one service; idle, unseen and not scraped are distinct."""
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
        fading = self.scraping.partial_note(service, self.signal.window_seconds)
        if math.isnan(value):  # a quantile or a ratio of no requests
            return self._idle(fading)
        if math.isinf(value):
            return Reading(ReadingKind.INF, note="the result is infinite")
        return self._value(value, self._note(value), fading)

    def _absent(self, service: str) -> Reading:
        family = FAMILIES[self.signal.signal]
        if (service, family) in self.known.families and self.scraping.goes_on(service):
            window = format_duration(self.signal.window_seconds)
            note = f"fewer than two samples within {window}; the window should be at least 4 x the scrape interval"
            return Reading(ReadingKind.EMPTY, note=note)
        sparse = self.scraping.sparse_note(self.signal.window_seconds)
        if family == "duration" and (service, "requests") in self.known.families:  # it never had a plain request
            return self._idle(sparse)
        entry = self.scraping.entries.get(self.signal.window_seconds)
        why = self.known.why_unseen(service, self._loaded(), entry)
        return self._idle(sparse) if why is None else Reading(ReadingKind.UNSEEN, note=why)

    def _loaded(self) -> set[str]:
        """Return the services that carry load."""
        measures_load = self.signal.signal in {Signal.REQUESTS, Signal.CONCURRENCY}
        return {
            service
            for service, value in self.values.items()
            if (value > 0.0 if measures_load else not math.isnan(value))
        }

    def _idle(self, partial: str = "") -> Reading:
        """Return 0 for no requests; a share of slow answers is empty instead: requests may have found no server."""
        match self.signal.signal:
            case Signal.SLOW_RATIO:
                return Reading(ReadingKind.EMPTY, age_seconds=self.scraping.age_seconds, note=UNANSWERED)
            case Signal.REQUESTS | Signal.CONCURRENCY | Signal.LATENCY | Signal.ERROR_RATIO:
                return self._value(0.0, IDLE, partial)
            case _:
                assert_never(self.signal.signal)

    def _value(self, value: float, note: str, partial: str) -> Reading:
        note = "; ".join(each for each in (note, partial, self.scraping.several) if each)
        return Reading.of(value, age_seconds=self.scraping.age_seconds, note=note, partial=bool(partial))

    def _note(self, value: float) -> str:
        if self.signal.threshold_seconds is not None:
            return self.buckets.slow_note(self.signal.threshold_seconds)
        highest = self.buckets.highest
        if self.signal.signal is not Signal.LATENCY or highest is None or value < highest:
            return ""
        return f"at Traefik's highest bucket, {format_duration(highest)}: the latency may be higher; add buckets"


def by_service(samples: list[Sample], label: str) -> dict[str, float]:
    """Return the values by service."""
    return {sample.labels.get(label, ""): sample.value for sample in samples}
