"""The real engine behind a proxy that fails, while what was left behind is put right: nothing stays so for ever."""

import time
from collections.abc import Iterator

import pytest

from autoscaler.adapters.compose.healthcheck import MARKER
from autoscaler.events import Recovered
from deploy.lab.shell import run
from tests.adapters.compose.clone.test_overlap import wait_until
from tests.support.compose_project import SLEEP, Project
from tests.support.engine_proxy import Fault, Proxy, proxying
from tests.support.recovering import SETTLE_SECONDS, Recovering

pytestmark = pytest.mark.engine


@pytest.fixture
def proxy(engine_url: str) -> Iterator[Proxy]:
    with proxying(engine_url) as proxy:
        yield proxy


def look_twice(recovery: Recovering) -> None:
    for _ in range(2):
        recovery.look()
        time.sleep(SETTLE_SECONDS)


def recovered(project: Project) -> list[str]:
    return [event.replica for event in project.recorder.of(Recovered)]


@pytest.mark.parametrize("fault", [Fault("POST /exec", 0), Fault("POST /exec", 500)])
def test_a_drained_replica_is_asked_again_when_the_engine_did_not_let_us(
    plain: Project, proxy: Proxy, fault: Fault
) -> None:
    plain.scale(2)
    run(["docker", "exec", *plain.names(2), "touch", MARKER], "drain it")
    wait_until(lambda: plain.inspect(2)["State"]["Health"]["Status"] == "unhealthy")
    recovering = Recovering(plain, proxy.url)
    proxy.faults.append(fault)
    look_twice(recovering)
    assert (fault.times, recovered(plain)) == (0, [])
    look_twice(recovering)
    assert recovered(plain) == plain.names(2)


def test_a_daemon_that_loses_the_lead_meanwhile_changes_nothing_more(plain: Project, proxy: Proxy) -> None:
    plain.scale(2)
    run(["docker", "stop", *plain.names(2)], "end the clone")
    recovering = Recovering(plain, proxy.url)
    recovering.look(lambda _: False)
    time.sleep(SETTLE_SECONDS)
    answers = iter([True])  # then no more
    recovering.look(lambda ref: plain.leads(ref) and next(answers, False))
    assert [call for call in proxy.calls if not call.startswith("GET")] == []
    recovering.look()
    assert recovered(plain) == plain.names(2)


def test_one_that_cannot_be_removed_keeps_no_other_waiting(project: Project, proxy: Proxy) -> None:
    project.up({"api": SLEEP, "web": SLEEP})
    project.scale(2, "api")
    project.scale(2)
    run(["docker", "stop", *project.names(2), *project.names(2, service="api")], "end the clones")
    stuck = f"DELETE /containers/{project.inspect(2, 'api')['Id']}"
    proxy.faults.append(Fault(stuck, times=1000, text="driver failed to remove root filesystem"))
    look_twice(Recovering(project, proxy.url))
    assert recovered(project) == project.names(2)
