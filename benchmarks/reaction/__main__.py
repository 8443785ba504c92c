"""`make bench-reaction`: from a step of the load to the first request on a new replica; see docs/measured.md."""

import json
import os
import secrets
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.k6 import K6
from benchmarks.reaction.plan import DEFAULT, FAST, PATHS, Load, Mode, loads
from benchmarks.reaction.site import Site, events
from benchmarks.reaction.timeline import OK, NoReactionError, Notes, Step, largest_gap_seconds, step
from benchmarks.reaction.verdict import result, sentence
from deploy.lab import compose, engine
from deploy.lab.report import console
from deploy.lab.report import step as told_step
from deploy.lab.shell import LabError

LOAD = Path(__file__).with_name("load.js")
MODES = {mode.name: mode for mode in (DEFAULT, FAST)}


def main(
    steps: Annotated[int, typer.Option(help="Steps of each of the four services.")] = 3,
    seed: Annotated[int, typer.Option(help="Of the moments of the steps; 0: a new one.")] = 1,
    only: Annotated[str, typer.Option(help="default or fast; else both.")] = "",
    out: Annotated[Path, typer.Option(help="Folder of the JSON.")] = Path("build/bench"),
) -> None:
    """Step each service's load up and down, at the default intervals and at the fast ones."""
    engine.ensure()
    seed = seed or secrets.randbelow(10**6) + 1
    told: dict[str, Any] = {"seed": seed}
    for name, mode in MODES.items():
        if only in {"", name}:
            told[name] = _run(mode, steps, seed, out / "reaction" / name)
            typer.echo(sentence(name, told[name]))
    (out / "reaction.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    raise typer.Exit(0 if all(told[name]["ok"] for name in MODES if name in told) else 1)


def _run(mode: Mode, steps: int, seed: int, folder: Path) -> dict[str, Any]:
    folder.mkdir(parents=True, exist_ok=True)
    site = Site(compose.ensure(), mode, folder)
    try:
        with told_step(f"start the stack, {mode.name}"):
            site.up()
        return _measured(site, mode, loads(mode, steps, seed), folder)
    except LabError as error:
        console.print(f"error: {error}", style="red")
        raise typer.Exit(1) from error
    finally:
        site.down()


def _measured(site: Site, mode: Mode, plan: list[Load], folder: Path) -> dict[str, Any]:
    file = folder / "events.log"
    site.listen(file)
    longest = max(load.start_s + load.duration_s for load in plan)
    k6 = K6(LOAD, folder, {"PLAN": json.dumps([load.told(site.stack.gateway) for load in plan])})
    try:
        with told_step(f"{sum(load.name.startswith('step') for load in plan)} steps within {longest:.0f} s"):
            k6.wait(longest + 60)
    finally:
        k6.stop()
    found, missing = _steps(site, plan, k6, file)
    failed = sum(line["status"] != OK for line in k6.lines() if "load" in line)
    told = result(mode, found, missing, failed=failed, requests=len(k6.lines()))
    scrapes = site.scrapes()
    return {
        **told,
        "not_sent": k6.not_sent(),
        "longest_scrape_gap_s": round(largest_gap_seconds(scrapes), 2),
        "load_average": os.getloadavg(),
    }


def _steps(site: Site, plan: list[Load], k6: K6, file: Path) -> tuple[list[Step], list[str]]:
    """Return the moments of each step, and what is missing of the others."""
    lines, container_event, scrapes = k6.lines(), events(file), site.scrapes()
    found, missing = [], []
    for service in PATHS:
        own = {load.name for load in plan if load.service == service}
        requests = [line for line in lines if line.get("load") in own]
        made = [
            each for each in container_event if each["Actor"]["Attributes"].get("com.docker.compose.service") == service
        ]
        notes = Notes(requests, scrapes, site.decisions(service), made)
        for name in sorted(each for each in own if each.startswith("step")):
            try:
                found.append(step(name, notes))
            except NoReactionError as error:
                missing.append(str(error))
    return found, missing


typer.run(main)
