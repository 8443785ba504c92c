"""`make soak MINUTES=20 SEED=1`: what survives kills and faults under load; see docs/measured.md."""

import contextlib
import json
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPException
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.k6 import K6
from benchmarks.soak.account import Log, Look, Sample, figures
from benchmarks.soak.daemons import Daemon
from benchmarks.soak.plan import DAEMONS, Fault, Kill, Plan, fault_at, plan
from benchmarks.soak.proxy import Notes
from benchmarks.soak.site import Site
from benchmarks.soak.verdict import problems, sentence
from deploy.lab import compose, engine, images
from deploy.lab.report import console, step
from deploy.lab.shell import LabError

LOAD = Path(__file__).with_name("load.js")
LOOK_SECONDS, SAMPLE_SECONDS = 0.5, 1.0
LAST_REQUESTS_SECONDS = 90.0  # at most, after the end of the load


def main(
    minutes: Annotated[float, typer.Option(min=1.0, help="How long it takes.")] = 20.0,
    seed: Annotated[int, typer.Option(help="Of all that is drawn; 0: a new one.")] = 0,
    out: Annotated[Path, typer.Option(help="Folder of the JSON.")] = Path("build/bench"),
    *,
    dry: Annotated[bool, typer.Option("--plan", help="Print the plan, and run nothing.")] = False,
) -> None:
    """Kill two daemons, and let their calls fail, while load runs through Traefik."""
    seed = seed or secrets.randbelow(10**6) + 1
    drawn = plan(seed, minutes)
    typer.echo("\n".join([f"seed {seed}, {minutes:g} minutes", *drawn.lines()]))
    if dry:
        return
    url = engine.ensure()
    images.ensure([images.PYTHON, images.TRAEFIK, images.PROMETHEUS])
    site = Site(compose.ensure(), out / "soak", url)
    try:
        with step("start the services"):
            site.up()
        log, not_sent = _noted(site, drawn, out / "soak")
    except LabError as error:
        console.print(f"error: {error}", style="red")
        raise typer.Exit(1) from error
    finally:
        site.down()
    told: dict[str, Any] = {"seed": seed, "ok": False, **figures(log, minutes), "not_sent": not_sent}
    told |= {"ok": not problems(told), "load_average": os.getloadavg(), "plan": drawn.lines()}
    (out / "soak.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    typer.echo(sentence(told))
    raise typer.Exit(0 if told["ok"] else 1)


def _noted(site: Site, drawn: Plan, directory: Path) -> tuple[Log, int]:
    """Run the soak; return what was noted, and how many requests the load did not send."""
    notes, looks, samples = Notes(), list[Look](), list[Sample]()
    started = 0.0  # before the first request, nothing fails

    def fault_of(asker: str, of: str, changes: bool) -> Fault | None:  # noqa: FBT001  as the proxies ask
        return fault_at(drawn, time.monotonic() - started, asker, of, changes=changes) if started else None

    daemons = {name: Daemon(name, site, directory, fault_of, notes) for name in DAEMONS}

    def look() -> None:
        with contextlib.suppress(OSError, HTTPException, ValueError):  # the engine is slow; the next look comes soon
            looks.append(site.look())

    def sample() -> None:
        samples.extend(found for daemon in daemons.values() if (found := daemon.sample()) is not None)

    with contextlib.ExitStack() as stack:
        for daemon in daemons.values():
            stack.enter_context(daemon.living())
        stack.enter_context(_repeating(look, LOOK_SECONDS))
        stack.enter_context(_repeating(sample, SAMPLE_SECONDS))
        waves = {name: [[wave.rate, wave.lasts_s] for wave in waves] for name, waves in drawn.waves.items()}
        load = {name: {"url": site.url(name), "waves": waves[name]} for name in waves}
        started = time.monotonic()
        k6 = K6(LOAD, directory, {"PLAN": json.dumps(load)})
        try:
            with step(f"{len(drawn.kills)} kills and {len(drawn.faults)} faults within {drawn.seconds:.0f} s"):
                _kill(drawn.kills, daemons, started)
                _sleep_until(started + drawn.seconds)
            look()
            k6.wait(LAST_REQUESTS_SECONDS)  # an end by a signal would break off what is under way
        finally:
            k6.stop()
    log = Log(
        requests=[line for line in k6.lines() if "service" in line],
        looks=looks,
        changes=notes.changes,
        claims=notes.claims,
        samples=samples,
        lives=[life for daemon in daemons.values() for life in daemon.lives()],
        kills=len(drawn.kills),
        hits=notes.hits,
    )
    return log, k6.not_sent()


def _kill(kills: tuple[Kill, ...], daemons: dict[str, Daemon], started: float) -> None:
    """Kill and start the daemons as planned; a daemon that is killed while it is down stays so."""
    deeds: list[tuple[float, str, Callable[[], None]]] = []
    for kill in kills:
        deeds.append((kill.at_s, "kill", daemons[kill.daemon].kill))
        deeds.append((kill.end_s, "start", daemons[kill.daemon].start))
    for at_s, _, act in sorted(deeds, key=lambda deed: deed[:2]):
        _sleep_until(started + at_s)
        act()


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))


@contextlib.contextmanager
def _repeating(act: Callable[[], None], seconds: float) -> Iterator[None]:
    """Act again and again in a thread of its own until the end of the block."""
    end = threading.Event()

    def run() -> None:
        while not end.wait(seconds):
            act()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


typer.run(main)
