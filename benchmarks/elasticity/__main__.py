"""The elasticity benchmark: `python -m benchmarks.elasticity TRACES`; see docs/elasticity.md."""

import json
import os
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track

from autoscaler.rehearse.simulation.plant import Plant
from autoscaler.rehearse.simulation.queueing import Service
from benchmarks.elasticity.frontier import Row, frontier, verdicts
from benchmarks.elasticity.harness import run
from benchmarks.elasticity.lineup import ORACLE, OURS, PEERS, Course, make, targets
from benchmarks.elasticity.report import draw, table
from benchmarks.elasticity.traces import arrivals, check, read

DEMAND_SLOW_SHARE = 0.01  # the demand curve allows so many slow answers

Job = tuple[Path, str, float, float, int, float, int, int]  # file, policy, target, start, peak, hours, stale, seed


def main(
    traces: Annotated[Path, typer.Argument(help="Folder of CSV files: timestamp_s,requests_per_s.")],
    start: Annotated[float, typer.Option(help="Seconds from the order of a replica until it serves.")] = 20.0,
    peak: Annotated[int, typer.Option(help="Replicas that the highest load needs.")] = 24,
    hours: Annotated[float, typer.Option(help="Hours around the highest load.")] = 48.0,
    stale: Annotated[int, typer.Option(help="Scrapes that readings are late by; 0: decided right after each.")] = 1,
    seeds: Annotated[int, typer.Option(help="Runs of each setting, with other arrivals.")] = 1,
    out: Annotated[Path, typer.Option(help="Where the JSON goes; the charts go beside it.")] = Path("build/bench"),
) -> None:
    """Run every policy at every target on every trace, with the same plant, arrivals and demand."""
    files = sorted(traces.glob("*.csv"))
    if not files:
        raise typer.BadParameter(f"no .csv files in {traces}")
    for file in files:
        _refuse_if_wrong(file)
    names = [*PEERS, "ours-plain", *OURS, ORACLE]
    jobs = [
        (file, name, target, start, peak, hours, stale, seed)
        for file in files
        for seed in range(1, seeds + 1)
        for name in names
        for target in targets(name)
    ]
    rows = _run_all(jobs)
    _write(rows, out)
    Console(width=120).print(table(verdicts(rows)))


def _refuse_if_wrong(file: Path) -> None:
    try:
        check(file)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _run_all(jobs: list[Job]) -> list[Row]:
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        return list(track(pool.map(_run, jobs), total=len(jobs), description="elasticity"))


def _run(job: Job) -> Row:
    file, name, target, start, peak, hours, stale, seed = job
    course = _course(file, start, peak, hours, stale, seed)
    scores = run(make(name, target, course), course.trace, arrivals(course.trace, seed), course.plant, seed)
    return Row(course.trace.name, name, target, start, peak, seed, scores)


@cache
def _course(file: Path, start: float, peak: int, hours: float, stale: int, seed: int) -> Course:
    service = Service()
    trace = read(file, service, peak_replicas=peak, hours=hours, slow=DEMAND_SLOW_SHARE)
    plant = Plant(service=service, start_seconds=start, stale_scrapes=stale)
    return Course(trace, plant, seed)


def _write(rows: list[Row], out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    best = {
        trace: {
            name: {
                "cost_ratio": round(row.scores.cost_ratio, 4),
                "slo_violation_pct": round(row.scores.slo_violation_pct, 4),
                "adaptations_per_hour": round(row.scores.adaptations_per_hour, 3),
            }
            for name, row in names.items()
        }
        for trace, names in frontier(rows).items()
    }
    text = json.dumps({"rows": [row.flat() for row in rows], "frontier": best}, indent=1)
    (out / "elasticity.json").write_text(text + "\n", encoding="utf-8")
    draw(rows, out / "elasticity.png")


typer.run(main)
