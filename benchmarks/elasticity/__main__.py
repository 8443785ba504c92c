"""The elasticity benchmark: `python -m benchmarks.elasticity TRACES`; see docs/elasticity.md."""

import json
import os
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import track

from benchmarks.elasticity.protocol import Job, measure_window, summarize
from benchmarks.elasticity.report import draw, table
from benchmarks.elasticity.traces import check, window_places


def main(
    traces: Annotated[Path, typer.Argument(help="Folder of CSV files: timestamp_s,requests_per_s.")],
    start: Annotated[float, typer.Option(help="Seconds from the order of a replica until it serves.")] = 20.0,
    peak: Annotated[int, typer.Option(help="Replicas that the highest load of a window needs.")] = 24,
    hours: Annotated[float, typer.Option(help="Hours of a window; a long trace has three, a short one is whole.")] = 24,
    seeds: Annotated[int, typer.Option(help="Runs of each setting, with other arrivals.")] = 2,
    out: Annotated[Path, typer.Option(help="Where the JSON goes; the chart goes beside it.")] = Path("build/bench"),
) -> None:
    """Find on every window of every trace what each policy costs at 1 % of slow answers."""
    files = sorted(traces.glob("*.csv"))
    if not files:
        raise typer.BadParameter(f"no .csv files in {traces}")
    for file in files:
        _refuse_if_wrong(file)
    jobs = [Job(file, place, hours, start, peak, seeds) for file in files for place in window_places(file, hours)]
    windows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for job, window in zip(jobs, _run_all(jobs), strict=True):
        windows[job.file.stem].append(window)
    result = summarize(windows)
    out.mkdir(parents=True, exist_ok=True)
    (out / "elasticity.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    draw(result, out / "elasticity.png")
    Console(width=140).print(table(result))


def _refuse_if_wrong(file: Path) -> None:
    try:
        check(file)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _run_all(jobs: list[Job]) -> list[dict[str, Any]]:
    with ProcessPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        return list(track(pool.map(measure_window, jobs), total=len(jobs), description="elasticity"))


typer.run(main)
