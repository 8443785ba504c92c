"""The output of `autoscaler simulate`: figures, chart, decisions and caveats of each service."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Table
from rich.text import Text

from autoscaler.cli.text.output import console, table
from autoscaler.rehearse.charts.timeline import format_change, format_time
from autoscaler.rehearse.run import Run
from autoscaler.rehearse.simulation.loads import Load

Runs = Mapping[str, Sequence[Run]]

WIDEST_CHART, CHART_HEIGHT = 160, 24
MOST_DECISIONS = 10  # printed; the page and the JSON have all
LONG_SECONDS = 100_000  # of simulated time: about 2 s of real time


def show(runs: Runs, load: Load) -> None:
    console.print(f"load: {load.words}")
    for service, of_service in runs.items():
        console.print()
        console.print(Text(service, style="bold"))
        console.print(_figures(of_service))
        console.print()
        console.print(_chart(of_service))
        console.print()
        for run in of_service:
            console.print(_decisions(run))
    console.print()
    for caveat in dict.fromkeys(caveat for of_service in runs.values() for run in of_service for caveat in run.caveats):
        console.print(f"note: {caveat}")


def _figures(runs: Sequence[Run]) -> Table:
    made = table("", *(run.title for run in runs))
    for figures in zip(*(run.figures for run in runs), strict=True):
        made.add_row(figures[0].name, *(figure.value for figure in figures))
    return made


def _chart(runs: Sequence[Run]) -> Text:
    from autoscaler.rehearse.charts.terminal import terminal_chart  # noqa: PLC0415  takes a quarter of a second

    color = console.color_system is not None and not console.no_color
    chart = terminal_chart(runs, width=min(console.width, WIDEST_CHART), height=CHART_HEIGHT, color=color)
    return Text.from_ansi(chart, no_wrap=True)


def _decisions(run: Run) -> Table | str:
    if not run.decisions:
        return f"{run.title}: changes nothing"
    made = table("time", "replicas", f"why ({run.title})")
    for decision in run.decisions[:MOST_DECISIONS]:
        made.add_row(
            format_time(decision.at).removesuffix(" since the start"), format_change(decision), decision.sentence
        )
    left = len(run.decisions) - MOST_DECISIONS
    if left > 0:
        made.add_row("...", "", f"{left} more; --html and --json have all of them")
    return made


def write(runs: Runs, writer: Callable[[Sequence[Run], Path], None], path: Path) -> list[Path]:
    """Write one file for each service, with the service in its name if there are several. Return the files.

    Raises:
        ConfigError: matplotlib is missing, or a file cannot be written.
    """
    several = len(runs) > 1
    written = []
    for service, of_service in runs.items():
        own = path.with_name(f"{path.stem}-{service}{path.suffix}") if several else path
        writer(of_service, own)
        written.append(own)
    return written


def as_json(runs: Runs, load: Load) -> dict[str, Any]:
    return {"load": load.words, "runs": [run for of_service in runs.values() for run in of_service]}


@contextmanager
def progress_bar(simulated_seconds: float) -> Iterator[Callable[[float], None]]:
    """Show a bar on a terminal for a long simulation; yield a function that takes the share that is done."""
    columns = (TextColumn("simulating"), BarColumn(), TaskProgressColumn())
    shown = simulated_seconds >= LONG_SECONDS and sys.stderr.isatty()
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not shown) as progress:
        task = progress.add_task("", total=1.0)
        yield lambda share: progress.update(task, completed=share)
