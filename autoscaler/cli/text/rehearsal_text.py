"""What the output of `autoscaler simulate` and of `autoscaler backtest` have in common, and their files."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn
from rich.table import Table
from rich.text import Text

from autoscaler.cli.text.output import VisibleConsole, console, table
from autoscaler.core.model import Decision
from autoscaler.rehearse.charts.timeline import format_change, format_time
from autoscaler.rehearse.run import ReportProgress, Run

WIDEST_CHART, CHART_HEIGHT = 160, 24


def show_service(service: str, figures: Table, runs: Sequence[Run]) -> None:
    """Print the name, the figures and the chart of a service."""
    from autoscaler.rehearse.charts.terminal import terminal_chart  # noqa: PLC0415  takes a quarter of a second

    color = console.color_system is not None and not console.no_color
    chart = terminal_chart(runs, width=min(console.width, WIDEST_CHART), height=CHART_HEIGHT, color=color)
    console.print()
    console.print(Text(service, style="bold"))
    console.print(figures)
    console.print()
    console.print(Text.from_ansi(chart, no_wrap=True))
    console.print()


def show_caveats(runs: Iterable[Run]) -> None:
    """Print the caveats of all runs, each once."""
    for caveat in dict.fromkeys(caveat for run in runs for caveat in run.caveats):
        console.print(f"note: {caveat}")


def decisions_table(
    run: Run, first: Sequence[Decision], left: int, last: Sequence[Decision], *, elsewhere: str
) -> Table | str:
    """Return the first and the last decisions, and how many are `left` out between them; `elsewhere` lists those."""
    if not run.decisions:
        return f"{run.title}: changes nothing"
    made = table("time", "replicas", f"why ({run.title})")
    for decision in first:
        made.add_row(*_row(decision))
    if left:
        made.add_row("...", "", f"{left} more; {elsewhere}")
    for decision in last:
        made.add_row(*_row(decision))
    return made


def _row(decision: Decision) -> tuple[str, str, str]:
    return format_time(decision.at).removesuffix(" since the start"), format_change(decision), decision.sentence


def write(
    runs: Mapping[str, Sequence[Run]], writer: Callable[[Sequence[Run], Path], None], path: Path | None
) -> list[Path]:
    """Write one file for each service, with the service in its name if there are several. Return the files.

    Raises:
        ConfigError: matplotlib is missing, or a file cannot be written.
    """
    if path is None:
        return []
    written = []
    for service, of_service in runs.items():
        own = path.with_name(f"{path.stem}-{service}{path.suffix}") if len(runs) > 1 else path
        writer(of_service, own)
        written.append(own)
    return written


@contextmanager
def progress_bars(*, shown: bool = True) -> Iterator[ReportProgress]:
    """Show a bar for each step, on a terminal; yield a function that takes the share of a step that is done."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn())
    hidden = not (shown and sys.stderr.isatty())
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=VisibleConsole(stderr=True), transient=True, disable=hidden) as progress:

        def report_progress(what: str, share: float) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=1.0)
            progress.update(tasks[what], completed=share)

        yield report_progress
