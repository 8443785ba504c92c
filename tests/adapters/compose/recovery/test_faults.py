"""The real engine behind a proxy that fails, while what was left behind is put right: nothing stays so for ever."""

import time
from collections.abc import Iterator

import pytest

from autoscaler.adapters.compose.healthcheck import MARKER
from autoscaler.adapters.compose.recovery.leftovers import Limits
from autoscaler.adapters.compose.recovery.recover import Recovery
from autoscaler.events import Recovered
from deploy.lab.shell import run
from tests.adapters.compose.clone.test_overlap import wait_until
from tests.adapters.compose.conftest import SLEEP, Project
from tests.support.engine_proxy import Fault, Proxy, proxying

pytestmark = pytest.mark.engine

QUICK = Limits(settle_seconds=0.3, start_seconds=lambda _: 20.0)


@pytest.fixture
def proxy(engine_url: str) -> Iterator[Proxy]:
    with proxying(engine_url) as proxy:
        yield proxy


def recovery(project: Project, proxy: Proxy) -> Recovery:
    return project.target(proxy.url).recovery(project.recorder.notify, QUICK)


def look_twice(project: Project, recovery: Recovery) -> None:
    for _ in range(2):
        recovery.look(lambda name: name == project.name)
        time.sleep(QUICK.settle_seconds)


def recovered(project: Project) -> list[str]:
    return [event.replica for event in project.recorder.of(Recovered)]


@pytest.mark.parametrize("fault", [Fault("POST /exec", 0), Fault("POST /exec", 500)])
def test_a_drained_replica_is_asked_again_when_the_engine_did_not_let_us(
    project: Project, proxy: Proxy, fault: Fault
) -> None:
    project.up({"web": SLEEP})
    project.scale(2)
    run(["docker", "exec", *project.names(2), "touch", MARKER], "drain it")
    wait_until(lambda: project.inspect(2)["State"]["Health"]["Status"] == "unhealthy")
    recovering = recovery(project, proxy)
    proxy.faults.append(fault)
    look_twice(project, recovering)
    assert (fault.times, recovered(project)) == (0, [])
    look_twice(project, recovering)
    assert recovered(project) == project.names(2)


def test_one_that_cannot_be_removed_keeps_no_other_waiting(project: Project, proxy: Proxy) -> None:
    project.up({"api": SLEEP, "web": SLEEP})
    project.scale(2, "api")
    project.scale(2)
    run(["docker", "stop", *project.names(2), *project.names(2, service="api")], "end the clones")
    stuck = f"DELETE /containers/{project.inspect(2, 'api')['Id']}"
    proxy.faults.append(Fault(stuck, times=1000, text="driver failed to remove root filesystem"))
    look_twice(project, recovery(project, proxy))
    assert recovered(project) == project.names(2)
