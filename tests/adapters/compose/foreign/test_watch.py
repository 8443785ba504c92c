"""The engine's events, followed: cut off, frozen or forbidden, nothing is lost that can be had, and nothing storms."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from autoscaler.adapters.compose.foreign.engine_event import ContainerEvent
from autoscaler.adapters.compose.foreign.watch import Watch
from autoscaler.adapters.docker.engine import Engine
from autoscaler.events import EngineAsked, WatchChanged
from deploy.lab.shell import run
from tests.adapters.compose.clone.test_overlap import wait_until
from tests.support.compose_project import SLEEP, Project
from tests.support.engine_proxy import Fault, proxying
from tests.support.fakes import Recorder
from tests.support.relay import relaying

pytestmark = pytest.mark.engine

QUIET_SECONDS = 1.0


class Watching:
    """A watch, and what it hears about one project."""

    def __init__(self, url: str, project: Project) -> None:
        self.recorder = Recorder()
        self.events: list[ContainerEvent] = []
        self._project = project.name
        engine = Engine(url, timeout_seconds=5.0, emit=self.recorder.notify)
        self.watch = Watch(
            engine, self._take_event, self.recorder.notify, quiet_seconds=QUIET_SECONDS, first_retry_seconds=0.1
        )

    def _take_event(self, container_event: ContainerEvent) -> None:
        if container_event.ref.group == self._project:
            self.events.append(container_event)

    def actions(self) -> list[tuple[str, str]]:
        return [(container_event.name.rpartition("-")[2], container_event.action) for container_event in self.events]

    def until_told(self, *problems: bool) -> None:
        wait_until(lambda: [each.problem is not None for each in self.recorder.of(WatchChanged)] == list(problems))


@contextmanager
def watching(url: str, project: Project) -> Iterator[Watching]:
    watching = Watching(url, project)
    watching.watch.start()
    try:
        yield watching
    finally:
        watching.watch.stop()


def kill(project: Project, number: int) -> None:
    run(["docker", "kill", *project.names(number)], "kill a replica")


def test_who_kills_a_replica_and_how_it_ends_is_heard(plain: Project) -> None:
    with watching(plain.engine_url, plain) as watched:
        watched.until_told(False)
        kill(plain, 1)
        wait_until(lambda: watched.actions() == [("1", "kill"), ("1", "die")])
        assert (watched.events[0].signal, watched.events[1].exit_code) == (9, 137)


def test_what_happens_while_a_connection_is_cut_is_heard_once_when_it_is_back(project: Project) -> None:
    project.up({"web": {**SLEEP, "scale": 2}})
    with relaying(project.engine_url) as relay, watching(relay.url, project) as watched:
        watched.until_told(False)
        kill(project, 1)
        wait_until(lambda: len(watched.events) == 2)
        relay.cut()
        kill(project, 2)
        wait_until(lambda: len(watched.events) == 4)
        assert watched.actions() == [("1", "kill"), ("1", "die"), ("2", "kill"), ("2", "die")]


def test_a_connection_that_is_dead_without_anybody_knowing_is_given_up(plain: Project) -> None:
    with relaying(plain.engine_url) as relay, watching(relay.url, plain) as watched:
        watched.until_told(False)
        relay.freeze()
        kill(plain, 1)
        wait_until(lambda: watched.actions() == [("1", "kill"), ("1", "die")])


def test_a_guard_that_forbids_events_is_told_once_and_not_asked_again_and_again(project: Project) -> None:
    with proxying(project.engine_url) as proxy:
        proxy.faults.append(Fault("GET /events", 403, times=999))
        with watching(proxy.url, project) as watched:
            watched.until_told(True)
            time.sleep(1.0)  # ten times the pause after another failure
            assert len(watched.recorder.of(WatchChanged)) == 1
            assert len([each for each in watched.recorder.of(EngineAsked) if each.operation == "events"]) == 1


def test_an_engine_that_is_away_is_told_once_and_so_is_its_return(project: Project) -> None:
    with relaying(project.engine_url) as relay, watching(relay.url, project) as watched:
        watched.until_told(False)
        relay.refuses = True
        relay.cut()
        watched.until_told(False, True)
        refused = relay.connections
        wait_until(lambda: relay.connections > refused + 2)
        relay.refuses = False
        watched.until_told(False, True, False)


@pytest.mark.parametrize("quiet", [pytest.param(True, id="while it waits"), pytest.param(False, id="before it began")])
def test_it_ends_at_once(project: Project, quiet: bool) -> None:
    watch = Watching(project.engine_url, project)
    before = set(threading.enumerate())
    watch.watch.start()
    if quiet:
        watch.until_told(False)
    watch.watch.stop(20.0)
    assert set(threading.enumerate()) <= before
