"""The real engine, scaled out: a few clones at once, and one clear failure where there is no room for them."""

import re
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from autoscaler.config.compose_options import Drain
from autoscaler.errors import ScaleFailed
from autoscaler.events import ReplicaChanged
from deploy.lab.shell import run
from tests.support.compose_project import SLEEP, UNGUARDED, Project
from tests.support.engine_proxy import Fault, Proxy, proxying
from tests.support.own_share import free_range, subnet
from tests.support.quick import WARY

pytestmark = pytest.mark.engine

CREATE, START = "POST create", "POST start"


@pytest.fixture(scope="session")
def drain() -> Drain:
    return Drain(enabled=False)


@pytest.fixture
def proxy(engine_url: str) -> Iterator[Proxy]:
    with proxying(engine_url) as proxy:
        yield proxy


@pytest.mark.parametrize("call", [CREATE, START])
def test_four_clones_of_a_service_are_made_at_once_and_never_more(plain: Project, proxy: Proxy, call: str) -> None:
    proxy.gather = (call, threading.Barrier(4))  # opens for four only
    assert plain.scale(9, target=plain.target(proxy.url)) == 9
    assert proxy.most_at_once[call] == 4
    assert plain.containers() == plain.names(*range(1, 10))
    assert sorted(event.replica for event in plain.recorder.of(ReplicaChanged)) == plain.names(*range(2, 10))


def ports(first: int, count: int) -> dict[str, Any]:
    return {**SLEEP, "ports": [f"127.0.0.1:{first}-{first + count - 1}:80"]}


def test_clones_that_take_a_port_out_of_a_range_start_one_after_another(project: Project, proxy: Proxy) -> None:
    project.up({"web": ports(free_range(6), 6)})
    assert project.scale(6, target=project.target(proxy.url)) == 6
    assert proxy.most_at_once[START] == 1
    taken = {project.inspect(number)["NetworkSettings"]["Ports"]["80/tcp"][0]["HostPort"] for number in range(1, 7)}
    assert len(taken) == 6


def test_a_port_of_a_range_that_some_process_has_is_passed_over(project: Project) -> None:
    first = free_range(4)
    project.up({"web": ports(first, 4)})
    with socket.socket() as process:
        process.bind(("127.0.0.1", first + 1))
        process.listen()
        assert project.scale(3) == 3


def test_a_range_of_ports_that_is_used_up_says_so_and_those_that_fit_stay(project: Project) -> None:
    project.up({"web": ports(free_range(3), 3)})
    with pytest.raises(ScaleFailed) as failure:
        project.scale(6)
    assert failure.value.stage == "start"
    assert str(failure.value).count("publish a wider range of ports in the Compose file") == 1
    assert len(project.containers()) == 3


def test_a_network_without_an_address_left_says_so_once_and_those_that_fit_stay(project: Project) -> None:
    small = {"ipam": {"config": [{"subnet": f"{subnet()}.0/29"}]}}
    project.up({"web": SLEEP}, networks={"default": small})
    with pytest.raises(ScaleFailed) as failure:
        project.scale(9)
    assert str(failure.value).count("a network has no address left; give it a larger subnet") == 1
    assert "proxy" not in str(failure.value)
    assert len(project.containers()) == 5  # of 8 addresses: not the network's, the gateway's and the broadcast's
    assert project.target().observe().find(project.ref()).ready == 5


def test_a_name_that_somebody_else_has_is_passed_over(plain: Project) -> None:
    other = run(["docker", "create", "--name", *plain.names(2), "python:3.13-slim", "true"], "somebody's").strip()
    try:
        assert plain.scale(3) == 3
        assert {plain.inspect(number)["State"]["Running"] for number in (3, 4)} == {True}
    finally:
        run(["docker", "rm", other], "remove somebody's")


@pytest.mark.parametrize(
    ("fault", "advice"),
    [
        pytest.param(
            Fault(
                "POST /containers/create",
                text="mkdir /var/lib/docker/overlay2/5c1f-init: no space left on device",
                times=9,
            ),
            "the engine's disk is full; see docker system df",
            id="a full disk",
        ),
        pytest.param(
            Fault(
                "POST /start",
                text="OCI runtime create failed: runc create failed: unable to apply cgroup configuration: "
                "failed to write 4096: cannot allocate memory: unknown",
                times=9,
            ),
            "the host does not give what the service's limits and devices ask for",
            id="no memory for the cgroup",
        ),
    ],
)
def test_a_host_that_has_no_room_says_what_to_do_once_for_all_clones(
    plain: Project, proxy: Proxy, fault: Fault, advice: str
) -> None:
    proxy.faults.append(fault)
    with pytest.raises(ScaleFailed) as failure:
        plain.scale(9, target=plain.target(proxy.url))
    assert str(failure.value).count(advice) == 1
    assert len(re.findall(r"web-\d", str(failure.value))) <= 4  # after a failure no more are tried
    assert plain.containers() == plain.names(1)


def test_a_clone_that_the_engine_restarts_again_and_again_is_no_replica(project: Project) -> None:
    """Without a healthcheck, running for a moment between two crashes is not being ready."""
    only_one = (
        "mkdir /shared/lock 2>/dev/null || { sleep 0.5; printf '\\033[2Jno \\033[31mlock\\n'; exit 3; }; sleep 600"
    )
    service = {**SLEEP, "command": ["sh", "-c", only_one], "volumes": ["shared:/shared"], "restart": "always"}
    project.up({"web": service}, volumes={"shared": None})
    said = r"web-2 was not ready within 4 s \(.*restarted (\d+ times|once), last lines: no lock.*\); it was removed"
    with pytest.raises(ScaleFailed, match=said):
        project.scale(2, target=project.target(timing=WARY), start_timeout_seconds=4.0, drain=UNGUARDED)
    assert project.containers() == project.names(1)
    assert project.recorder.of(ReplicaChanged) == []


def test_what_the_healthcheck_of_an_unhealthy_clone_said_is_told(project: Project) -> None:
    check = {
        "test": ["CMD-SHELL", "test -e /shared/ok || { echo no ok file; exit 1; }"],
        "interval": "1s",
        "retries": 1,
    }
    project.write({"web": {**SLEEP, "healthcheck": check, "volumes": ["shared:/shared"]}}, volumes={"shared": None})
    project.run("up", "--detach")
    project.run("exec", "web", "touch", "/shared/ok")
    project.run("up", "--detach", "--wait")
    project.run("exec", "web", "rm", "/shared/ok")
    with pytest.raises(ScaleFailed, match=r"web-2 is unhealthy \(healthcheck: no ok file.*\); it was removed"):
        project.scale(2)
