"""The output of `autoscaler backtest`: figures, chart, decisions and caveats of each service; and its JSON."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn
from rich.table import Table
from rich.text import Text

from autoscaler.cli.text.output import console, table
from autoscaler.cli.text.simulate_text import CHART_HEIGHT, WIDEST_CHART
from autoscaler.core.model import Decision
from autoscaler.errors import ConfigError
from autoscaler.formats import format_duration
from autoscaler.rehearse.backtest.outcome import BacktestOutcome
from autoscaler.rehearse.backtest.runner import ReplayOptions, ReportProgress
from autoscaler.rehearse.backtest.summary import compare, format_span
from autoscaler.rehearse.charts.timeline import format_change, format_time
from autoscaler.rehearse.run import Run

Outcomes = Mapping[str, Sequence[BacktestOutcome]]

MOST_BLIND = 5


def show(outcomes: Outcomes, options: ReplayOptions, most: int | None) -> None:
    """Print everything, service by service; of the changes the first and the last `most`, or all."""
    span = options.span
    end = span.instants[-1]
    step = format_duration(span.step_seconds)
    console.print(f"replayed: {format_time(span.start)} to {format_time(end)}, a decision every {step}")
    for service, of_service in outcomes.items():
        console.print()
        console.print(Text(service, style="bold"))
        console.print(_figures(of_service))
        console.print()
        console.print(_chart(of_service))
        console.print()
        _show_blind(of_service)
        for outcome in of_service:
            console.print(_decisions(outcome.run, most))
            console.print()
        for caveat in dict.fromkeys(caveat for outcome in of_service for caveat in outcome.run.caveats):
            console.print(f"note: {caveat}")


def _figures(outcomes: Sequence[BacktestOutcome]) -> Table:
    titles = [outcome.run.title for outcome in outcomes]
    if len(outcomes) == 1:
        made = table("", *titles)
        for line in outcomes[0].lines:
            made.add_row(line.name, line.value)
        return made
    made = table("", *titles, "difference")
    for row in compare(outcomes[0].lines, outcomes[1].lines):
        made.add_row(*row)
    return made


def _chart(outcomes: Sequence[BacktestOutcome]) -> Text:
    from autoscaler.rehearse.charts.terminal import terminal_chart  # noqa: PLC0415  takes a quarter of a second

    width = min(console.width, WIDEST_CHART)
    color = console.color_system is not None and not console.no_color
    chart = terminal_chart([outcome.run for outcome in outcomes], width=width, height=CHART_HEIGHT, color=color)
    return Text.from_ansi(chart, no_wrap=True)


def _show_blind(outcomes: Sequence[BacktestOutcome]) -> None:
    """Print the blind periods, each once: policies with the same signals are blind at the same time."""
    found = dict.fromkeys(period for outcome in outcomes for period in outcome.totals.blind)
    periods = sorted(found, key=lambda period: period.start)
    for period in periods[:MOST_BLIND]:
        since, length = format_time(period.start), format_span(period.seconds)
        console.print(f"blind from {since} for {length}: {period.missing}")
    if len(periods) > MOST_BLIND:
        console.print(f"{len(periods) - MOST_BLIND} more blind periods; --json has all of them")


def _decisions(run: Run, most: int | None) -> Table | str:
    if not run.decisions:
        return f"{run.title}: changes nothing"
    made = table("time", "replicas", f"why ({run.title})")
    first, left, last = cut(run.decisions, most)
    for decision in first:
        made.add_row(*_row(decision))
    if left:
        made.add_row("...", "", f"{left} more; --decisions all lists them")
    for decision in last:
        made.add_row(*_row(decision))
    return made


def cut(decisions: Sequence[Decision], most: int | None) -> tuple[Sequence[Decision], int, Sequence[Decision]]:
    """Return the first `most` decisions, how many are left out, and the last `most`; all are first without `most`."""
    if most is None or len(decisions) <= 2 * most:
        return decisions, 0, ()
    left = len(decisions) - 2 * most
    return decisions[:most], left, decisions[most + left :]


def _row(decision: Decision) -> tuple[str, str, str]:
    return format_time(decision.at), format_change(decision), decision.sentence


def as_json(outcomes: Outcomes, options: ReplayOptions) -> dict[str, Any]:
    """Return everything as JSON; times are unix seconds."""
    span = options.span
    return {
        "since": span.start,
        "until": span.end,
        "step_seconds": span.step_seconds,
        "start_delay_seconds": options.start_delay_seconds,
        "runs": [_plain_run(outcome) for of_service in outcomes.values() for outcome in of_service],
    }


def _plain_run(outcome: BacktestOutcome) -> dict[str, Any]:
    run = outcome.run
    return {
        "title": run.title,
        "service": run.service,
        "totals": outcome.totals,
        "figures": run.figures,
        "decisions": run.decisions,
        "caveats": run.caveats,
    }


def listed(text: str) -> int | None:
    """Return how many of the first and of the last decisions are listed; None: all.

    Raises:
        ConfigError: neither a number nor `all`.
    """
    if text == "all":
        return None
    if not text.isdecimal():
        raise ConfigError(f"--decisions: must be a number or all, not {text!r}")
    return int(text)


@contextmanager
def progress_bars() -> Iterator[ReportProgress]:
    """Show a bar for each step, on a terminal; yield a function that takes the share of a step that is done."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    shown = sys.stderr.isatty()
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not shown) as progress:

        def report_progress(what: str, share: float) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=1.0)
            progress.update(tasks[what], completed=share)

        yield report_progress
