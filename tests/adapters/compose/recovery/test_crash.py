"""A daemon that is killed at any call to the engine: the next one puts right what was begun, and goes on from there."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from autoscaler.adapters.compose.replicas import Replica, parse
from autoscaler.events import Recovered
from autoscaler.ports.fleet import ServiceRef
from deploy.demo.ownership import changes
from deploy.lab.shell import run
from tests.support.compose_project import SLEEP, Project
from tests.support.crashing import Point, scale_and_die
from tests.support.fakes import Recorder
from tests.support.recovering import SETTLE_SECONDS, Recovering

pytestmark = pytest.mark.engine

HEALTHY = {"test": ["CMD", "true"], "interval": "1s", "retries": 10}
PLAIN: dict[str, Any] = {**SLEEP, "stop_grace_period": "1s"}
CHECKED: dict[str, Any] = {**PLAIN, "healthcheck": HEALTHY}


SIDE_BY_SIDE = 3  # projects in which the process dies at the same time: most of it is waiting


def anywhere(point: Point) -> bool:
    return True


def first_change_done(point: Point) -> bool:
    """Of each kind of change, the moment at which the engine has made the first one."""
    return point.after and point.number == 1


POINTS = pytest.mark.parametrize(
    ("where", "least"),
    [
        pytest.param(first_change_done, 3, id="after the first change of each kind"),
        pytest.param(anywhere, 15, id="anywhere", marks=pytest.mark.slow),
    ],
)


class AfterTheCrash:
    """A daemon that starts where another has been killed."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.recorder = Recorder()
        self.recovery = Recovering(project, emit=self.recorder.notify)
        self.target = self.recovery.target

    def recover(self) -> None:
        """Look until every replica is ready, and nothing else is there."""
        deadline = time.monotonic() + 90
        self.recovery.look()
        time.sleep(SETTLE_SECONDS)
        self.recovery.look()
        while not all(replica.ready for replica in self.replicas()):
            assert time.monotonic() < deadline, self.replicas()
            time.sleep(0.2)
            self.recovery.look()

    def replicas(self) -> list[Replica]:
        """All containers of the project in any state, as the engine says."""
        return parse(self.target._engine.containers({"com.docker.compose.project": self.project.name}).entries)

    def must_be_sound(self) -> None:
        replicas = self.replicas()
        assert {replica.state for replica in replicas} == {"running"}
        assert len({replica.number for replica in replicas}) == len(replicas)
        count = f"web={len(replicas)}"
        assert changes(self.project.run("up", "--detach", "--dry-run", "--scale", count), "web") == []
        shown = self.project.run("ps", "--all", "--format", "{{.Name}}").split()
        assert sorted(shown) == sorted(replica.name for replica in replicas)


@pytest.fixture
def projects(compose_command: list[str], engine_url: str, tmp_path: Path) -> Iterator[list[Project]]:
    """Several projects that leave nothing behind, each with a daemon's life of its own."""
    found = [Project(compose_command, engine_url, tmp_path / str(number)) for number in range(SIDE_BY_SIDE)]
    for project in found:
        project.directory.mkdir()
    yield found
    for project in found:
        if (project.directory / "compose.yaml").exists():
            project.down()


def crash(projects: list[Project], before: int, after: int, where: Callable[[Point], bool], **web: Any) -> int:
    """Scale from `before` to `after` replicas again and again, and die once at each such point; return how often.

    What is left must be sound once the next daemon has looked after it, and can be scaled.
    """
    top = {"networks": dict.fromkeys(web.get("networks", []))}
    for project in projects:
        project.up({"web": {**CHECKED, **web}}, **(top if "networks" in web else {}))
    projects[0].scale(before)
    points = list(filter(where, scale_and_die(projects[0].engine_url, projects[0].ref(), after).points()))

    def crash_one(project: Project, points: list[Point]) -> int:
        died = 0
        for point in points:
            _bring_to(project, before)
            died += scale_and_die(project.engine_url, project.ref(), after, point).sprung.is_set()
            successor = AfterTheCrash(project)
            try:
                successor.recover()
                successor.must_be_sound()
                assert project.scale(3, target=successor.target) == 3
            except AssertionError as failure:
                raise AssertionError(f"killed {point}: {failure}") from failure
        return died

    shares = [points[number :: len(projects)] for number in range(len(projects))]
    with ThreadPoolExecutor(len(projects)) as pool:
        return sum(pool.map(crash_one, projects, shares))


def _bring_to(project: Project, replicas: int) -> None:
    """Clones are not drained here, that would take its time."""
    if replicas == 1 and (clones := project.containers()[1:]):
        run(["docker", "rm", "--force", *clones], "remove the clones")
    project.scale(replicas)


@POINTS
@pytest.mark.timeout(900)
def test_a_scale_out_that_is_killed_is_finished_or_undone(
    projects: list[Project], where: Callable[[Point], bool], least: int
) -> None:
    assert crash(projects, 1, 3, where, networks=["a", "b"]) >= least


@POINTS
@pytest.mark.timeout(900)
def test_a_scale_in_that_is_killed_is_finished_or_undone(
    projects: list[Project], where: Callable[[Point], bool], least: int
) -> None:
    assert crash(projects, 3, 1, where) >= least


def test_what_is_put_right_is_told_once(project: Project) -> None:
    project.up({"web": CHECKED})
    project.scale(3)
    run(["docker", "stop", "--time", "1", *project.names(3)], "stop a clone")
    successor = AfterTheCrash(project)
    successor.recover()
    successor.recover()
    told = [(each.service, each.replica, each.what) for each in successor.recorder.of(Recovered)]
    what = "removed: it had exited while others of the service run"
    assert told == [("web", *project.names(3), what)]


def test_a_project_that_another_daemon_leads_is_left_alone(project: Project) -> None:
    project.up({"web": PLAIN})
    project.scale(2)
    run(["docker", "stop", "--time", "1", *project.names(2)], "stop a clone")
    recovery = Recovering(project)
    for _ in range(2):
        recovery.look(lambda _: False)
        time.sleep(SETTLE_SECONDS)
    assert project.containers() == project.names(1, 2)


def test_what_compose_has_stopped_is_left_for_compose_to_start(project: Project) -> None:
    project.up({"web": PLAIN})
    project.scale(2)
    recovery = Recovering(project)
    project.run("stop", "--timeout", "1")
    for _ in range(2):
        recovery.look()
        time.sleep(SETTLE_SECONDS)
    project.run("start")
    assert project.containers() == project.names(1, 2)
    assert project.inspect(2)["State"]["Running"]


def test_a_clone_that_somebody_starts_at_the_last_moment_is_not_removed(project: Project) -> None:
    """The engine refuses to remove what runs, so the look before the removal may be old."""
    project.up({"web": PLAIN})
    project.scale(2)
    run(["docker", "stop", "--time", "1", *project.names(2)], "stop a clone")
    recovery = Recovering(project)
    recovery.look()
    time.sleep(SETTLE_SECONDS)

    def leads(ref: ServiceRef) -> bool:
        if project.leads(ref):
            run(["docker", "start", *project.names(2)], "start it behind the recovery's back")
        return project.leads(ref)

    recovery.look(leads)
    assert project.inspect(2)["State"]["Running"]
    assert project.recorder.of(Recovered) == []


@pytest.mark.parametrize(("stopped", "left"), [(True, [1]), (False, [1, 2])])
def test_the_removal_of_one_of_composes_own_is_finished_or_undone(
    project: Project, stopped: bool, left: list[int]
) -> None:
    """Nothing on such a container is ours but the name that it has until it is gone."""
    project.up({"web": {**PLAIN, "scale": 2}})
    run(["docker", "rename", *project.names(2), f"{project.names(2)[0]}.leaving"], "begin to remove it")
    if stopped:
        run(["docker", "stop", "--time", "1", f"{project.names(2)[0]}.leaving"], "stop it")
    successor = AfterTheCrash(project)
    successor.recover()
    successor.must_be_sound()
    assert project.containers() == project.names(*left)


def test_one_of_composes_own_that_goes_bears_that_name_until_it_is_gone(project: Project) -> None:
    slow = ["bash", "-c", 'trap "sleep 4; exit" TERM; while :; do sleep 0.2; done']
    project.up({"web": {**SLEEP, "scale": 2, "command": slow, "stop_grace_period": "30s"}})
    names: list[str] = []
    thread = threading.Thread(target=lambda: project.scale(1))
    thread.start()
    while thread.is_alive():
        names += project.containers()
    thread.join()
    assert f"{project.names(2)[0]}.leaving" in names
    assert project.containers() == project.names(1)
