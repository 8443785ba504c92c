"""The real engine: which replicas can be drained and how, and that a clone's own healthcheck keeps its meaning."""

import json
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from autoscaler.adapters.compose.healthcheck import DIRECTORY, MARKER, unwrapped
from autoscaler.config.compose_options import Drain, HttpCall
from autoscaler.events import DrainEnd, DrainEnded, DrainStarted
from deploy.lab.shell import run
from tests.adapters.compose.clone.test_overlap import wait_until
from tests.support.compose_project import SLEEP, Project

pytestmark = pytest.mark.engine

QUICK = Drain(timeout_seconds=60.0, throttle_seconds=0.0)  # it ends when nobody is connected, long before
# Says that it can be told, and what it was told, and goes on.
LISTENS = """\
import http.server, os, signal
told = lambda *_: open("/told/it", "w").close()
signal.signal(signal.SIGUSR1, told)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        told()
        self.send_response(204 if self.path == "/drain" else 404)
        self.end_headers()
server = http.server.HTTPServer(("", 8000), Handler)
open("/tmp/listens", "w").close()
server.serve_forever()
"""
LISTENING: dict[str, Any] = {
    **SLEEP,
    "command": ["python3", "-c", LISTENS],
    "healthcheck": {"test": ["CMD", "test", "-e", "/tmp/listens"], "interval": "1s", "retries": 60},
}


def patient(seconds: float) -> bool:
    time.sleep(seconds)
    return False


def ended(project: Project, service: str = "web") -> list[tuple[str, DrainEnd]]:
    return [(event.replica, event.end) for event in project.recorder.of(DrainEnded) if event.service == service]


def health(project: Project, number: int) -> dict[str, Any]:
    found: dict[str, Any] = project.inspect(number)["State"]["Health"]
    return found


def side_by_side(project: Project, replicas: int, drains: Mapping[str, Drain]) -> None:
    """Bring several services to a count at the same time, each with its drain."""
    with ThreadPoolExecutor(len(drains)) as pool:
        list(pool.map(lambda name: project.scale(replicas, name, pause=patient, drain=drains[name]), drains))


@pytest.fixture(scope="module")
def hardened(
    compose_command: list[str], engine_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Project]:
    """A project of which every service has had a second replica that was drained."""
    project = Project(compose_command, engine_url, tmp_path_factory.mktemp("hardened"))
    alone = {key: value for key, value in SLEEP.items() if key != "networks"}
    strict = {
        "read_only": True,
        "user": "12345:12345",
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
    }
    services = {
        "strict": {**SLEEP, **strict},
        "own-run": {**SLEEP, "tmpfs": ["/run", "/tmp"], "pids_limit": 20, "healthcheck": {"disable": True}},
        "offline": {**alone, "network_mode": "none"},
    }
    try:
        project.up(services)
        for replicas in (2, 1):
            side_by_side(project, replicas, dict.fromkeys(services, QUICK))
        yield project
    finally:
        project.down()


@pytest.mark.parametrize(
    "service",
    [
        pytest.param("strict", id="read-only, without root and rights"),
        pytest.param("own-run", id="its own /run"),
        pytest.param("offline", id="without a network"),
    ],
)
def test_a_hardened_replica_is_drained(hardened: Project, service: str) -> None:
    assert ended(hardened, service) == [(hardened.names(2, service=service)[0], DrainEnd.IDLE)]
    assert hardened.containers(service) == hardened.names(1, service=service)


def test_an_own_healthcheck_that_fails_later_is_bad_after_its_retries(project: Project) -> None:
    check = {"test": ["CMD-SHELL", 'echo "looked at $$0"; test ! -e /tmp/bad'], "interval": "2s", "retries": 3}
    project.up({"web": {**SLEEP, "healthcheck": check}})
    project.scale(2, pause=patient)
    broken_at = time.monotonic()  # or later
    run(["docker", "exec", *project.names(2), "touch", "/tmp/bad"], "break it")
    wait_until(lambda: health(project, 2)["Status"] == "unhealthy")
    assert time.monotonic() - broken_at >= 2 * 2.0
    said = "".join(entry["Output"] for entry in health(project, 2)["Log"])
    assert "looked at /bin/sh\n" in said
    assert "has failed 3 times in a row" in said
    run(["docker", "exec", *project.names(2), "rm", "/tmp/bad"], "mend it")
    wait_until(lambda: health(project, 2)["Status"] == "healthy")


def test_a_new_replica_is_found_ready_before_its_own_interval_is_over(project: Project) -> None:
    project.write({"web": {**SLEEP, "healthcheck": {"test": ["CMD", "true"], "interval": "60s"}}})
    project.run("up", "--detach")
    started = time.monotonic()
    assert project.scale(2, pause=patient, start_timeout_seconds=50.0) == 2
    assert time.monotonic() - started < 50


def test_a_clone_of_a_clone_has_the_services_own_healthcheck_once(project: Project) -> None:
    check = {"test": ["CMD-SHELL", "true"], "interval": "2s", "retries": 5}
    project.up({"web": {**SLEEP, "healthcheck": check}})
    project.scale(2, pause=patient)
    run(["docker", "rm", "--force", *project.names(1)], "remove the original")
    project.scale(2, pause=patient)
    first, second = (project.inspect(number) for number in (2, 3))
    assert first["Config"]["Healthcheck"] == second["Config"]["Healthcheck"]
    assert list(second["HostConfig"]["Tmpfs"]) == [DIRECTORY]
    assert unwrapped(second)["Config"]["Healthcheck"]["Retries"] == 5
    assert project.scale(1, pause=patient, drain=QUICK) == 1
    assert ended(project) == [(project.names(3)[0], DrainEnd.IDLE)]


def test_a_stop_forgets_that_a_replica_was_drained(plain: Project) -> None:
    plain.scale(2, pause=patient)
    run(["docker", "exec", *plain.names(2), "touch", MARKER], "drain it")
    wait_until(lambda: health(plain, 2)["Status"] == "unhealthy")
    assert health(plain, 2)["Log"][-1]["Output"] == "draining: 0 open connections\n"
    run(["docker", "restart", "--time", "1", *plain.names(2)], "restart it")
    wait_until(lambda: health(plain, 2)["Status"] == "healthy")


def test_an_original_whose_own_healthcheck_looks_for_the_marker_is_drained(project: Project) -> None:
    check = {"test": ["CMD-SHELL", f"[ ! -e {MARKER} ] && true"], "interval": "1s", "retries": 1}
    project.up({"web": {**SLEEP, "scale": 2, "user": "12345", "healthcheck": check}})
    project.scale(1, pause=patient, drain=Drain(timeout_seconds=1.0, throttle_seconds=0.0))
    assert [event.how for event in project.recorder.of(DrainStarted)] == ["healthcheck"]
    assert ended(project) == [(project.names(2)[0], DrainEnd.TIMEOUT)]  # its own test tells nothing of connections


WAYS: dict[str, dict[str, Any]] = {
    "command": {"command": ("touch", "/told/it")},
    "signal": {"signal": "SIGUSR1"},
    "http": {"http": HttpCall(8000, "/drain", "POST")},
}


@pytest.fixture(scope="module")
def told(compose_command: list[str], engine_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project of which every service has had a second original that was drained in its way."""
    project = Project(compose_command, engine_url, tmp_path_factory.mktemp("told"))
    services = {way: {**LISTENING, "scale": 2, "volumes": [f"{way}:/told"]} for way in WAYS}
    drains = {way: Drain(timeout_seconds=2.0, throttle_seconds=0.0, **facts) for way, facts in WAYS.items()}
    try:
        project.up(services, volumes=dict.fromkeys(WAYS))
        side_by_side(project, 1, drains)
        yield project
    finally:
        project.down()


@pytest.mark.parametrize("way", WAYS)
def test_an_original_is_drained_as_the_policy_says(told: Project, way: str) -> None:
    assert [event.how for event in told.recorder.of(DrainStarted) if event.service == way] == [way]
    assert ended(told, way) == [(told.names(2, service=way)[0], DrainEnd.TIMEOUT)]
    assert told.run("exec", way, "ls", "/told").strip() == "it"


def test_what_cannot_be_drained_is_stopped_and_that_is_told(project: Project) -> None:
    project.up({"web": {**SLEEP, "scale": 2}})
    assert project.scale(1, pause=patient) == 1
    (told,) = project.recorder.of(DrainEnded)
    assert (told.end, told.why) == (DrainEnd.NONE, "neither its healthcheck nor its policy has a drain")


def test_a_command_that_fails_is_told_and_the_replica_goes(project: Project) -> None:
    project.up({"web": {**SLEEP, "scale": 2}})
    assert project.scale(1, pause=patient, drain=Drain(command=("false",))) == 1
    assert project.recorder.of(DrainStarted) == []
    assert ended(project) == [(project.names(2)[0], DrainEnd.NONE)]


def test_with_the_drain_switched_off_clones_keep_the_services_own_healthcheck(plain: Project) -> None:
    off = Drain(enabled=False)
    plain.scale(2, drain=off)
    assert "Healthcheck" not in plain.inspect(2)["Config"]
    assert json.dumps(plain.inspect(2)).count(DIRECTORY) == 0
    assert plain.scale(1, drain=off) == 1
    assert plain.recorder.of(DrainEnded) == []
