"""The real engine: calls of one service that overlap make no replica twice, and undo nothing of each other."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from autoscaler.adapters.compose.target import ComposeTarget
from autoscaler.config.compose_options import Drain
from autoscaler.control.operations import Operations
from autoscaler.core.decide import decide
from autoscaler.core.memory import Memory
from autoscaler.core.model import Decision
from autoscaler.errors import ScaleFailed
from autoscaler.events import Action, OperationFinished, ReplicaChanged
from autoscaler.ports.order import Order
from deploy.demo.ownership import changes
from deploy.lab.shell import run
from tests.support.builders import NOW, policy, seen
from tests.support.compose_project import SLEEP, Project

pytestmark = pytest.mark.engine

GATED: dict[str, Any] = {
    **SLEEP,
    "volumes": ["shared:/shared"],
    "healthcheck": {"test": ["CMD", "test", "-e", "/shared/open"], "interval": "1s", "retries": 600},
}


@dataclass
class Gated:
    """A service with one healthy replica; those that come later are starting until the gate is opened."""

    project: Project
    target: ComposeTarget
    pool: ThreadPoolExecutor

    def scale(self, replicas: int) -> Future[int]:
        """Begin a call, and wait until the engine has as many containers."""
        call = self.pool.submit(self.project.scale, replicas, target=self.target)
        self.until(replicas)
        return call

    def until(self, containers: int) -> None:
        wait_until(lambda: len(self.project.containers()) == containers)

    def open(self) -> None:
        self.project.run("exec", "web", "touch", "/shared/open")


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 90
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture(scope="session")
def drain() -> Drain:
    return Drain(enabled=False)


@pytest.fixture
def gated(project: Project) -> Iterator[Gated]:
    project.write({"web": GATED}, volumes={"shared": None})
    project.run("up", "--detach")
    project.run("exec", "web", "touch", "/shared/open")
    project.run("up", "--detach", "--wait")
    project.run("exec", "web", "rm", "/shared/open")
    with ThreadPoolExecutor() as pool:
        yield Gated(project, project.target(), pool)


def test_a_load_that_grows_while_a_replica_starts_is_followed_at_once(gated: Gated) -> None:
    project, recorder = gated.project, gated.project.recorder
    operations = Operations(gated.target, recorder.notify, at_once=1)
    assert operations.begin(project.state(), wish(1, 100.0)) is Action.SCALED
    gated.until(2)
    assert operations.begin(project.state(), wish(2, 200.0)) is Action.SCALED
    gated.until(4)
    assert recorder.of(ReplicaChanged) == []
    assert operations.requested("userservice") == 4
    gated.open()
    wait_until(lambda: len(recorder.of(OperationFinished)) == 2)
    told = [(each.before, each.after, each.error) for each in recorder.of(OperationFinished)]
    assert sorted(told) == [(1, 2, None), (2, 4, None)]
    assert sorted(each.replica for each in recorder.of(ReplicaChanged)) == project.names(2, 3, 4)
    assert project.containers() == project.names(1, 2, 3, 4)
    assert changes(project.run("up", "--detach", "--dry-run", "--scale", "web=4"), "web") == []


def test_calls_at_the_same_moment_make_no_replica_twice(gated: Gated) -> None:
    calls = [gated.pool.submit(gated.project.scale, count, target=gated.target) for count in (4, 4, 4)]
    gated.until(4)
    gated.open()
    assert [call.result(120) for call in calls] == [4, 4, 4]
    assert gated.project.containers() == gated.project.names(1, 2, 3, 4)


def test_a_call_that_was_to_add_removes_nothing_where_somebody_else_has_added_more_since(project: Project) -> None:
    project.up({"web": {**SLEEP, "scale": 3}})
    order = Order(2, emit=project.recorder.notify, pause=lambda _: False, only_adds=True)
    assert project.target().scale(project.ref(), order) == 3
    assert project.containers() == project.names(1, 2, 3)


def test_a_first_call_that_fails_undoes_nothing_of_the_second(gated: Gated) -> None:
    first, second = gated.scale(2), gated.scale(4)
    run(["docker", "stop", "--time", "1", *gated.project.names(2)], "stop the clone of the first call")
    with pytest.raises(ScaleFailed, match="web-2 exited at once"):
        first.result(120)
    gated.open()
    assert second.result(120) == 3
    assert gated.project.containers() == gated.project.names(1, 3, 4)


def wish(count: int, load: float) -> Decision:
    return decide(policy(), seen(count, {"throughput": load}), Memory(), NOW)[0]
