"""`make bench-drain`: what removing replicas costs the requests, drained and plainly stopped; see docs/measured.md."""

import json
import os
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.drain.scaling import LOW, Ours, Plain, rounds
from benchmarks.drain.site import Site
from benchmarks.drain.streams import SLOW_SECONDS, apps, streams
from benchmarks.drain.verdict import Phase, Request, Run, request, result, sentence
from benchmarks.k6 import K6
from deploy.lab import compose, engine, images
from deploy.lab.report import console, step
from deploy.lab.shell import LabError

LOAD = Path(__file__).with_name("load.js")
QUICK_RATE, SLOW_RATE = 160, 16  # requests per second
LONGEST_SECONDS = 900
WARM_UP_SECONDS = 10.0
REST_SECONDS = 3.0  # after a phase, for its last requests


def main(
    rounds_drained: Annotated[int, typer.Option("--rounds", help="Scale-outs and scale-ins of each service.")] = 3,
    rounds_stopped: Annotated[int, typer.Option(help="The same by Compose, with its plain stop.")] = 2,
    baseline: Annotated[float, typer.Option(help="Seconds without any scaling.")] = 60.0,
    out: Annotated[Path, typer.Option(help="Folder of the JSON.")] = Path("build/bench"),
) -> None:
    """Drive the same load through three phases: nothing changes, replicas are drained, replicas are stopped."""
    url = engine.ensure()
    images.ensure([images.PYTHON, images.TRAEFIK])
    site = Site(compose.ensure(), out / "drain", url.removeprefix("unix://"))
    try:
        with step("start the services"):
            site.up(LOW)
        told = measured(site, url, baseline, rounds_drained, rounds_stopped)
    except LabError as error:
        console.print(f"error: {error}", style="red")
        raise typer.Exit(1) from error
    finally:
        site.down()
    (out / "drain.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    typer.echo(sentence(told))
    raise typer.Exit(0 if told["ok"] else 1)


def measured(
    site: Site, engine_url: str, baseline_seconds: float, rounds_drained: int, rounds_stopped: int
) -> dict[str, Any]:
    """Run the three phases, and judge."""
    names = [app.name for app in apps()]
    ours, plain = Ours(site, engine_url), Plain(site)
    load = K6(LOAD, site.directory, _environment(site))
    try:
        time.sleep(WARM_UP_SECONDS)
        still = _phase("nothing changes", lambda: time.sleep(baseline_seconds))
        drained = _phase("drain", lambda: rounds(ours, names, rounds_drained, _finished))
        stopped = _phase("stop plainly", lambda: rounds(plain, names, rounds_stopped, _finished))
        busy = os.getloadavg()
    finally:
        load.stop()
    by_name = {stream.name: stream for stream in streams()}
    requests = [request(line, by_name) for line in load.lines() if "stream" in line]
    run = Run(
        baseline=still.of(requests),
        drained=drained.of(requests),
        stopped=stopped.of(requests),
        changes=ours.changes,
        stopped_changes=plain.changes,
        not_sent=load.not_sent(),
    )
    told = result(run)
    told["drains"] = Counter(ours.drains)
    told["load_average"] = busy
    told["access_log"] = _access_log(site, [each for each in run.drained if each.failed])
    return told


def _phase(what: str, act: Callable[[], None]) -> Phase:
    with step(what):
        start = time.time()
        act()
        end = time.time()
        time.sleep(SLOW_SECONDS + REST_SECONDS)
    return Phase(start, end)


def _finished(service: str) -> None:
    console.print(f"  {service} has been scaled up and down", style="dim")


def _environment(site: Site) -> dict[str, str]:
    told: dict[str, list[dict[str, object]]] = {"quick": [], "slow": []}
    for stream in streams():
        speed = "slow" if stream.app.work_seconds == SLOW_SECONDS else "quick"
        told[speed].append({"name": stream.name, "url": site.url(stream), "keep_alive": stream.keep_alive})
    rates = {"QUICK_RATE": str(QUICK_RATE), "SLOW_RATE": str(SLOW_RATE)}
    return {"STREAMS": json.dumps(told), "LONGEST": f"{LONGEST_SECONDS}s", **rates}


def _access_log(site: Site, failed: list[Request]) -> list[Any]:
    """Return what the gateways say about the requests that failed."""
    ids = {each.id for each in failed}
    lines = [
        json.loads(line) for gateway in {each.stream.gateway for each in failed} for line in site.access_log(gateway)
    ]
    return [line for line in lines if line["RequestPath"].rpartition("id=")[2] in ids]


typer.run(main)
