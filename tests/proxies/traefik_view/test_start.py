"""`autoscaler traefik-view` as a process: small, and quick to start and to stop."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from deploy.lab.ports import free_ports

HEAVY = ("docker", "pydantic", "requests", "rich", "ruamel", "starlette", "structlog", "typer", "urllib3", "uvicorn")


def environment(**settings: str) -> dict[str, str]:
    return {**{name: value for name, value in os.environ.items() if not name.startswith("AUTOSCALER_")}, **settings}


def test_it_imports_no_library_beside_pythons_own(tmp_path: Path) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "autoscaler", "traefik-view"]
    wrong = environment(AUTOSCALER_TRAEFIK_VIEW_LISTEN="nonsense")
    done = subprocess.run(command, env=wrong, capture_output=True, text=True, check=False, timeout=120)
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "autoscaler" in imported
    assert imported.isdisjoint(HEAVY)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(
        "error: AUTOSCALER_TRAEFIK_VIEW_LISTEN: must be an address and a port"
    )


def test_it_starts_without_an_engine_and_ends_on_sigterm(tmp_path: Path) -> None:
    names = [f"AUTOSCALER_TRAEFIK_VIEW_{name}" for name in ("LISTEN", "CONTROL")]
    ports = {name: f"127.0.0.1:{port}" for name, port in zip(names, free_ports(2), strict=True)}
    settings = environment(**ports, AUTOSCALER_DOCKER_URL=f"unix://{tmp_path}/none.sock")
    command = [sys.executable, "-m", "autoscaler", "traefik-view"]
    with subprocess.Popen(command, env=settings, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = {process.stdout.readline().split('"')[3] for _ in range(2)}
        process.send_signal(signal.SIGTERM)
        assert '"view_stopped"' in process.stdout.read()
    assert first == {"view_started", "view_engine_failed"}
    assert process.returncode == 0
