"""Draws a rehearsal as text: load against capacity, and below it the replicas with a mark at each decision."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import plotext  # type: ignore[import-untyped]

from autoscaler.core.model import Direction
from autoscaler.rehearse.charts.timeline import (
    Point,
    TimeAxis,
    highest,
    plain,
    service_names,
    stepped,
    stretches,
    time_axis,
)
from autoscaler.rehearse.run import Run

_LEAST_WIDTH, _LEAST_HEIGHT = 40, 16
_FRAME_ROWS = 3  # of a panel: two borders and the labels of the time axis
_TICK_COLUMNS = 14  # the widest label on the time axis, with a gap
_BLOCKS = "hd"  # the library's name for four points in one character
_MARKS = {Direction.UP: "▲", Direction.DOWN: "▼"}
_SIGNS = (("•", "blue+"), ("+", "orange+"))  # of the first run and of the second, in both panels
_TOPS = (1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8)  # each has a short half


@dataclass(slots=True)
class _Line:
    points: Sequence[Point]
    marker: str
    color: str | None
    joined: bool = True
    filled: bool = False


@dataclass(slots=True)
class _Panel:
    words: list[tuple[str, str | None]]  # the legend above it, each part with its colour
    top: float
    bottom: float = 0.0
    lines: list[_Line] = field(default_factory=list)
    ticks: list[tuple[float, str]] = field(default_factory=list)


def terminal_chart(runs: Sequence[Run], *, width: int, height: int, color: bool) -> str:
    """Return two panels of text that together fill `width` and `height`, at least 40 by 16.

    The load is that of the first run: policies are compared under the same load. Without `color` the text has no
    escape codes; the lines differ by their characters.
    """
    width, height = max(width, _LEAST_WIDTH), max(height, _LEAST_HEIGHT)
    axis = time_axis(runs, width // _TICK_COLUMNS)
    rows = height - 3  # two legends and the title of the time axis
    sizes = ((width, rows // 2), (width, rows - rows // 2))
    panels = (_load(runs, axis, width), _replicas(runs, axis, width, sizes[1][1] - _FRAME_ROWS))
    margin = max(len(label) for panel in panels for _, label in panel.ticks)
    drawn = (_draw(panel, axis, size, margin, color=color) for panel, size in zip(panels, sizes, strict=True))
    return "\n".join((*drawn, axis.title.center(width).rstrip()))


def _load(runs: Sequence[Run], axis: TimeAxis, columns: int) -> _Panel:
    peak = highest(runs[:1], lambda sample: sample.load)
    words = [(f"{service_names(runs)}: requests/s", None), (_load_words(runs, peak), "gray")]
    panel = _Panel(words, _round_up(highest(runs, lambda sample: sample.load, lambda sample: sample.capacity) or 1))
    for run in runs[:1]:
        parts = stretches(run, lambda sample: sample.load, axis, columns)
        panel.lines += [_Line(part, _BLOCKS, "gray", filled=True) for part in parts]
    for run, (sign, shade) in zip(runs, _SIGNS, strict=False):
        parts = stretches(run, lambda sample: sample.capacity, axis, columns)
        panel.lines += [_Line(stepped(part), sign, shade) for part in parts]
        panel.words += [(f"{sign} capacity", shade)] if parts else []
    panel.ticks = [(value, f"{value:g}") for value in (0, panel.top / 2, panel.top)]
    return panel


def _load_words(runs: Sequence[Run], peak: float | None) -> str:
    if not any(run.samples for run in runs):
        return "no samples"
    return "the load is not known" if peak is None else f"█ load (peak {peak:.4g})"


def _replicas(runs: Sequence[Run], axis: TimeAxis, columns: int, rows: int) -> _Panel:
    most = max((sample.replicas for run in runs for sample in run.samples), default=1)
    panel = _Panel([("replicas", None)], top=most + most % 2)
    panel.ticks = [(value, f"{value:g}") for value in (0, panel.top / 2, panel.top)]
    row = panel.top / max(1, rows - 1 - len(runs))
    panel.bottom = -row * len(runs)  # below the lines: a row for the decisions of each run
    for number, (run, (sign, shade)) in enumerate(zip(runs, _SIGNS, strict=False), 1):
        parts = stretches(run, lambda sample: sample.replicas, axis, columns)
        panel.lines += [_Line(stepped(part), sign, shade) for part in parts]
        panel.lines += [_marks(run, direction, -row * number, shade) for direction in _MARKS]
        panel.words.append((f"{sign} {plain(run.title)}", shade))
        panel.ticks.append((-row * number, sign))
    panel.words.append(("▲▼ decisions", None))
    return panel


def _marks(run: Run, direction: Direction, level: float, shade: str) -> _Line:
    points = [(decision.at, level) for decision in run.decisions if decision.direction is direction]
    return _Line(points, _MARKS[direction], shade, joined=False)


def _draw(panel: _Panel, axis: TimeAxis, size: tuple[int, int], margin: int, *, color: bool) -> str:
    figure = plotext.figure
    plotext.terminal.limit(False, False)  # the caller sets the size, not the terminal
    figure.clear()
    figure.theme("simple").plot_size(*size)
    figure.ruler("x").ticks([at - axis.start for at, _ in axis.ticks], [label for _, label in axis.ticks])
    figure.ruler("x").lim(0, axis.end - axis.start)
    figure.ruler("y").ticks([value for value, _ in panel.ticks], [label.rjust(margin) for _, label in panel.ticks])
    figure.ruler("y").lim(panel.bottom, panel.top)
    for line in panel.lines:
        _add(line, axis)
    text = str(figure.build().string(colorless=not color)).rstrip("\n")
    figure.clear()
    plotext.terminal.clear()
    return f"{_legend(panel, size[0], color=color)}\n{text}"


def _add(line: _Line, axis: TimeAxis) -> None:
    if not line.points:
        return
    marker = plotext.marker(line.marker, plotext.pixel(line.color))
    times, values = [at - axis.start for at, _ in line.points], [value for _, value in line.points]
    signal = plotext.figure.signal(times, values, marker=marker).lines(line.joined)
    plotext.figure.draw(signal.fillx().density("full", "fill") if line.filled else signal)


def _legend(panel: _Panel, width: int, *, color: bool) -> str:
    """Return one line; each entry gets the room that the earlier ones leave."""
    room, parts = width, []
    for words, shade in panel.words:
        text = plain(words, max(1, room - 3)) if room > len("  …") else ""
        room -= len(text) + 3
        parts.append(plotext.colorize(text, plotext.pixel(shade)).string(colorless=not color) if text else "")
    return "   ".join(part for part in parts if part)


def _round_up(number: float) -> float:
    """Return the next round number from `number` up."""
    power = 10.0 ** math.floor(math.log10(number))
    return next((top * power for top in _TOPS if top * power >= number), 10 * power)
