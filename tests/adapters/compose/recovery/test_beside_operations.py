"""What was left behind is found while operations of the same service go on: they do not begin its time anew."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from autoscaler.adapters.compose.healthcheck import MARKER
from autoscaler.adapters.compose.listing import members
from autoscaler.adapters.compose.recovery.recover import Recovery
from autoscaler.adapters.compose.target import ComposeTarget
from autoscaler.adapters.docker.engine import Engine
from autoscaler.control.service_locks import ServiceLocks
from autoscaler.events import Recovered
from deploy.lab.shell import run
from tests.adapters.compose.clone.test_overlap import wait_until
from tests.support.compose_project import SLEEP, Project
from tests.support.engine_proxy import Fault, Proxy, proxying
from tests.support.recovering import Recovering

pytestmark = pytest.mark.engine

GATED: dict[str, Any] = {
    **SLEEP,
    "volumes": ["shared:/shared"],
    "stop_grace_period": "1s",
    "healthcheck": {"test": ["CMD", "test", "-e", "/shared/open"], "interval": "1s", "retries": 600},
}


@pytest.fixture
def proxy(engine_url: str) -> Iterator[Proxy]:
    with proxying(engine_url) as proxy:
        yield proxy


@pytest.fixture
def gated(project: Project) -> Project:
    """One replica that is ready; those that are added are not, until the gate is opened."""
    project.write({"web": GATED}, volumes={"shared": None})
    project.run("up", "--detach")
    project.run("exec", "web", "touch", "/shared/open")
    project.run("up", "--detach", "--wait")
    return project


@contextmanager
def starting(project: Project, target: ComposeTarget, replicas: int) -> Iterator[None]:
    """Have an operation that waits for replicas which do not become ready."""
    project.run("exec", "--index", "1", "web", "rm", "/shared/open")
    ended = threading.Event()

    def pause(seconds: float) -> bool:
        return ended.wait(min(seconds, 0.1))

    before = project.containers()
    operation = threading.Thread(target=lambda: project.scale(replicas, target=target, pause=pause))
    operation.start()
    try:
        wait_until(lambda: len(project.containers()) > len(before))
        yield
        assert operation.is_alive()
    finally:
        ended.set()
        operation.join()


def look_until(recovery: Recovering, found: Any) -> None:
    deadline = time.monotonic() + 30
    while not found():
        assert time.monotonic() < deadline
        recovery.look()
        time.sleep(0.1)


def test_an_exited_clone_that_could_not_be_removed_is_removed_while_others_start(gated: Project, proxy: Proxy) -> None:
    recovery = Recovering(gated, proxy.url)
    gated.scale(2, target=recovery.target)
    run(["docker", "kill", *gated.names(2)], "end it, and nobody removes it")
    proxy.faults.append(Fault("DELETE /containers"))
    look_until(recovery, lambda: proxy.faults[0].times == 0)
    assert gated.containers() == gated.names(1, 2)
    with starting(gated, recovery.target, 3):
        look_until(recovery, lambda: gated.containers() == gated.names(1, 3, 4))


def test_an_interrupted_drain_is_taken_back_while_others_start(gated: Project) -> None:
    recovery = Recovering(gated)
    gated.scale(2, target=recovery.target)
    run(["docker", "exec", *gated.names(2), "touch", MARKER], "drain it, as a daemon that was killed")
    wait_until(lambda: gated.inspect(2)["State"]["Health"]["Status"] == "unhealthy")
    with starting(gated, recovery.target, 3):
        look_until(recovery, lambda: gated.recorder.of(Recovered))
    (recovered,) = gated.recorder.of(Recovered)
    assert (recovered.replica, recovered.what) == (*gated.names(2), "taken back: its drain was interrupted")


def test_only_a_drain_is_taken_back_during_a_foreign_change_and_not_while_an_operation_removes(plain: Project) -> None:
    """The operation removes what is not ready first, and a marker that goes would bring requests back."""
    engine, locks = Engine(plain.engine_url, timeout_seconds=20.0, emit=plain.recorder.notify), ServiceLocks()
    stopped: set[str] = set()
    recovery = Recovery(
        *(engine, locks, lambda: members(engine, plain.ref()), lambda _: True, lambda _, __: bool(stopped)),
        emit=plain.recorder.notify,
        settle_seconds=0.0,
    )
    plain.scale(3)
    run(["docker", "kill", *plain.names(3)], "leave one behind")
    run(["docker", "exec", *plain.names(2), "touch", MARKER], "drain the other")
    wait_until(lambda: plain.inspect(2)["State"]["Health"]["Status"] == "unhealthy")
    with locks.entered(plain.ref()) as operation:
        operation.removes = True
        recovery.look(plain.leads)
    stopped.add("it has a signal to end")
    recovery.look(plain.leads)
    assert plain.recorder.of(Recovered) == []
    stopped.clear()
    recovery.look(plain.leads)
    assert [event.replica for event in plain.recorder.of(Recovered)] == plain.names(2)
    assert plain.containers() == plain.names(1, 2, 3)
