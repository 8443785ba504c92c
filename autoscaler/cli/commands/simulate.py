"""`autoscaler simulate`: the decisions of policies on a simulated service, under a load of your choice."""

from pathlib import Path

import typer

from autoscaler.cli.options import JSON_OPTION, seconds, some_seconds, whole_seconds

DURATION = "DURATION"
LONG_SECONDS = 100_000  # of simulated time: about 2 s of real time
LOAD = "The load: step, ramp, pulse, diurnal, or a CSV file of timestamp_s,requests_per_s."


def simulate(
    file: Path | None = typer.Argument(None, help="The policy file; default: AUTOSCALER_CONFIG."),
    *,
    service: list[str] | None = typer.Option(None, help="A service of the file, repeatable; default: all."),
    against: Path | None = typer.Option(None, help="Another policy file, on the same requests side by side."),
    load: str = typer.Option("step", help=LOAD),
    duration: float | None = typer.Option(
        None, parser=seconds, metavar=DURATION, help="How long; default: 2h, or the whole CSV file."
    ),
    base: float | None = typer.Option(None, help="Requests per second at the beginning; default: 20."),
    peak: float | None = typer.Option(None, help="... and at the highest; default: 200, or as the CSV file says."),
    at: float | None = typer.Option(None, parser=seconds, metavar=DURATION, help="When step, ramp or pulses begin."),
    width: float | None = typer.Option(
        None, parser=seconds, metavar=DURATION, help="How long the ramp rises, or a pulse lasts."
    ),
    period: float | None = typer.Option(
        None, parser=seconds, metavar=DURATION, help="From pulse to pulse, or a diurnal's whole day."
    ),
    slots: int = typer.Option(4, min=1, max=1000, help="Requests that a replica serves at once."),
    service_time: float = typer.Option(
        "50ms", parser=some_seconds, metavar=DURATION, help="How long a request takes on average."
    ),
    queue_limit: float = typer.Option(
        "5s", parser=some_seconds, metavar=DURATION, help="Requests that would wait longer are refused."
    ),
    start_delay: float = typer.Option(
        "20s", parser=seconds, metavar=DURATION, help="Until a new replica is ready, +- 20 %."
    ),
    drain_delay: float = typer.Option("10s", parser=seconds, metavar=DURATION, help="Until a removed replica is gone."),
    scrape_interval: int = typer.Option(
        "5s", parser=whole_seconds, metavar=DURATION, help="How often Prometheus scrapes Traefik."
    ),
    goal: float | None = typer.Option(
        None,
        parser=some_seconds,
        metavar=DURATION,
        help="How long an answer should take at most; default: as the policy says.",
    ),
    with_queries: bool = typer.Option(False, "--with-queries", help="Keep `query` rules, without a reading."),
    seed: int = typer.Option(1, help="The same seed gives the same result."),
    png: Path | None = typer.Option(None, help="Write a picture; of several services, one each."),
    html: Path | None = typer.Option(None, help="Write a page that needs nothing else, with every decision and why."),
    json: bool = JSON_OPTION,
) -> None:
    """Simulate the policies in a closed loop; needs neither Docker nor Prometheus.

    Example: autoscaler simulate config/autoscaler.yaml --service userservice --load pulse --peak 400
    """
    from autoscaler.cli.rehearsed import load_configs, load_of
    from autoscaler.cli.text.output import console, print_json
    from autoscaler.cli.text.rehearsal_text import progress_bars, write
    from autoscaler.cli.text.simulate_text import as_json, show
    from autoscaler.config.settings import load_settings
    from autoscaler.rehearse.charts.picture import check_places, write_html, write_png
    from autoscaler.rehearse.simulation.plant import Plant
    from autoscaler.rehearse.simulation.queueing import Service
    from autoscaler.rehearse.simulation.runner import SimulationOptions, choose_services, simulate_services

    check_places(png, html)
    configs = load_configs(load_settings(), file, against)
    services = choose_services(configs, service or ())
    timing = {"at": at, "width": width, "period": period}
    arriving = load_of(load, duration=duration, base=base, peak=peak, timing=timing)
    shown = Service(slots=slots, service_seconds=service_time, queue_seconds=queue_limit)
    plant = Plant(shown, start_delay, drain_seconds=drain_delay, scrape_seconds=scrape_interval)
    options = SimulationOptions(arriving, plant, seed, goal, with_queries)
    simulated_seconds = len(arriving.rates) * len(services) * len(configs)
    with progress_bars(shown=simulated_seconds >= LONG_SECONDS) as report_progress:
        runs = simulate_services(configs, services, options, lambda share: report_progress("simulating", share))
    written = [*write(runs, write_png, png), *write(runs, write_html, html)]
    if json:
        print_json(as_json(runs, arriving))
        return
    show(runs, arriving)
    for path in written:
        console.print(f"written: {path}")
