"""Replicas that Compose replaces by others: waited out, and cloned from what is new; on the real engine."""

from typing import Any

import pytest

from autoscaler.adapters.compose import labels as label
from autoscaler.events import Action, Foreign
from tests.support.compose_project import SLEEP, Project
from tests.support.cycling import Living

pytestmark = pytest.mark.engine


def web(count: int, version: str) -> dict[str, Any]:
    return {"web": {**SLEEP, "scale": count, "environment": {"VERSION": version}}}


@pytest.fixture
def living(project: Project) -> Living:
    project.up(web(2, "1"))
    return Living(project, project.engine_url)


def versions(project: Project, *numbers: int) -> list[str]:
    found = [project.inspect(number)["Config"]["Env"] for number in numbers]
    return [each.removeprefix("VERSION=") for env in found for each in env if each.startswith("VERSION=")]


def test_a_changed_file_recreates_the_clones_too_and_the_next_one_is_of_the_new_kind(living: Living) -> None:
    project = living.project
    with living.living(load=3):
        project.write(web(3, "2"))
        project.run("up", "--detach")
        event = living.one_event()
        assert (event.kind, event.before, event.after, event.desired) == (Foreign.RECREATED, 3, 3, 3)
        assert "recreated with another configuration; docker compose up?" in event.what
        assert versions(project, 1, 2, 3) == ["2", "2", "2"]
        living.load(4)
        living.until("the fourth is ready", lambda: living.ready == 4)
        assert versions(project, 4) == ["2"]
        assert label.CLONE_OF in project.inspect(4)["Config"]["Labels"]
        assert label.CLONE_OF not in project.inspect(3)["Config"]["Labels"]
        assert (living.failures, len(living.told)) == ([], 1)


def test_a_changed_file_with_fewer_replicas_is_waited_out_and_made_up_for_by_the_new_kind(living: Living) -> None:
    project = living.project
    with living.living(load=4):
        project.write(web(2, "2"))
        project.run("up", "--detach")
        living.until("four are ready again", lambda: living.ready == 4 and living.quiet and bool(living.told))
        event = living.one_event()
        assert (event.kind, event.after, event.desired) == (Foreign.RECREATED, 2, 4)
        numbers = [int(name.rpartition("-")[2]) for name in project.containers()]
        assert versions(project, *numbers) == ["2"] * 4
        assert living.failures == []


def test_replicas_of_two_kinds_are_left_alone_until_they_are_of_one(living: Living) -> None:
    project = living.project
    reason = "its replicas differ in configuration or image; run docker compose up so that all are the same"
    with living.living(load=2):
        project.write(web(3, "2"))
        project.run("up", "--detach", "--no-recreate")
        living.load(5)
        living.until("it says why it waits", lambda: reason in living.held)
        assert living.last.services["web"].action is Action.SETTLING
        assert len(project.containers()) == 3
        project.run("up", "--detach")
        living.until("five are ready", lambda: living.ready == 5 and living.quiet)
        assert living.failures == []
        assert set(versions(project, *(int(name.rpartition("-")[2]) for name in project.containers()))) == {"2"}
