"""Loads for a simulation: a shape, or a CSV file, as the requests per second of every second."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from autoscaler.errors import ConfigError
from autoscaler.formats import format_duration

LONGEST_SECONDS: Final = 31 * 86400
HIGHEST_RATE: Final = 1_000_000.0


@dataclass(frozen=True, slots=True)
class Load:
    """The mean rate of arrivals, second by second."""

    words: str  # e.g. "step from 20 to 200 requests/s at 20m"
    rates: array[float]  # requests per second, by the second
    start: float | None = None  # unix seconds of the first rate; None: no particular time

    @property
    def peak(self) -> float:
        """The highest rate, requests per second."""
        return max(self.rates)


@dataclass(frozen=True, slots=True)
class Shape:
    """The parameters of a shape, in requests per second and seconds since the start."""

    base: float
    peak: float
    duration: int
    at: float  # start of the step, the rise or the first pulse
    width: float  # duration of the rise or a pulse
    period: float  # of pulses, or of the day


def _step(shape: Shape, second: int) -> float:
    return shape.peak if second >= shape.at else shape.base


def _ramp(shape: Shape, second: int) -> float:
    risen = min(max((second - shape.at) / shape.width, 0.0), 1.0)
    return shape.base + (shape.peak - shape.base) * risen


def _pulse(shape: Shape, second: int) -> float:
    since = second - shape.at
    return shape.peak if since >= 0 and since % shape.period < shape.width else shape.base


def _diurnal(shape: Shape, second: int) -> float:
    """One sine per period, with the base at its start and the peak in its middle."""
    return shape.base + (shape.peak - shape.base) * (1 - math.cos(2 * math.pi * second / shape.period)) / 2


_RATES: Mapping[str, Callable[[Shape, int], float]] = {
    "step": _step,
    "ramp": _ramp,
    "pulse": _pulse,
    "diurnal": _diurnal,
}
SHAPES: Final = tuple(_RATES)
USES: Final[Mapping[str, frozenset[str]]] = {  # of at, width and period
    "step": frozenset({"at"}),
    "ramp": frozenset({"at", "width"}),
    "pulse": frozenset({"at", "width", "period"}),
    "diurnal": frozenset({"period"}),
}


def make_shape(
    name: str,
    *,
    duration: float,
    base: float,
    peak: float,
    at: float | None = None,
    width: float | None = None,
    period: float | None = None,
) -> Shape:
    """Return a shape; `at`, `width` and `period` default to shares of the duration that show the shape."""
    widths = {"ramp": duration / 3, "pulse": duration / 24}
    periods = {"pulse": duration / 4, "diurnal": duration}
    return Shape(
        base,
        peak,
        round(duration),
        at=duration / 6 if at is None else at,
        width=widths.get(name, duration) if width is None else width,
        period=periods.get(name, duration) if period is None else period,
    )


def make_load(name: str, shape: Shape) -> Load:
    """Return the load of that shape, one of `SHAPES`.

    Raises:
        ConfigError: a number is out of range, or the duration is too short for the shape.
    """
    _check(name, shape)
    rate = _RATES[name]
    return Load(_describe(name, shape), array("d", (rate(shape, second) for second in range(shape.duration))))


def _check(name: str, shape: Shape) -> None:
    check_rate("--base", shape.base)
    check_rate("--peak", shape.peak)
    if not 60 <= shape.duration <= LONGEST_SECONDS:  # noqa: PLR2004
        raise ConfigError(f'--duration: must be between "1m" and "31d", not {format_duration(shape.duration)}')
    used = USES[name]
    if "at" in used and shape.at >= shape.duration:
        least = format_duration(shape.at)
        raise ConfigError(f"--at: must be before the end at {format_duration(shape.duration)}, not {least}")
    for option, seconds in (("width", shape.width), ("period", shape.period)):
        if option in used and seconds < 1:
            raise ConfigError(f'--{option}: must be at least "1s", not {format_duration(seconds)}')
    if {"width", "period"} <= used and shape.width >= shape.period:
        width, period = format_duration(shape.width), format_duration(shape.period)
        raise ConfigError(f"--width: must be below --period {period}, not {width}")


def check_rate(option: str, rate: float) -> None:
    """Refuse a rate that cannot be simulated.

    Raises:
        ConfigError: it is out of range, or not a number.
    """
    if not 0 <= rate <= HIGHEST_RATE:
        raise ConfigError(f"{option}: must be 0 to {HIGHEST_RATE:,.0f} requests/s, not {rate:g}")


def _describe(name: str, shape: Shape) -> str:
    at, width, period = (format_duration(seconds) for seconds in (shape.at, shape.width, shape.period))
    when = {
        "step": f"at {at}",
        "ramp": f"from {at} on, within {width}",
        "pulse": f"at {at} for {width}, every {period}",
        "diurnal": f"and back every {period}",
    }[name]
    return f"{name} from {shape.base:g} to {shape.peak:g} requests/s {when}"
