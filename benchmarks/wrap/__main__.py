"""`make bench-wrap`: what probing a wrapped healthcheck costs the engine for each replica; see docs/measured.md."""

import json
import os
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from autoscaler.adapters.docker.engine import Engine
from benchmarks.wrap.cpu import Cpu, Meter
from benchmarks.wrap.replicas import NEWER, Replicas, interval_seconds
from benchmarks.wrap.verdict import Turn, fitted, is_ok, probe_seconds, row, sentence
from deploy.lab import engine as lab_engine
from deploy.lab import images
from deploy.lab.report import console, step
from deploy.lab.shell import LabError

SETTLE_SECONDS = 1.0


def main(
    replicas: Annotated[int, typer.Option(help="Idle replicas that are probed.")] = 10,
    turns: Annotated[int, typer.Option(help="Spans of probing at each interval.")] = 5,
    span: Annotated[float, typer.Option(help="Seconds of each span; best a multiple of all intervals.")] = 12.0,
    out: Annotated[Path, typer.Option(help="Folder of the JSON.")] = Path("build/bench"),
) -> None:
    """Let replicas idle and be probed by turns, at each interval, and compare the CPU time."""
    url = lab_engine.ensure()
    images.ensure([images.PYTHON])
    engine = Engine(url, timeout_seconds=20.0, emit=lambda _: None)
    in_use, newer = interval_seconds(engine.api_version), interval_seconds(NEWER)
    try:
        rows = _measured(engine, sorted({1.0, in_use, newer}), replicas, turns, span)
    except LabError as error:
        console.print(f"error: {error}", style="red")
        raise typer.Exit(1) from error
    each_seconds = probe_seconds(rows)
    percent_in_use, percent_newer = fitted(each_seconds, in_use), fitted(each_seconds, newer)
    ok = is_ok(percent_in_use, percent_newer)
    told = {
        "api_version": ".".join(map(str, engine.api_version)),
        "replicas": replicas,
        "seconds_each": turns * span,
        "cpu_ms_per_probe": round(1000 * each_seconds, 1),
        "in_use": {"interval_s": in_use, "percent": percent_in_use},
        "newer_engines": {"interval_s": newer, "percent": percent_newer},
        "rows": rows,
        "load_average": os.getloadavg(),
        "ok": ok,
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / "wrap.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    for each in rows:
        typer.echo(sentence(each))
    typer.echo(
        f"wrap: {'ok' if ok else 'failed'}  {1000 * each_seconds:.0f} ms a probe: {percent_in_use:.2f} % of a core for "
        f"each replica every {in_use:g} s as here, {percent_newer:.2f} % every {newer:g} s as since API 1.44"
    )
    raise typer.Exit(0 if ok else 1)


def _measured(
    engine: Engine, intervals: Sequence[float], count: int, turns: int, span_seconds: float
) -> list[dict[str, Any]]:
    sets = [Replicas(engine, seconds) for seconds in intervals]
    with ExitStack() as stack:
        for each in sets:
            stack.callback(each.remove)
        with step(f"start {len(sets)} x {count} replicas"):
            for each in sets:
                each.start(count)
        meters = [Meter.of(each.ids) for each in sets]
        with step(f"{turns} turns of {len(sets)} intervals, {span_seconds:g} s each, idle between"):
            found = _turns(sets, meters, turns, span_seconds)
    return [row(each.seconds, turns, count) for each, turns in zip(sets, found, strict=True)]


def _turns(sets: Sequence[Replicas], meters: Sequence[Meter], turns: int, span_seconds: float) -> list[list[Turn]]:
    """Let each set be probed in turn, with an idle span before and after each."""
    found: list[list[Turn]] = [[] for _ in sets]
    for _ in range(turns):
        for each, meter, done in zip(sets, meters, found, strict=True):
            before = _span(meter, span_seconds / 2)
            each.unpause()
            probed = _span(meter, span_seconds)
            if each.probes_failed():
                raise LabError(f"replicas that are probed every {each.seconds:g} s are unhealthy: docker inspect them")
            each.pause()
            after = _span(meter, span_seconds / 2)
            done.append(Turn(probed, Cpu((before.machine + after.machine) / 2, (before.engine + after.engine) / 2)))
    return found


def _span(meter: Meter, seconds: float) -> Cpu:
    """Return the CPU seconds per second of a span."""
    time.sleep(SETTLE_SECONDS)
    start, before = time.monotonic(), meter.read()
    time.sleep(seconds)
    used, took = meter.read() - before, time.monotonic() - start
    return Cpu(used.machine / took, used.engine / took)


typer.run(main)
