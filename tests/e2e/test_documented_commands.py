"""Every command of the README is run; one that nobody has thought of here fails."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from deploy.lab.ports import free_ports
from tests.e2e.conftest import RunningStack
from tests.support.command import autoscaler
from tests.support.documents import commands, files
from tests.support.paths import ROOT

pytestmark = pytest.mark.xdist_group("another stack")

README = commands("README.md")


MADE = ("make demo", "make test")
ON_THE_STACK = (
    "autoscaler check policy.yaml",
    "autoscaler simulate policy.yaml",
    "autoscaler plan",
    "autoscaler run",
    "autoscaler explain userservice",
)


def test_every_command_of_the_readme_is_run_below() -> None:
    assert sorted(README) == sorted([*MADE, *ON_THE_STACK])


@pytest.mark.engine
@pytest.mark.slow
def test_the_demo_shows_what_the_readme_says(tmp_path: Path) -> None:
    """Run beside another copy of the stack, if there is one: each Traefik keeps to its own."""
    done = subprocess.run(
        [sys.executable, "-m", "deploy.demo"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.fullmatch(r"demo: ok  userservice 2→\d+→2 replicas, [\d,]+ requests, 0 failed, .*", done.stdout.strip())


@pytest.mark.parametrize(
    ("command", "runs"), [("make demo", "python -m deploy.demo"), ("make test", "python -m pytest")]
)
def test_make_runs_what_is_run_here(command: str, runs: str) -> None:
    """Without running it twice: the demo is run above, and the tests are these."""
    done = subprocess.run([*command.split(), "--dry-run"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, runs in done.stdout) == (0, True), done.stderr


@pytest.fixture
def variables(stack: RunningStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, str]:
    """A folder with the README's policy, and the stack."""
    (tmp_path / "policy.yaml").write_text(files("README.md")["policy.yaml"], encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    (port,) = free_ports(1)
    return {
        **stack.variables,
        "AUTOSCALER_CONFIG": "policy.yaml",
        "AUTOSCALER_LISTEN": f"127.0.0.1:{port}",
        "AUTOSCALER_DRY_RUN": "true",
    }


@pytest.mark.engine
@pytest.mark.parametrize("command", ON_THE_STACK)
def test_a_command_of_the_readme_on_the_stack(command: str, variables: Mapping[str, str]) -> None:
    _, *arguments = command.split()
    if arguments == ["run"]:
        runs(variables)
        return
    done = autoscaler(*arguments, **variables)
    assert (done.returncode, done.stderr) == (0, "")
    assert "userservice" in done.stdout


def runs(variables: Mapping[str, str]) -> None:
    """The daemon comes up, evaluates, and ends when it is told to."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AUTOSCALER_")}
    command = [sys.executable, "-m", "autoscaler", "run"]
    with subprocess.Popen(command, env={**inherited, **variables}, stdout=subprocess.DEVNULL) as daemon:
        deadline, ready = time.monotonic() + 60, 0
        while ready != 200:
            assert time.monotonic() < deadline
            assert daemon.poll() is None
            time.sleep(0.2)
            try:
                url = f"http://{variables['AUTOSCALER_LISTEN']}/readyz"
                ready = httpx.get(url, timeout=5, trust_env=False).status_code
            except httpx.TransportError:
                continue
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(60) == 0
