"""The real engine and Compose: secrets and configs that are no mounts are in a clone as in Compose's replicas."""

from typing import Any

import pytest

from autoscaler.adapters.compose.healthcheck import DIRECTORY
from autoscaler.events import ReplicaIncomplete
from deploy.lab.shell import run
from tests.support.compose_project import SLEEP, Project
from tests.support.engine_proxy import Fault, proxying

pytestmark = pytest.mark.engine

IMAGE_FILE = "/etc/bash.bashrc"
SERVICE: dict[str, Any] = {
    **SLEEP,
    "command": ["sh", "-c", "date > /srv/own; mkdir -p /srv/deep; date > /srv/deep/own; sleep 600"],
    "secrets": [
        "token",
        {"source": "token", "target": "renamed"},
        {"source": "token", "target": "/etc/elsewhere/token", "mode": 0o440, "uid": "33", "gid": "33"},
        "mounted",
    ],
    "configs": [
        "text",
        {"source": "text", "target": "/etc/app/app.ini", "mode": 0o400, "uid": "33"},
        {"source": "variable", "target": IMAGE_FILE},
        {"source": "mounted", "target": "/etc/app/mounted.ini"},
    ],
}
WRITTEN = {
    "/run/secrets/token",
    "/run/secrets/renamed",
    "/etc/elsewhere/token",
    "/text",
    "/etc/app/app.ini",
    IMAGE_FILE,
}
OWN = {"/srv/own", "/srv/deep/own"}


def top(project: Project) -> dict[str, Any]:
    (project.directory / "file").write_text("of a file", encoding="utf-8")
    content = {"content": "[ünïcode]\nname = 'x'\n"}
    return {
        "secrets": {"token": {"environment": "PATH"}, "mounted": {"file": "./file"}},
        "configs": {"text": content, "variable": {"environment": "PATH"}, "mounted": {"file": "./file"}},
    }


def listing(project: Project, number: int) -> dict[str, str]:
    """Path -> mode, owner and checksum, of what Compose wrote or the container has no business to have."""
    paths = " ".join(sorted(WRITTEN | OWN))
    script = f"stat -c '%n %a %u:%g' {paths} 2>/dev/null; sha256sum {paths} 2>/dev/null; true"
    said = run(["docker", "exec", "--user", "0", *project.names(number), "sh", "-c", script], "look into it")
    found: dict[str, str] = {}
    for line in said.splitlines():
        path, facts = line.split(" ", 1) if line.startswith("/") else reversed(line.split())
        found[path] = f"{found.get(path, '')} {facts}"
    return found


def changed(project: Project, number: int) -> set[str]:
    """The paths that are not as in the image, but for where our own tmpfs is."""
    said = run(["docker", "diff", *project.names(number)], "diff")
    return {line[2:] for line in said.splitlines()} - {DIRECTORY}


def test_a_clone_has_the_files_that_compose_writes_with_mode_owner_and_content(project: Project) -> None:
    project.up({"web": SERVICE}, **top(project))
    project.scale(2)
    project.run("up", "--detach", "--scale", "web=3")
    ours, theirs = (listing(project, number) for number in (2, 3))
    assert {path: ours[path] for path in WRITTEN} == {path: theirs[path] for path in WRITTEN}
    assert changed(project, 2) == changed(project, 3)
    assert project.recorder.of(ReplicaIncomplete) == []


def test_a_clone_of_a_clone_has_them_too(project: Project) -> None:
    project.up({"web": SERVICE}, **top(project))
    project.scale(2)
    run(["docker", "rm", "--force", *project.names(1)], "remove the original")
    project.scale(2, target=project.target())
    assert {path: listing(project, 3)[path] for path in WRITTEN} == {
        path: listing(project, 2)[path] for path in WRITTEN
    }


def test_what_the_program_wrote_is_not_copied(project: Project) -> None:
    project.up(
        {"web": {**SERVICE, "command": ["sh", "-c", "[ -e /srv/own ] || date > /srv/own; sleep 600"]}}, **top(project)
    )
    run(["docker", "exec", *project.names(1), "touch", "/srv/only-here", "/etc/only-here"], "write into it")
    project.scale(2)
    assert "/srv/only-here" not in changed(project, 2)
    assert "/etc/only-here" not in changed(project, 2)


def test_a_restart_by_docker_or_compose_changes_nothing_of_it(project: Project) -> None:
    project.up({"web": SERVICE}, **top(project))
    run(["docker", "restart", "--time", "1", *project.names(1)], "restart it")
    project.scale(2)
    project.run("stop", "--timeout", "1", "web")
    project.run("start", "web")
    project.scale(3)
    for number in (2, 3):
        assert {path: listing(project, number)[path] for path in WRITTEN} == {
            path: listing(project, 1)[path] for path in WRITTEN
        }


def test_a_guard_that_forbids_to_look_is_a_warning_and_not_the_end_of_scaling(plain: Project) -> None:
    with proxying(plain.engine_url) as proxy:
        proxy.faults = [Fault("GET /changes", status=403)]
        assert plain.scale(2, target=plain.target(proxy.url)) == 2
    (told,) = plain.recorder.of(ReplicaIncomplete)
    assert told.replica == plain.names(2)[0]
    assert told.what.startswith("it lacks the secrets and configs that Compose may have written into its template: ")
