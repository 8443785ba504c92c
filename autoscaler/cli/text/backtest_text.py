"""The output of `autoscaler backtest`: figures, chart, decisions and caveats of each service; and its JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from autoscaler.cli.text.output import console, table
from autoscaler.cli.text.rehearsal_text import decisions_table, show_caveats, show_service
from autoscaler.core.model import Decision
from autoscaler.errors import ConfigError
from autoscaler.formats import format_duration
from autoscaler.rehearse.backtest.outcome import BacktestOutcome
from autoscaler.rehearse.backtest.runner import ReplayOptions
from autoscaler.rehearse.backtest.summary import compare, format_span
from autoscaler.rehearse.charts.timeline import format_time

Outcomes = Mapping[str, Sequence[BacktestOutcome]]

MOST_BLIND = 5


def show(outcomes: Outcomes, options: ReplayOptions, most: int | None) -> None:
    """Print everything, service by service; of the changes the first and the last `most`, or all."""
    start, end = format_time(options.span.start), format_time(options.span.instants[-1])
    console.print(f"replayed: {start} to {end}, a decision every {format_duration(options.span.step_seconds)}")
    for service, of_service in outcomes.items():
        runs = [outcome.run for outcome in of_service]
        show_service(service, _figures(of_service), runs)
        _show_blind(of_service)
        for run in runs:
            console.print(decisions_table(run, *cut(run.decisions, most), elsewhere="--decisions all lists them"))
            console.print()
        show_caveats(runs)


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


def _show_blind(outcomes: Sequence[BacktestOutcome]) -> None:
    """Print the blind periods, each once: policies with the same signals are blind at the same time."""
    found = dict.fromkeys(period for outcome in outcomes for period in outcome.totals.blind)
    periods = sorted(found, key=lambda period: period.start)
    for period in periods[:MOST_BLIND]:
        since, length = format_time(period.start), format_span(period.seconds)
        console.print(f"blind from {since} for {length}: {period.missing}")
    if len(periods) > MOST_BLIND:
        console.print(f"{len(periods) - MOST_BLIND} more blind periods; --json has all of them")


def cut(decisions: Sequence[Decision], most: int | None) -> tuple[Sequence[Decision], int, Sequence[Decision]]:
    """Return the first `most` decisions, how many are left out, and the last `most`; all are first without `most`."""
    if most is None or len(decisions) <= 2 * most:
        return decisions, 0, ()
    left = len(decisions) - 2 * most
    return decisions[:most], left, decisions[most + left :]


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
