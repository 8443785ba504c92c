"""The real engine and the real Compose: a clone is one of Compose's own."""

import re
import secrets
from collections.abc import Callable
from typing import Any

import pytest

from autoscaler.core.model import Direction
from autoscaler.errors import ScaleFailed, TargetRefused
from autoscaler.events import ReplicaChanged
from deploy.demo.ownership import changes
from deploy.lab.shell import run
from tests.support.compose_project import SLEEP, Project
from tests.support.own_share import free_range
from tests.support.quick import WARY

pytestmark = pytest.mark.engine

RICH: dict[str, Any] = {
    **SLEEP,
    "networks": {"front": {"aliases": ["www"]}, "back": None},
    "volumes": ["/data", "shared:/shared"],
    "environment": {"A": "1", "QUOTED": 'say "hello"'},
    "labels": {"traefik.enable": "true", "note": "ünïcode 'quoted'"},
    "healthcheck": {"test": ["CMD", "true"], "interval": "1s"},
    "stop_grace_period": "3s",
    "cap_drop": ["ALL"],
    "read_only": True,
    "tmpfs": ["/tmp"],
    "ulimits": {"nofile": 4096},
    "deploy": {"resources": {"limits": {"memory": "64M"}}, "restart_policy": {"condition": "on-failure"}},
}
RICH_TOP: dict[str, Any] = {"networks": {"front": None, "back": None}, "volumes": {"shared": None}}


def test_clones_are_compose_s_own(project: Project) -> None:
    project.up({"web": {**RICH, "scale": 2}}, **RICH_TOP)
    assert project.scale(4) == 4
    assert all(name in project.run("ps", "--format", "{{.Name}}") for name in project.names(1, 2, 3, 4))
    assert changes(project.run("up", "--detach", "--dry-run", "--scale", "web=4"), "web") == []
    assert len(set(re.findall(r"web-\d", project.run("logs", "web")))) <= 4
    project.run("stop", "--timeout", "1", "web")
    assert project.target().observe().find(project.ref()).current == 0
    project.down()
    assert project.containers() == []


def test_compose_takes_clones_over_and_we_take_its_replicas_over(project: Project) -> None:
    project.up({"web": {**SLEEP, "scale": 1}})
    project.scale(3)
    project.run("up", "--detach", "--scale", "web=2")
    assert project.containers() == project.names(1, 2)
    project.run("up", "--detach", "--scale", "web=4")
    assert project.scale(1) == 1
    assert len(project.containers()) == 1


def test_each_replica_has_anonymous_volumes_of_its_own_and_takes_them_with_it(project: Project) -> None:
    project.up({"web": {**RICH, "scale": 1}}, **RICH_TOP)
    project.run("up", "--detach", "--force-recreate")  # from now on inspect names the anonymous volume
    project.scale(2)
    first, second = (
        {
            mount["Destination"]: mount["Name"]
            for mount in project.inspect(number)["Mounts"]
            if mount["Type"] == "volume"
        }
        for number in (1, 2)
    )
    assert first["/data"] != second["/data"]
    assert first["/shared"] == second["/shared"]
    project.scale(1)
    volumes = run(["docker", "volume", "ls", "--quiet"], "volumes").split()
    assert second["/data"] not in volumes
    assert first["/data"] in volumes
    project.down()
    run(["docker", "volume", "rm", "--force", first["/data"]], "remove what Compose leaves of a recreated container")


def test_the_service_s_name_leads_to_every_replica_in_every_network(project: Project) -> None:
    project.up({"web": {**RICH, "scale": 1}}, **RICH_TOP)
    project.scale(3)
    code = "import socket; print(len({a[4][0] for a in socket.getaddrinfo('%s', 80)}))"
    for name in ("web", "www"):
        command = ["docker", "run", "--rm", "--network", f"{project.name}_front", "python:3.13-slim", "python3", "-c"]
        found = run([*command, code % name], "dns")
        assert found.strip() == "3"
    assert set(project.inspect(3)["NetworkSettings"]["Networks"]) == {f"{project.name}_front", f"{project.name}_back"}


def test_clones_go_first_and_each_change_is_told(project: Project) -> None:
    project.up({"web": {**SLEEP, "scale": 2}})
    project.scale(4)
    project.scale(2)
    told = [(event.direction, event.replica) for event in project.recorder.of(ReplicaChanged)]
    assert sorted(told[:2]) == [(Direction.UP, name) for name in project.names(3, 4)]
    assert sorted(told[2:]) == [(Direction.DOWN, name) for name in project.names(3, 4)]
    assert project.containers() == project.names(1, 2)


def test_a_replica_counts_only_when_it_is_ready(project: Project) -> None:
    slow = {"test": ["CMD", "test", "-e", "/tmp/ready"], "interval": "1s"}
    command = ["sh", "-c", "sleep 2; touch /tmp/ready; sleep 600"]
    project.up({"web": {**SLEEP, "command": command, "healthcheck": slow}})
    project.scale(2)
    (event,) = project.recorder.of(ReplicaChanged)
    assert event.duration_seconds >= 2
    assert project.target().observe().find(project.ref()).ready == 2


def test_a_clone_that_exits_at_once_is_removed_with_its_last_words(project: Project) -> None:
    only_one = "mkdir /shared/lock 2>/dev/null || { echo another one is running; exit 3; }; sleep 600"
    service = {**SLEEP, "command": ["sh", "-c", only_one], "volumes": ["shared:/shared"]}
    project.up({"web": service}, volumes={"shared": None})
    last_output = r"web-2 exited at once \(exit code 3, last lines: another one is running\)"
    with pytest.raises(ScaleFailed, match=last_output) as failure:
        project.scale(2, target=project.target(timing=WARY))
    assert failure.value.stage == "ready"
    assert project.containers() == project.names(1)


def test_a_clone_that_does_not_become_ready_in_time_is_removed(project: Project) -> None:
    check = {"test": ["CMD", "test", "-e", "/shared/ok"], "interval": "1s", "retries": 60}
    project.write({"web": {**SLEEP, "healthcheck": check, "volumes": ["shared:/shared"]}}, volumes={"shared": None})
    project.run("up", "--detach")
    project.run("exec", "web", "touch", "/shared/ok")
    project.run("up", "--detach", "--wait")
    project.run("exec", "web", "rm", "/shared/ok")
    with pytest.raises(ScaleFailed, match=r"web-2 was not ready within 2 s"):
        project.scale(2, start_timeout_seconds=2.0)
    assert project.containers() == project.names(1)


def test_a_tag_that_has_moved_does_not_change_what_a_clone_runs(project: Project) -> None:
    tag = f"{project.name}:moving"
    build = ["docker", "build", "--quiet", "--tag", tag, "-"]
    run(build, "build", stdin=f"FROM python:3.13-slim\nLABEL version={project.name}-1\n")
    project.up({"web": {**SLEEP, "image": tag}})
    run(build, "build", stdin=f"FROM python:3.13-slim\nLABEL version={project.name}-2\n")
    project.scale(2)
    assert project.inspect(1)["Image"] == project.inspect(2)["Image"]
    run(["docker", "rmi", "--force", tag], "remove the tag")


def test_a_tag_that_is_gone_does_not_keep_a_replica_from_being_cloned(project: Project) -> None:
    tag = f"{project.name}:gone"
    build = ["docker", "build", "--quiet", "--tag", tag, "-"]
    run(build, "build", stdin=f"FROM python:3.13-slim\nLABEL unique={project.name}\n")
    project.up({"web": {**SLEEP, "image": tag}})
    run(["docker", "rmi", "--force", tag], "remove the tag")
    project.scale(2)
    assert project.inspect(1)["Image"] == project.inspect(2)["Image"]


@pytest.mark.parametrize(
    ("service", "reason"),
    [
        pytest.param(
            lambda: {"container_name": f"autoscaler-unit-{secrets.token_hex(3)}"},
            "remove container_name",
            id="a name of its own",
        ),
        pytest.param(lambda: {"ports": [f"127.0.0.1:{free_range(1)}:80"]}, r"fixed host port \d+", id="a fixed port"),
    ],
)
def test_what_cannot_be_cloned_is_refused_before_anything_is_made(
    project: Project, service: Callable[[], dict[str, Any]], reason: str
) -> None:
    project.up({"web": {**SLEEP, **service()}})
    with pytest.raises(TargetRefused, match=reason):
        project.scale(2)
    assert len(project.containers()) == 1


def test_an_unknown_service_is_refused(plain: Project) -> None:
    with pytest.raises(TargetRefused, match=r"no Compose service .*/wbe on this engine"):
        plain.scale(2, service="wbe")


def test_an_update_under_way_is_waited_out(project: Project) -> None:
    project.up({"web": {**SLEEP, "scale": 1}})
    project.write({"web": {**SLEEP, "scale": 2, "environment": {"NEW": "1"}}})
    project.run("up", "--detach", "--no-recreate")
    with pytest.raises(TargetRefused, match="differ in configuration or image"):
        project.scale(3)


def test_an_end_between_two_steps_leaves_nothing_half_made(plain: Project) -> None:
    pauses = iter([False, True])
    assert plain.scale(4, pause=lambda _: next(pauses, True)) == 2
    assert plain.containers() == plain.names(1, 2)


def test_the_last_ready_replica_is_never_removed(project: Project) -> None:
    project.up({"web": {**SLEEP, "scale": 2}})
    assert project.scale(0) == 1


def test_a_clone_that_has_exited_is_no_affair_of_an_operation(plain: Project) -> None:
    """It may be somebody's wish; the recovery knows, in time."""
    plain.scale(3)
    run(["docker", "stop", "--time", "1", *plain.names(3)], "stop a clone")
    assert plain.scale(1) == 1
    assert plain.containers() == plain.names(1, 3)
