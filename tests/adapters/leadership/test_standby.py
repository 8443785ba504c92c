"""Two daemons as processes on one project of the real engine: one acts, the other stands by, and takes over."""

import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.lab.shell import run
from tests.daemon.test_app import Daemon
from tests.support.compose_project import SLEEP, Project

pytestmark = pytest.mark.engine

POLICY = """\
interval: 1s
prometheus: {{url: http://127.0.0.1:9, timeout: 300ms}}
services:
  web:
    target: {{compose: web, project: {project}}}
    replicas: {{min: {least}, max: 5}}
    rules: {{throughput: {{signal: requests, per_replica: 50}}}}
"""


class Pair:
    """Daemons that would keep different counts of one service: whose count is there, acts."""

    def __init__(self, project: Project, directory: Path) -> None:
        self.project = project
        self._directory = directory
        self.daemons: list[Daemon] = []

    def start(self, least: int, **variables: str) -> Daemon:
        directory = self._directory / f"daemon-{len(self.daemons)}"
        directory.mkdir()
        policy = POLICY.format(project=self.project.name, least=least)
        daemon = Daemon(directory, policy, AUTOSCALER_DOCKER_URL=self.project.engine_url, **variables)
        self.daemons.append(daemon)
        return daemon

    def volumes(self) -> list[str]:
        return run(["docker", "volume", "ls", "--quiet", "--filter", f"name={self.project.name}"], "list").split()


@pytest.fixture
def pair(project: Project, tmp_path: Path) -> Iterator[Pair]:
    project.up({"web": {**SLEEP, "stop_grace_period": "1s"}})
    (tmp_path / "daemons").mkdir()
    pair = Pair(project, tmp_path / "daemons")
    yield pair
    for daemon in pair.daemons:
        if daemon.process.poll() is None:
            daemon.process.kill()
            daemon.process.communicate()


def metric(daemon: Daemon, name: str) -> float:
    found = re.search(rf"^autoscaler_{name} (\S+)$", daemon.get_patiently("/metrics").text, re.MULTILINE)
    return float(found.group(1)) if found else 0.0


def leads(daemon: Daemon, project: Project) -> bool:
    return metric(daemon, f'leader{{project="{project.name}"}}') == 1.0


def stood_by(daemon: Daemon) -> float:
    return metric(daemon, 'evaluations_total{outcome="standby",service="web"}')


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_one_acts_and_when_it_is_gone_the_other_takes_over(pair: Pair, number: signal.Signals) -> None:
    project, first = pair.project, pair.start(2)
    until(lambda: leads(first, project) and len(project.containers()) == 2)
    second = pair.start(3)
    until(lambda: stood_by(second) >= 5)
    assert project.containers() == project.names(1, 2)
    assert not leads(second, project)
    told = second.get("/api/v1/services/web").json()
    assert told["action"] == "standby"
    assert f" leads project {project.name} since " in told["held"]
    first.process.send_signal(number)
    first.process.communicate(timeout=60)
    gone = time.monotonic()
    until(lambda: leads(second, project))
    assert time.monotonic() - gone < 60
    until(lambda: len(project.containers()) == 3)
    code, lines, _ = second.end()
    assert (code, project.containers()) == (0, project.names(1, 2, 3))
    about_it = [line for line in lines if line.get("project") == project.name]  # and no other on the engine
    said = [(line["event"], str(line.get("why", ""))) for line in about_it if line["event"] in {"leading", "standby"}]
    assert [event for event, _ in said] == ["standby", "standby", "leading", "standby"]
    assert f" leads project {project.name} since " in said[0][1]
    assert pair.volumes() == []


def test_a_dry_run_takes_no_lease(pair: Pair) -> None:
    daemon = pair.start(2, AUTOSCALER_DRY_RUN="true")
    until(lambda: metric(daemon, 'evaluations_total{outcome="dry_run",service="web"}') >= 3)
    assert pair.volumes() == []
    assert pair.project.containers() == pair.project.names(1)
