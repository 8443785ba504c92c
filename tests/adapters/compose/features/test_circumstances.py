"""The real engine and the real Compose: a clone is what Compose's next replica is, whatever has happened before."""

import json
import re
import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from autoscaler.adapters.compose.clone.spec import clone_spec
from autoscaler.adapters.docker.engine import Engine
from deploy.demo.ownership import changes
from deploy.lab.shell import run
from tests.adapters.compose.features.essence import differences, essence
from tests.adapters.compose.features.image import DOCKERFILE
from tests.support.compose_project import SLEEP, Project

pytestmark = pytest.mark.engine


def assert_the_same(project: Project, service: str = "web") -> None:
    """Make the second replica by cloning and the third by Compose, and compare them."""
    project.scale(2, service)
    project.run("up", "--detach", "--scale", f"{service}=3")
    ours, theirs = (essence(inspected(project, number, service)) for number in (2, 3))
    assert differences(ours, theirs) == {}
    assert changes(project.run("up", "--detach", "--dry-run", "--scale", f"{service}=3"), service) == []


def inspected(project: Project, number: int, service: str = "web") -> dict[str, Any]:
    """Inspect by number, whatever the name's separators are."""
    labels = {"project": project.name, "service": service, "container-number": str(number)}
    filters = [
        word for key, value in labels.items() for word in ("--filter", f"label=com.docker.compose.{key}={value}")
    ]
    (name,) = run(["docker", "ps", "--all", "--quiet", *filters], "list").split()
    found: dict[str, Any] = json.loads(run(["docker", "inspect", name], "inspect"))[0]
    return found


@pytest.fixture
def image(project: Project) -> Iterator[str]:
    """Build an image with everything of its own; yield its tag."""
    tag = f"{project.name}:circumstances"
    run(["docker", "build", "--quiet", "--tag", tag, "-"], "build", stdin=DOCKERFILE)
    yield tag
    run(["docker", "rmi", "--force", tag], "remove the tag")


@pytest.mark.parametrize("service", ["web", "Web_2.x-1", "0"])
@pytest.mark.parametrize("prefix", ["autoscaler-unit", "0autoscaler_unit-1-2__x-"])
def test_with_odd_names(project: Project, prefix: str, service: str) -> None:
    project.name = f"{prefix}{secrets.token_hex(3)}"
    project.up({service: {**SLEEP, "scale": 1}})
    assert_the_same(project, service)


def test_with_the_separators_of_compatibility_mode(project: Project) -> None:
    project.compose = [*project.compose, "--compatibility"]
    project.up({"web_x": {**SLEEP, "scale": 1}})
    assert_the_same(project, "web_x")
    assert inspected(project, 2, "web_x")["Name"] == f"/{project.name}_web_x_2"


def test_after_the_image_was_built_anew_the_replicas_are_still_alike(project: Project, image: str) -> None:
    service = {**SLEEP, "image": image, "command": ["sleep", "600"], "entrypoint": [], "scale": 1}
    project.up({"web": service})
    run(["docker", "build", "--quiet", "--tag", image, "-"], "build", stdin=f"{DOCKERFILE}ENTRYPOINT []\nENV NEW=1\n")
    project.scale(2)
    first, ours = (essence(project.inspect(number)) for number in (1, 2))
    found = differences(ours, first)
    assert found.keys() == {"Config.Image"}  # the name means another image now


def test_of_a_recreated_replica_with_anonymous_volumes_that_it_has_inherited(project: Project, image: str) -> None:
    service = {**SLEEP, "image": image, "command": None, "volumes": ["/data"], "scale": 1}
    project.up({"web": service})
    before = {mount["Destination"]: mount["Name"] for mount in project.inspect(1)["Mounts"]}
    project.up({"web": {**service, "environment": {"NEW": "1"}}})
    after = {mount["Destination"]: mount["Name"] for mount in project.inspect(1)["Mounts"]}
    assert before == after
    project.scale(2)
    ours = {mount["Destination"]: mount["Name"] for mount in project.inspect(2)["Mounts"]}
    assert ours.keys() == after.keys()
    assert not set(ours.values()) & set(after.values())
    assert changes(project.run("up", "--detach", "--dry-run", "--scale", "web=2"), "web") == []


@pytest.mark.parametrize(
    ("service", "shown"),
    [
        pytest.param({"privileged": True}, "HostConfig.Privileged", id="privileged"),
        pytest.param(
            {"deploy": {"resources": {"reservations": {"devices": [{"capabilities": ["gpu"], "count": 1}]}}}},
            "HostConfig.DeviceRequests",
            id="gpu",
        ),
    ],
)
def test_what_some_machines_cannot_start_is_created_alike(
    project: Project, service: dict[str, Any], shown: str
) -> None:
    project.write({"web": {**SLEEP, **service, "scale": 1}})
    project.run("create")
    engine = Engine(project.engine_url, timeout_seconds=20.0, emit=project.recorder.notify)
    spec = clone_spec(project.inspect(1), 2, engine.image("python:3.13-slim"), engine.api_version)
    engine.create(spec.name, spec.body)
    project.run("create", "--scale", "web=3")
    ours, theirs = (essence(project.inspect(number)) for number in (2, 3))
    assert differences(ours, theirs) == {}
    assert ours[shown]


def test_every_command_of_compose_treats_a_clone_as_its_own(project: Project) -> None:
    project.up({"web": {**SLEEP, "command": ["sh", "-c", "hostname; sleep 600"], "ports": ["80"], "scale": 1}})
    project.scale(2)
    clone = project.inspect(2)
    short_id = clone["Id"][:12]
    assert project.names(2)[0] in project.run("ps", "--format", "{{.Name}}")
    assert short_id in project.run("logs", "web")
    assert project.run("exec", "-T", "--index", "2", "web", "hostname").strip() == short_id
    assert project.run("port", "--index", "2", "web", "80").strip().startswith("0.0.0.0:")
    assert re.search(r"^web +2 +root", project.run("top", "web"), re.MULTILINE)
    for command in (["pause"], ["unpause"], ["restart", "--timeout", "1"], ["stop", "--timeout", "1"], ["start"]):
        project.run(*command, "web")
    project.run("up", "--detach", "--scale", "web=2")
    assert project.inspect(2)["Id"] == clone["Id"]
    assert project.inspect(2)["State"]["StartedAt"] != clone["State"]["StartedAt"]
    assert project.inspect(2)["State"]["Status"] == "running"
    project.down()
    assert project.containers() == []
