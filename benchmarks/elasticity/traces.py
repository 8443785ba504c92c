"""Traces: CSV files of request rates -> windows of them, each the load of every second, and what came before it."""

from __future__ import annotations

import csv
from array import array
from dataclasses import dataclass
from pathlib import Path

from autoscaler.rehearse.simulation.plant import poisson
from autoscaler.rehearse.simulation.queueing import Service, most_rate, needed

WARM_UP_SECONDS = 2 * 3600  # run by every policy, scored by none
PAST_SECONDS = 14 * 86400  # what a Prometheus may know of the time before
PAST_STEP_SECONDS = 15
LONG_PLACES = (0.35, 0.6, 0.85)  # where the windows of a long trace begin
LONG_WINDOWS = 3  # a trace of so many windows is long


@dataclass(frozen=True, slots=True)
class Trace:
    """A load, scaled so that its peak needs so many replicas. All but `past` by the second."""

    name: str
    start: float  # seconds since the file's first row
    rates: array[float]  # true rate, requests per second
    demand: array[int]  # the fewest replicas that keep the objective at that rate
    warm_up: int  # seconds at the beginning that are not scored
    past: array[float]  # rates before the start, every 15 s, oldest first


def window_places(path: Path, hours: float) -> tuple[float, ...]:
    """Return where the windows of a trace begin, as shares of it: three of a long one, the whole of a short one."""
    step, values = _rows(path)
    return LONG_PLACES if len(values) * step >= LONG_WINDOWS * hours * 3600 else (0.0,)


def read(path: Path, service: Service, *, peak_replicas: int, slow: float, place: float = 0.0, hours: float) -> Trace:
    """Read a CSV of `timestamp_s,requests_per_s`; keep the window of `hours` that begins at a share of the trace.

    A trace that is too short for several windows is kept whole.
    """
    step, values = _rows(path)
    length = round(hours * 3600 / step)
    whole = len(values) < LONG_WINDOWS * length
    first = 0 if whole else min(round(place * len(values)), len(values) - length)
    last = len(values) if whole else first + length
    warm = min(first, round(WARM_UP_SECONDS / step))
    factor = most_rate(service, peak_replicas, slow) / max(values[first:last])
    rates = _spread(values[first - warm : last], factor, round(step))
    demand = _demand(values[first - warm : last], factor, round(step), service, slow)
    kept = values[max(0, first - warm - round(PAST_SECONDS / step)) : first - warm]
    past = _spread(kept, factor, max(1, round(step / PAST_STEP_SECONDS))) if step >= PAST_STEP_SECONDS else array("d")
    return Trace(path.stem, (first - warm) * step, rates, demand, warm * round(step), past)


def check(path: Path) -> None:
    """Refuse a file that is no trace.

    Raises:
        ValueError: says which file, and what it must be.
    """
    try:
        step, values = _rows(path)
    except (KeyError, ValueError, IndexError, TypeError, csv.Error) as error:
        raise ValueError(f"{path}: must be a CSV with the columns timestamp_s,requests_per_s and numbers") from error
    if not (step > 0 and max(values) > 0 and min(values) >= 0):
        raise ValueError(f"{path}: must have rising times, no rate below 0, and some above")


def _rows(path: Path) -> tuple[float, list[float]]:
    with path.open(encoding="utf-8") as file:
        rows = [(float(row["timestamp_s"]), float(row["requests_per_s"])) for row in csv.DictReader(file)]
    return rows[1][0] - rows[0][0], [value for _, value in rows]


def _spread(values: list[float], factor: float, times: int) -> array[float]:
    return array("d", (value * factor for value in values for _ in range(times)))


def _demand(values: list[float], factor: float, times: int, service: Service, slow: float) -> array[int]:
    needs = (needed(service, value * factor, slow) for value in values)
    return array("i", (need for need in needs for _ in range(times)))


def arrivals(trace: Trace, seed: int) -> array[float]:
    """Return the requests of every second, drawn from Poisson distributions."""
    return poisson(trace.rates, seed)


def noisy_past(trace: Trace, seed: int) -> array[float]:
    """Return the past's rates as they would have been measured over 15 s."""
    counts = poisson((rate * PAST_STEP_SECONDS for rate in trace.past), seed)
    return array("d", (count / PAST_STEP_SECONDS for count in counts))
