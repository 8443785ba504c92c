"""`make bench-core`: one decision of a service with three rules, every 5 s of 24 simulated hours."""

import gc
import json
import math
import random
import statistics
import time
from pathlib import Path
from typing import Annotated

import typer

from autoscaler.config.load import load
from autoscaler.config.settings import Settings
from autoscaler.core.decide import decide
from autoscaler.core.memory import Memory
from autoscaler.core.model import Observation, Reading, Replicas
from autoscaler.core.policy import OBJECTIVE, Policy
from benchmarks.core.footprint import footprint_bytes

POLICY = Path(__file__).parent / "policy.yaml"
INTERVAL_SECONDS = 5.0
START = 1_700_000_000.0


def main(
    hours: Annotated[int, typer.Option(help="Simulated hours.")] = 24,
    out: Annotated[Path, typer.Option(help="Folder of the JSON.")] = Path("build/bench"),
) -> None:
    """Time every decision, and weigh the memory at the end of every hour."""
    policy = load(POLICY, Settings(config=POLICY)).services["web"].policy
    rows = _live(policy, hours)
    result = {
        "decisions": hours * round(3600 / INTERVAL_SECONDS),
        "median_us": statistics.median(row["median_us"] for row in rows),
        "p99_us": max(row["p99_us"] for row in rows),
        "memory_kib": max(row["memory_kib"] for row in rows),
        "hours": rows,
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / "core.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    typer.echo(
        f"one decision {result['median_us']:.0f} µs in the median (first hour {rows[0]['median_us']:.0f}, "
        f"last hour {rows[-1]['median_us']:.0f}), {result['p99_us']:.0f} µs at p99 of the slowest hour; "
        f"{result['memory_kib']:.1f} KiB of memory at most"
    )


def _live(policy: Policy, hours: int) -> list[dict[str, float]]:
    memory, count, rows = Memory(), policy.min_replicas, []
    draw = random.Random(1)
    gc.disable()
    for hour in range(hours):
        took: list[float] = []
        for tick in range(round(3600 / INTERVAL_SECONDS)):
            now = START + hour * 3600 + tick * INTERVAL_SECONDS
            observation = _observation(policy, count, now, draw)
            begun = time.perf_counter()
            decision, memory = decide(policy, observation, memory, now)
            took.append(time.perf_counter() - begun)
            count = decision.desired
        rows.append(_row(hour, took, footprint_bytes(memory, shared=[policy])))
    return rows


def _observation(policy: Policy, count: int, now: float, draw: random.Random) -> Observation:
    """A day's curve with noise, and a burst now and then."""
    day = 500.0 + 400.0 * math.sin(now / 86_400 * math.tau)
    requests = day * draw.uniform(0.9, 1.1) * (2.0 if draw.random() < 0.01 else 1.0)
    busy = requests / (count * 80.0)
    values = {"throughput": requests, "p95": 0.1 + 0.3 * busy**4, "backlog": 50.0 * draw.random()}
    values |= {"throughput@burst": requests, OBJECTIVE: min(1.0, max(0.0, busy - 0.9) * 5)}
    readings = {name: Reading.of(value, age_seconds=2.0) for name, value in values.items() if name in policy.sources}
    return Observation(Replicas(count, count), readings)


def _row(hour: int, took: list[float], memory_bytes: int) -> dict[str, float]:
    return {
        "hour": hour,
        "median_us": round(statistics.median(took) * 1e6, 1),
        "p99_us": round(statistics.quantiles(took, n=100)[-1] * 1e6, 1),
        "memory_kib": round(memory_bytes / 1024, 2),
    }


typer.run(main)
