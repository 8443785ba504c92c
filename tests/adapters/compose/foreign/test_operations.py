"""Somebody else begins while one of our operations is under way: it ends in order, and leaves nothing behind."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from autoscaler.adapters.compose.foreign.engine_event import ContainerEvent
from autoscaler.errors import TargetUnavailable
from autoscaler.events import Foreign, OperationFinished
from deploy.lab.shell import run
from tests.adapters.compose.clone.test_overlap import wait_until
from tests.support.builders import FREE
from tests.support.compose_project import SLEEP, Project
from tests.support.cycling import RAISING, Living
from tests.support.engine_proxy import Fault, proxying
from tests.support.quick import QUICK

pytestmark = pytest.mark.engine

# Those that come later are starting until the gate is opened.
GATED: dict[str, Any] = {
    **SLEEP,
    "volumes": ["shared:/shared"],
    "healthcheck": {"test": ["CMD", "test", "-e", "/shared/open"], "interval": "1s", "retries": 600},
}
SLOW_STOP: dict[str, Any] = {
    **SLEEP,
    "scale": 4,
    "stop_grace_period": "30s",
    "command": ["bash", "-c", 'trap "sleep 4; exit" TERM; while :; do sleep 0.2; done'],
}


@pytest.fixture
def starting(project: Project) -> Iterator[Living]:
    """A service of one replica, with three more that go on starting."""
    project.write({"web": GATED}, volumes={"shared": None})
    project.run("up", "--detach")
    project.run("exec", "web", "touch", "/shared/open")
    project.run("up", "--detach", "--wait")
    living = Living(project, project.engine_url)
    with living.living(load=1):
        project.run("exec", "web", "rm", "/shared/open")
        living.load(4)
        wait_until(lambda: len(project.containers()) == 4)
        yield living


def finished(living: Living) -> list[str | None]:
    return [each.error for each in living.recorder.of(OperationFinished)]


def test_an_up_while_replicas_start_ends_the_start_without_a_failure(starting: Living) -> None:
    project = starting.project
    project.run("up", "--detach")
    starting.until("the operation has ended", lambda: len(finished(starting)) == 1)
    assert finished(starting) == [None]
    wait_until(lambda: len(project.containers()) == 4)
    project.run("exec", "--index", "1", "web", "touch", "/shared/open")
    starting.until("the next one has ended", lambda: len(finished(starting)) == 2)
    starting.until("four are ready", lambda: starting.ready == 4 and starting.quiet)
    assert (finished(starting), len(starting.told)) == ([None, None], 1)


def test_a_down_while_replicas_start_leaves_none_of_them_behind(starting: Living) -> None:
    starting.project.run("down", "--timeout", "1")
    event = starting.one_event()
    assert (event.kind, event.after) == (Foreign.REMOVED, 0)
    starting.until("the operation has ended", lambda: len(finished(starting)) == 1)
    assert (finished(starting), starting.project.containers()) == ([None], [])


def test_an_up_while_replicas_are_drained_ends_the_draining_without_a_failure(project: Project) -> None:
    project.up({"web": SLOW_STOP})
    living = Living(project, project.engine_url, policy=replace(RAISING, scale_down=FREE))
    with living.living(load=4):
        living.load(2)
        living.until("it removes", lambda: living.last.services["web"].decision.replicas.requested == 2)  # type: ignore[union-attr]
        project.write({"web": {**SLOW_STOP, "scale": 3}})
        project.run("up", "--detach")
        living.until("two are left", lambda: living.ready == 2 and living.quiet)
        assert set(finished(living)) == {None}
        assert len(project.containers()) == 2


def test_an_end_of_which_the_list_tells_sooner_than_the_events_is_no_failure(plain: Project) -> None:
    target = plain.target()
    foreign = target.foreign
    target.observe()
    stopped: list[str] = []

    def stop_it_and_hear_of_it_later(seconds: float) -> bool:
        if stopped:
            foreign.take_event(ContainerEvent(plain.ref(), "id", plain.names(2)[0], "kill", clone=True, signal=15))
            return seconds == QUICK.cleanup_poll_seconds
        if seconds and len(plain.containers()) == 2:
            stopped.append(run(["docker", "stop", "--time", "1", *plain.names(2)], "stop the clone"))
        return False

    assert plain.scale(2, target=target, pause=stop_it_and_hear_of_it_later) == 1


def test_a_clone_that_could_not_be_undone_is_watched_like_any_other(plain: Project) -> None:
    with proxying(plain.engine_url) as proxy:
        proxy.faults += [Fault("POST /start", 0, after=True), Fault("DELETE /containers", 0)]
        target = plain.target(proxy.url)
        foreign = target.foreign
        with pytest.raises(TargetUnavailable):
            plain.scale(2, target=target)
    assert plain.inspect(2)["State"]["Running"]
    assert not foreign.own_actions.now().starting


def test_an_engine_that_fails_in_the_middle_of_both_leaves_what_was_made_to_be_watched(plain: Project) -> None:
    """A container that counts as ours for ever would hide what somebody does to it from then on."""
    with proxying(plain.engine_url) as proxy:
        target = plain.target(proxy.url)
        foreign = target.foreign
        target.observe()

        def fail_once_it_starts(_: float) -> bool:
            if len(plain.containers()) == 2 and not proxy.faults:
                foreign.take_event(ContainerEvent(plain.ref(), "id", "web-1", "pause", clone=False))
                proxy.faults.append(Fault("GET /containers/json", times=1000))
            return False

        with pytest.raises(TargetUnavailable):
            plain.scale(2, target=target, pause=fail_once_it_starts)
    assert not foreign.own_actions.now().starting
