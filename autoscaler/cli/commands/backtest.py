"""`autoscaler backtest`: the decisions that policies would have made, over the past that Prometheus knows."""

import time
from pathlib import Path

import typer

from autoscaler.cli.options import JSON_OPTION, seconds

ANSWER_SECONDS = 30.0  # of a past that may be long


def backtest(
    file: Path | None = typer.Argument(None, help="The policy file; default: AUTOSCALER_CONFIG."),
    *,
    since: str = typer.Option(..., help="How long ago to begin, such as 7d, or a UTC time, such as 2026-02-28T17:00."),
    until: str | None = typer.Option(None, help="How long ago to end, or a time; default: now."),
    service: list[str] | None = typer.Option(None, help="A service of the file, repeatable; default: all."),
    against: Path | None = typer.Option(None, help="Another policy file, over the same past side by side."),
    step: float | None = typer.Option(None, parser=seconds, help="Time between decisions; default: the interval."),
    start_delay: float = typer.Option("20s", parser=seconds, help="Until a new replica is ready."),
    decisions: str = typer.Option("5", help="How many of the first and of the last changes to print, or `all`."),
    png: Path | None = typer.Option(None, help="Write a picture; of several services, one each."),
    html: Path | None = typer.Option(None, help="Write a page that needs nothing else, with every decision and why."),
    json: bool = JSON_OPTION,
) -> None:
    """Replay the policies over the past, from Prometheus alone: needs no Docker, and changes nothing.

    Example: autoscaler backtest policy.yaml --since 7d --against other.yaml --html backtest.html
    """
    from autoscaler.cli.rehearsed import load_configs
    from autoscaler.cli.text.backtest_text import as_json, listed, show
    from autoscaler.cli.text.output import console, print_json
    from autoscaler.cli.text.rehearsal_text import progress_bars, write
    from autoscaler.config.settings import load_settings
    from autoscaler.ports.observers import discard
    from autoscaler.rehearse.backtest.runner import ReplayOptions, backtest_services
    from autoscaler.rehearse.backtest.span import choose_span
    from autoscaler.rehearse.charts.picture import check_places, write_html, write_png
    from autoscaler.rehearse.simulation.runner import choose_services
    from autoscaler.wiring import make_catalog, make_history

    check_places(png, html)
    now, settings, most = time.time(), load_settings(), listed(decisions)
    configs = load_configs(settings, file, against)
    names, config = choose_services(configs, service or ()), configs[0].config
    span = choose_span(since, until, step, interval_seconds=config.interval_seconds, now=now)
    history = make_history(settings, config, discard, timeout_seconds=ANSWER_SECONDS)
    catalog = make_catalog(settings, config, discard, timeout_seconds=ANSWER_SECONDS)
    options = ReplayOptions(span, start_delay, now)
    with progress_bars() as report_progress:
        outcomes = backtest_services(history, catalog, configs, names, options, report_progress=report_progress)
    runs = {name: [outcome.run for outcome in each] for name, each in outcomes.items()}
    written = [*write(runs, write_png, png), *write(runs, write_html, html)]
    if json:
        print_json(as_json(outcomes, options))
        return
    show(outcomes, options, most)
    for path in written:
        console.print(f"written: {path}")
