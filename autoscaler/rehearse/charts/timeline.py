"""The parts that all charts share: the time axis, thinned series, and formats of times and changes."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby, pairwise

from autoscaler.core.model import Decision
from autoscaler.rehearse.run import Run, Sample

Point = tuple[float, float]
Value = Callable[[Sample], float | None]

MOST_MARKS = 2000  # decisions of a run that get a marker and a row
MINUTE, HOUR, DAY = 60, 3600, 86400
_UNIX = 1e9  # times above it are unix seconds, below it seconds since the start
_STEPS = (1, 2, 5, 10, 15, 30, *(m * MINUTE for m in (1, 2, 5, 10, 15, 30)), *(h * HOUR for h in (1, 2, 3, 6, 12)), DAY)


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """The common span of a chart's runs, and its labelled instants."""

    start: float
    end: float
    ticks: tuple[tuple[float, str], ...]
    title: str


def time_axis(runs: Sequence[Run], most_ticks: int) -> TimeAxis:
    """Return the axis over all samples and decisions; its length is never 0."""
    times = [entry.at for run in runs for entries in (run.samples, run.decisions) for entry in entries] or [0.0]
    start, end = min(times), max(times)
    end = end if end > start else start + MINUTE
    step = _step((end - start) / max(1, most_ticks))
    instants = [n * step for n in range(math.ceil(start / step), math.floor(end / step) + 1)]
    if start > _UNIX:
        return TimeAxis(start, end, tuple((at, _clock(at, step, end - start)) for at in instants), "time (UTC)")
    unit, name = next((u, n) for u, n in ((HOUR, "hours"), (MINUTE, "minutes"), (1, "seconds")) if step >= u or u == 1)
    return TimeAxis(start, end, tuple((at, f"{at / unit:g}") for at in instants), f"{name} since the start")


def _step(at_least: float) -> int:
    return next((step for step in _STEPS if step >= at_least), DAY * math.ceil(at_least / DAY))


def _clock(at: float, step: int, span: float) -> str:
    if step >= DAY:
        pattern = "%m-%d"
    elif span > 1.5 * DAY:
        pattern = "%m-%d %H:%M"
    else:
        pattern = "%H:%M" if step >= MINUTE else "%H:%M:%S"
    return datetime.fromtimestamp(at, UTC).strftime(pattern)


def stretches(run: Run, value: Value, axis: TimeAxis, most: int) -> list[list[Point]]:
    """Return the unbroken parts of a series; a value that is None or not finite ends one.

    From more than `most` samples, the highest of each slot remains, and the last: no peak is lost.
    """
    points = [(sample.at, _finite(value(sample))) for sample in run.samples]
    if len(points) > most:
        slot = (axis.end - axis.start) / most
        slots = groupby(points, lambda point: min(most - 1, int((point[0] - axis.start) / slot)))
        tallest = [max(group, key=lambda point: -math.inf if point[1] is None else point[1]) for _, group in slots]
        points = tallest if tallest[-1] == points[-1] else [*tallest, points[-1]]
    parts = (list(group) for known, group in groupby(points, lambda point: point[1] is not None) if known)
    return [[(at, number) for at, number in part if number is not None] for part in parts]


def _finite(number: float | None) -> float | None:
    return number if number is not None and math.isfinite(number) else None


def stepped(points: Sequence[Point]) -> list[Point]:
    """Return the corners of a line that keeps each value until the next."""
    corners = [corner for (_, before), (at, after) in pairwise(points) for corner in ((at, before), (at, after))]
    return [*points[:1], *corners]


def highest(runs: Sequence[Run], *values: Value) -> float | None:
    """Return the highest of these values in all runs; None if all are unknown."""
    numbers = (_finite(value(sample)) for run in runs for value in values for sample in run.samples)
    return max((number for number in numbers if number is not None), default=None)


def format_time(at: float) -> str:
    """Return a time as date and time, or as hours, minutes and seconds since the start."""
    if at > _UNIX:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return f"{timedelta(seconds=round(at))} since the start"


def format_change(decision: Decision) -> str:
    """Return the change of a decision, such as "2 → 4"."""
    return f"{decision.replicas.count} → {decision.desired}"


def plain(text: str, most: int = 10_000) -> str:
    """Return text on one line without control characters, cut with an ellipsis if too long."""
    clean = "".join(char if char.isprintable() else " " for char in text)
    return clean if len(clean) <= most else clean[: most - 1] + "…"


def service_names(runs: Sequence[Run]) -> str:
    """Return the services of the runs, each once."""
    return ", ".join(dict.fromkeys(plain(run.service) for run in runs)) or "nothing"


def mark_id(run: int, decision: int) -> str:
    """Return the id of a decision's marker in the SVG."""
    return f"decision-{run}-{decision}"


def marks_note(runs: Sequence[Run]) -> str:
    """Return a note if there are more decisions than markers; else an empty text."""
    many = [len(run.decisions) for run in runs if len(run.decisions) > MOST_MARKS]
    return " ".join(f"Only the first {MOST_MARKS} of {count} decisions are marked." for count in many)
