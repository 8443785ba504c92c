"""The readings that Prometheus would return of the simulated plant, for all sources of a policy."""

import math
from collections.abc import Mapping
from typing import assert_never

from autoscaler.core.model import Reading, ReadingKind
from autoscaler.core.policy import Policy, Query, Signal, Source, TraefikSignal
from autoscaler.formats import format_duration
from autoscaler.rehearse.simulation.latency import Answers, Histogram
from autoscaler.rehearse.simulation.plant import Simulation

_NOT_SIMULATED = Reading(ReadingKind.EMPTY, note="a query is not simulated")


class Meter:
    """Reads one policy's sources from one plant."""

    def __init__(self, policy: Policy, simulation: Simulation, max_age_seconds: float) -> None:
        self._sources = policy.sources
        self._simulation = simulation
        self._max_age_seconds = max_age_seconds
        windows = [source.window_seconds for source in self._sources.values() if is_latency(source)]
        self._histogram = Histogram(simulation.plant.scrape_seconds, max(windows)) if windows else None

    def second(self, answers: Answers, arrivals: float) -> None:
        """Record the answers of the last second."""
        if self._histogram is not None:
            self._histogram.second(answers, arrivals, self._simulation.now)

    def readings(self) -> Mapping[str, Reading]:
        """Return the present readings by name, as old as the visible scrape."""
        age_seconds = self._simulation.now - max(0, self._simulation.visible_scrape)
        if age_seconds > self._max_age_seconds:
            old, most = format_duration(age_seconds), format_duration(self._max_age_seconds)
            stale = Reading(
                ReadingKind.STALE, age_seconds=age_seconds, note=f"the sample is {old} old, more than {most}"
            )
            return dict.fromkeys(self._sources, stale)
        return {name: self._read(source, age_seconds) for name, source in self._sources.items()}

    def _read(self, source: Source, age_seconds: float) -> Reading:
        if isinstance(source, Query):
            return _NOT_SIMULATED
        value = self._value(source)
        if value is None or source.window_seconds < shortest_window(self._simulation.plant.scrape_seconds):
            window = format_duration(source.window_seconds)
            return Reading(ReadingKind.EMPTY, note=f"fewer than two samples within {window}")
        return Reading.of(0.0 if math.isnan(value) else value, age_seconds=age_seconds)  # NaN: no requests

    def _value(self, source: TraefikSignal) -> float | None:
        simulation, window_seconds = self._simulation, source.window_seconds
        match source.signal:
            case Signal.REQUESTS:
                return simulation.scraped_rate(window_seconds)
            case Signal.CONCURRENCY:
                return simulation.scraped_concurrency(window_seconds)
            case Signal.ERROR_RATIO:
                return simulation.scraped_refused_share(window_seconds)
            case Signal.SLOW_RATIO:
                return simulation.scraped_slow_share(window_seconds)
            case Signal.LATENCY:
                return self._latency(source)
            case _:
                assert_never(source.signal)

    def _latency(self, source: TraefikSignal) -> float | None:
        assert self._histogram is not None  # noqa: S101  there is one whenever a source is a latency
        return self._histogram.quantile(source.quantile or 0.0, *self._simulation.scraped_span(source.window_seconds))


def is_latency(source: Source) -> bool:
    """Return whether the source is a quantile of the latency."""
    return isinstance(source, TraefikSignal) and source.signal is Signal.LATENCY


def shortest_window(scrape_seconds: float) -> float:
    """Return the shortest window that always has two samples."""
    return 2 * scrape_seconds
