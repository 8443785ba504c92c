"""Pauses, overrides and status with a real daemon, a real engine and a real Compose project."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.lab.ports import free_ports
from tests.support.command import Done, autoscaler
from tests.support.compose_project import SLEEP, Project

pytestmark = pytest.mark.engine

TOKEN = "an-api-token-of-a-test"
POLICY = """\
interval: 1s
prometheus: {url: http://127.0.0.1:9, timeout: 300ms}
defaults:
  replicas: {min: 1, max: 4}
  rules: {load: {query: 'sum(load)', per_replica: 5}}
  when_blind: {after: 0s, do: {set: 2}}
  scale_down: {stabilization_window: 0s}
services:
  web: {}
  api: {replicas: {min: 1, max: 1}, when_blind: {do: hold}}
"""


class Running:
    """`autoscaler run` on a Compose project; `again` is the same after its death."""

    def __init__(self, project: Project, state: Path) -> None:
        self.project, self.state = project, state
        (port,) = free_ports(1)
        file = project.directory / "policy.yaml"
        file.write_text(POLICY, encoding="utf-8")
        token = project.directory / "token"
        token.write_text(f"{TOKEN}\n", encoding="utf-8")
        self.variables = {
            "AUTOSCALER_CONFIG": str(file),
            "AUTOSCALER_COMPOSE_PROJECT": project.name,
            "AUTOSCALER_DOCKER_URL": project.engine_url,
            "AUTOSCALER_LISTEN": f"127.0.0.1:{port}",
            "AUTOSCALER_API_TOKEN_FILE": str(token),
            "AUTOSCALER_STATE_DIR": str(state),
        }
        self.url = f"http://127.0.0.1:{port}"
        self.start()

    def start(self) -> None:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AUTOSCALER_")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "autoscaler", "run"],
            env={**inherited, **self.variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def kill(self) -> list[dict[str, Any]]:
        """End it without any warning; return its log."""
        self.process.send_signal(signal.SIGKILL)
        output, _ = self.process.communicate(timeout=30)
        return [json.loads(line) for line in output.splitlines() if line.startswith("{")]

    def end(self) -> None:
        """End it in order."""
        self.process.terminate()
        self.process.communicate(timeout=60)

    def listening(self) -> None:
        """Wait until it answers, whatever it says."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                httpx.get(f"{self.url}/healthz", timeout=5, trust_env=False)
            except httpx.TransportError:
                assert self.process.poll() is None, self.process.communicate()
                time.sleep(0.05)
            else:
                return
        pytest.fail("nothing listens within 60 s")

    def service(self, name: str = "web") -> dict[str, Any]:
        found: dict[str, Any] = httpx.get(f"{self.url}/api/v1/services/{name}", timeout=5, trust_env=False).json()
        return found

    def until(self, what: str, true: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """Wait until that is so of the service's status."""
        deadline, found = time.monotonic() + 90, dict[str, Any]()
        while time.monotonic() < deadline:
            try:
                found = self.service()
                if found.get("decision") and true(found):
                    return found
            except httpx.TransportError:
                assert self.process.poll() is None, self.process.communicate()
            time.sleep(0.1)
        pytest.fail(f"not within 90 s: {what}; last {json.dumps(found)[:2000]}")

    def count(self) -> int:
        return len(self.project.containers())

    def run(self, *arguments: str) -> Done:
        return autoscaler(*arguments, **self.variables)


@pytest.fixture
def daemon(project: Project, tmp_path: Path) -> Iterator[Running]:
    project.up({"web": SLEEP, "api": SLEEP})
    running = Running(project, tmp_path / "state")
    running.until("two replicas, as when blind", lambda told: told["decision"]["replicas"]["ready"] == 2)
    yield running
    if running.process.poll() is None:
        running.kill()


def reason(told: dict[str, Any]) -> str:
    return str(told["decision"]["reason"])


def test_an_override_is_carried_out_survives_a_restart_and_ends_by_itself(daemon: Running) -> None:
    done = daemon.run("scale", "web", "4", "--for", "25s")
    assert (done.returncode, done.stderr) == (0, "")
    assert "web      2 → 4" in done.stdout
    assert daemon.count() == 4
    assert reason(daemon.service()) == "override"
    daemon.kill()
    daemon.start()
    again = daemon.until("decisions go on", lambda told: told["decision"]["replicas"]["ready"] == 4)
    assert (reason(again), again["intervention"]["override"]["replicas"]) == ("override", 4)
    after = daemon.until("the rules go on", lambda told: told["decision"]["replicas"]["ready"] == 2)
    assert (after["intervention"]["override"], reason(after) != "override") == (None, True)
    events = [line["event"] for line in daemon.kill()]
    assert "override.restored" in events
    assert "override.ended" in events


@pytest.mark.parametrize("end", [Running.end, Running.kill], ids=["in order", "killed, so that it still leads"])
def test_a_daemon_that_has_just_started_is_waited_for_until_it_acts(
    daemon: Running, end: Callable[[Running], object]
) -> None:
    end(daemon)
    daemon.start()
    daemon.listening()
    done = daemon.run("scale", "web", "3")
    assert (done.returncode, daemon.count()) == (0, 3), done.stdout
    assert {line.partition(": web: ")[0] for line in done.stderr.splitlines()} <= {"waiting"}


def test_a_pause_holds_everything_back_until_it_is_resumed(daemon: Running) -> None:
    assert daemon.run("pause", "all", "--for", "1h").returncode == 0
    daemon.project.scale(4)
    told = daemon.until("the pause holds", lambda told: told["action"] == "paused")
    assert (told["decision"]["replicas"]["current"], told["decision"]["desired"]) == (4, 2)
    assert told["held"].startswith("paused by an operator until ")
    words = " ".join(daemon.run("status").stdout.split())
    assert "held: paused by an operator until" in words
    assert "api 1 1-1" in words
    assert "not carried out: paused" in daemon.run("explain", "web").stdout
    daemon.kill()
    daemon.start()
    daemon.until("the pause holds after a restart, too", lambda told: told["action"] == "paused")
    assert daemon.count() == 4
    assert daemon.run("resume", "all").returncode == 0
    daemon.until("the rules go on", lambda _: daemon.count() == 2)


def test_scale_all_tells_of_the_service_that_its_bounds_keep_from_it(daemon: Running) -> None:
    done = daemon.run("scale", "all", "3")
    assert done.returncode == 1
    words = " ".join(done.stdout.split())
    assert "api: 3 is outside replicas 1 to 1 of its policy" in words
    assert "web 2 → 3" in words
    assert daemon.count() == 3


def test_what_operators_say_is_in_the_metrics(daemon: Running) -> None:
    daemon.run("scale", "web", "3", "--no-wait")
    daemon.run("pause", "api")
    metrics = httpx.get(f"{daemon.url}/metrics", timeout=5, trust_env=False).text
    assert 'autoscaler_override_replicas{service="web"} 3.0' in metrics
    assert 'autoscaler_paused{service="api"} 1.0' in metrics
    assert "autoscaler_state_failed 0.0" in metrics
