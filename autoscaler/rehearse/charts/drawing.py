"""Draws the chart with matplotlib, which is optional: only picture.py imports this module."""

import io
import warnings
from collections.abc import Sequence
from typing import Literal

from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from autoscaler.core.model import Direction
from autoscaler.formats import format_duration
from autoscaler.rehearse.charts.timeline import (
    MOST_MARKS,
    Point,
    TimeAxis,
    Value,
    highest,
    mark_id,
    marks_note,
    plain,
    service_names,
    stepped,
    stretches,
    time_axis,
)
from autoscaler.rehearse.run import Run

_MOST_POINTS = 3000
_MOST_TICKS = 12
_COLORS = ("#0072B2", "#D55E00")  # Okabe and Ito's blue and vermillion: distinct with any colour vision
_GREY = "#555555"
_STYLE = {"svg.fonttype": "none", "svg.hashsalt": "rehearsal", "font.size": 9, "legend.fontsize": 8}
_NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}


def draw(runs: Sequence[Run], kind: Literal["png", "svg"]) -> bytes:
    """Return the chart as PNG, 1500 points wide, or as SVG, where each decision's marker has the id of `mark_id`.

    The style is fixed, independent of the user's matplotlibrc: the same runs give the same bytes.
    """
    written = io.BytesIO()
    with style.context(["default", _STYLE]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # a name in a script that the font lacks
        _figure(runs).savefig(written, format=kind, dpi=150, metadata=_NO_METADATA if kind == "svg" else {})
    return written.getvalue()


def _figure(runs: Sequence[Run]) -> Figure:
    latency = (highest(runs, lambda sample: sample.p95_seconds) or 0.0) > 0.0
    heights = [3, 3, 2] if latency else [3, 3]
    figure = Figure(figsize=(10, 1.1 + 0.95 * sum(heights)), layout="constrained")
    panels = figure.subplots(len(heights), sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    axis = time_axis(runs, _MOST_TICKS)
    _load(panels[0], runs, axis)
    _replicas(panels[1], runs, axis)
    if latency:
        _latency(panels[2], runs, axis)
    for panel in panels:
        _finish(panel)
    panels[-1].set_xlim(axis.start, axis.end)
    panels[-1].set_xticks([at for at, _ in axis.ticks], [label for _, label in axis.ticks])
    panels[-1].set_xlabel(axis.title)
    names = " against ".join(plain(run.title, 50) for run in runs)
    figure.suptitle(f"{service_names(runs)[:60]}: {names}", fontsize=12, fontweight="bold", parse_math=False)
    return figure


def _load(panel: Axes, runs: Sequence[Run], axis: TimeAxis) -> None:
    """Draw the load of the first run only: policies are compared under the same load."""
    panel.set_ylabel("requests/s")
    parts = stretches(runs[0], lambda sample: sample.load, axis, _MOST_POINTS) if runs else []
    for part in parts:
        times, values = zip(*part, strict=True)
        panel.fill_between(times, values, color=_GREY, alpha=0.25, linewidth=0)
    _line(panel, parts, "load", color=_GREY, linewidth=0.8)
    for run, color in zip(runs, _COLORS, strict=False):
        steps = _steps(run, lambda sample: sample.capacity, axis)
        _line(panel, steps, f"ready capacity{_of(run, runs)}", color=color, linewidth=1.4)


def _replicas(panel: Axes, runs: Sequence[Run], axis: TimeAxis) -> None:
    panel.set_ylabel("replicas")
    for number, (run, color) in enumerate(zip(runs, _COLORS, strict=False)):
        asked = _steps(run, lambda sample: sample.replicas, axis)
        ready = _steps(run, lambda sample: sample.ready, axis)
        _line(panel, asked, f"requested{_of(run, runs)}", color=color, linewidth=1.4)
        _line(panel, ready, f"ready{_of(run, runs)}", color=color, linewidth=4, alpha=0.3)
        _marks(panel, run, number)
    if note := marks_note(runs):
        panel.set_xlabel(note, fontsize=8)


def _marks(panel: Axes, run: Run, number: int) -> None:
    for index, decision in enumerate(run.decisions[:MOST_MARKS]):
        marker = "^" if decision.direction is Direction.UP else "v"
        (mark,) = panel.plot(decision.at, decision.desired, marker, color=_COLORS[number], markersize=6, zorder=3)
        mark.set(gid=mark_id(number, index), markeredgecolor="white", markeredgewidth=0.6, clip_on=False)
        mark.set_label("" if number or index else "decision")


def _latency(panel: Axes, runs: Sequence[Run], axis: TimeAxis) -> None:
    """Draw p95 on a logarithmic scale, so that an overload's seconds and a calm hour's milliseconds are readable."""
    panel.set_ylabel("p95")
    panel.set_yscale("log", nonpositive="mask")
    panel.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    panel.yaxis.set_major_formatter(lambda seconds, _: f"{seconds:g} s" if seconds >= 1 else f"{seconds * 1000:g} ms")
    panel.yaxis.set_minor_locator(NullLocator())
    for run, color in zip(runs, _COLORS, strict=False):
        parts = stretches(run, lambda sample: sample.p95_seconds, axis, _MOST_POINTS)
        _line(panel, parts, f"p95{_of(run, runs)}", color=color, linewidth=0.9)
    for goal in dict.fromkeys(run.goal_seconds for run in runs if run.goal_seconds is not None):
        panel.axhline(goal, color="black", linewidth=1, linestyle="--", label=f"goal: {format_duration(goal)}")


def _steps(run: Run, value: Value, axis: TimeAxis) -> list[list[Point]]:
    return [stepped(part) for part in stretches(run, value, axis, _MOST_POINTS)]


def _line(panel: Axes, parts: Sequence[Sequence[Point]], label: str, **look: str | float) -> None:
    """Draw a line with gaps between its parts and one legend entry; a part of one point is a dot."""
    for number, part in enumerate(parts):
        times, values = zip(*part, strict=True)
        (line,) = panel.plot(times, values, label=None if number else label)
        line.set(marker="." if len(part) == 1 else "", **look)


def _of(run: Run, runs: Sequence[Run]) -> str:
    return f", {plain(run.title, 24)}" if len(runs) > 1 else ""


def _finish(panel: Axes) -> None:
    """Start the values at zero, and put the legend above the panel, where it covers no line."""
    if panel.get_yscale() == "linear":
        panel.set_ylim(bottom=0)
    panel.grid(alpha=0.3, linewidth=0.6)
    panel.spines[["top", "right"]].set_visible(False)
    if panel.get_legend_handles_labels()[0]:
        legend = panel.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=5, borderaxespad=0.2, frameon=False)
        for text in legend.get_texts():
            text.set_parse_math(False)
