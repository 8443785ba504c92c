"""`make bench-start`: what it costs to start the commands that a person waits for."""

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from autoscaler.config.load import load
from autoscaler.config.settings import Settings
from benchmarks.start.daemon import answering
from benchmarks.start.imports import heaviest

MOST_CPU_SECONDS = 0.35
MODULES = 10
POLICY = Path(__file__).parents[2] / "config/autoscaler.yaml"
START = "import sys; sys.argv[0] = 'autoscaler'; from autoscaler.cli import main; main()"
COMPLETING = {"_AUTOSCALER_COMPLETE": "complete_bash"}
COMMANDS: dict[str, tuple[list[str], dict[str, str]]] = {
    "--help": (["--help"], {}),
    "status": (["status"], {}),
    "completion of a command": ([], {**COMPLETING, "COMP_WORDS": "autoscaler st", "COMP_CWORD": "1"}),
    "completion of a service": ([], {**COMPLETING, "COMP_WORDS": "autoscaler status u", "COMP_CWORD": "2"}),
}


def main(
    runs: Annotated[int, typer.Option(help="How often each command is run.", min=1)] = 15,
    out: Annotated[Path, typer.Option(help="Folder of the JSON.")] = Path("build/bench"),
) -> None:
    """Run each command in turn, again and again; exit 1 when one takes more CPU than it may."""
    services = load(POLICY, Settings(config=POLICY)).services
    with answering(service.policy for service in services.values()) as url:
        variables = {"AUTOSCALER_URL": url, "AUTOSCALER_CONFIG": str(POLICY)}
        imports = {name: heaviest(_run(name, variables, "-X", "importtime").stderr, MODULES) for name in COMMANDS}
        took = [{name: _measured(name, variables) for name in COMMANDS} for _ in range(runs)]
    result: dict[str, dict[str, Any]] = {
        name: {
            "cpu_s": round(statistics.median(turn[name][0] for turn in took), 3),
            "wall_s": round(statistics.median(turn[name][1] for turn in took), 3),
            "imports": imports[name],
        }
        for name in COMMANDS
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / "start.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    for name, each in result.items():
        typer.echo(f"{name:<25} {each['cpu_s']:.3f} s of CPU, {each['wall_s']:.3f} s")
    if any(each["cpu_s"] > MOST_CPU_SECONDS for each in result.values()):
        typer.echo(f"more than {MOST_CPU_SECONDS} s of CPU", err=True)
        raise typer.Exit(1)


def _measured(name: str, variables: dict[str, str]) -> tuple[float, float]:
    """Return the CPU and the wall time of one run in seconds."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    _run(name, variables)
    wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def _run(name: str, variables: dict[str, str], *python: str) -> subprocess.CompletedProcess[str]:
    arguments, more = COMMANDS[name]
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("AUTOSCALER_", "COVERAGE_"))}
    return subprocess.run(
        [sys.executable, *python, "-c", START, *arguments],
        env={**inherited, **variables, **more},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )


typer.run(main)
