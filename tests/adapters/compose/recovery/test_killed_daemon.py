"""A daemon that is killed again and again, as a process: what it leaves out of service is back soon after the last."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autoscaler.adapters.compose.healthcheck import MARKER
from autoscaler.adapters.docker.engine import Engine
from autoscaler.ports.observers import discard
from deploy.lab.shell import LabError, run
from tests.adapters.compose.clone.test_overlap import wait_until
from tests.daemon.test_app import Daemon
from tests.support.compose_project import SLEEP, Project
from tests.support.crashing import Point, trapping

pytestmark = [pytest.mark.engine, pytest.mark.slow]

POLICY = """\
interval: 1s
prometheus: {{url: http://127.0.0.1:9, timeout: 300ms}}
services:
  web:
    target: {{compose: web, project: {project}}}
    replicas: {{min: {count}, max: {count}}}
    rules: {{throughput: {{signal: requests, per_replica: 50}}}}
"""
WEB: dict[str, Any] = {
    **SLEEP,
    "stop_grace_period": "1s",
    "healthcheck": {"test": ["CMD", "true"], "interval": "2s", "retries": 1},
}
KILLS, LIFE_SECONDS = 3, 8.0
OUT_OF_SERVICE_SECONDS = 20.0
SLACK_SECONDS = 10.0  # of a busy machine


class Lives:
    """Daemons one after another on one project, each with its own count of replicas."""

    def __init__(self, project: Project, directory: Path) -> None:
        self.project = project
        self._directory = directory
        self._daemon: Daemon | None = None

    def begin(self, count: int, url: str | None = None) -> None:
        directory = Path(self._directory, f"{time.monotonic_ns()}")
        directory.mkdir()
        policy = POLICY.format(project=self.project.name, count=count)
        self._daemon = Daemon(directory, policy, AUTOSCALER_DOCKER_URL=url or self.project.engine_url)

    def kill(self) -> None:
        if self._daemon is not None:
            self._daemon.process.kill()
            self._daemon.process.communicate()
            self._daemon = None

    def die_again_and_again(self, count: int) -> float:
        """Kill it and begin anew, three times, before it leads; return when it was killed last (monotonic seconds)."""
        killed_at = 0.0
        for _ in range(KILLS):
            self.kill()
            killed_at = time.monotonic()
            self.begin(count)
            time.sleep(LIFE_SECONDS)
        return killed_at

    def ready(self) -> int:
        return sum(self._health(name) == "healthy" for name in self.project.containers())

    def marked(self) -> bool:
        return any(self._is_marked(name) for name in self.project.containers())

    def _health(self, name: str) -> str:
        try:
            return run(["docker", "inspect", "--format", "{{.State.Health.Status}}", name], "inspect").strip()
        except LabError:
            return "gone"

    def _is_marked(self, name: str) -> bool:
        try:
            run(["docker", "exec", name, "test", "-e", MARKER], "look for the marker")
        except LabError:
            return False
        return True


@pytest.fixture
def lives(project: Project, tmp_path: Path) -> Iterator[Lives]:
    project.up({"web": WEB})
    lives = Lives(project, tmp_path)
    yield lives
    lives.kill()


def test_a_replica_whose_drain_was_interrupted_serves_again_soon_after_the_last_kill(lives: Lives) -> None:
    lives.begin(3)
    wait_until(lambda: lives.ready() == 3)
    lives.kill()
    lives.begin(2)
    wait_until(lives.marked)
    killed_at = lives.die_again_and_again(3)
    wait_until(lambda: lives.ready() == 3)
    assert time.monotonic() - killed_at < OUT_OF_SERVICE_SECONDS + SLACK_SECONDS


def test_a_clone_that_was_never_started_is_gone_soon_after_the_last_kill(lives: Lives) -> None:
    project = lives.project
    version = ".".join(map(str, Engine(project.engine_url, timeout_seconds=20.0, emit=discard).api_version))
    with trapping(project.engine_url, Point(f"POST /v{version}/containers/ID/start", 1, after=False)) as trap:
        lives.begin(2, trap.url)
        assert trap.sprung.wait(60)
        lives.kill()
    assert project.containers() == project.names(1, 2)
    killed_at = lives.die_again_and_again(1)
    wait_until(lambda: project.containers() == project.names(1))
    assert time.monotonic() - killed_at < OUT_OF_SERVICE_SECONDS + SLACK_SECONDS
