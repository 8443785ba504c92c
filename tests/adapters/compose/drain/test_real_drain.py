"""The real engine and the real Traefik: removing replicas loses no request, and may be taken back."""

import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from autoscaler.config.compose_options import Drain
from autoscaler.events import DrainEnd, DrainEnded, DrainStarted
from deploy.lab import images
from tests.support.compose_project import Project
from tests.support.fakes import Recorder
from tests.support.gateway_site import Site, under_load, wait_until, web
from tests.support.quick import BEHIND_TRAEFIK

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def site(compose_command: list[str], engine_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    if not engine_url.startswith("unix://"):
        pytest.skip("the engine has no socket that could be mounted")
    images.ensure([images.TRAEFIK])
    project = Project(
        compose_command, engine_url, tmp_path_factory.mktemp("site"), timing=BEHIND_TRAEFIK, drain=Drain()
    )
    try:
        site = Site(project)
        sticky = "traefik.http.services.web.loadbalancer.sticky.cookie.name=server"
        kept = web(project.name, name="kept", path="/kept", protocol="HTTP/1.1")
        site.up(web=web(project.name, sticky), kept=kept)
        yield site
    finally:
        project.down()


@pytest.fixture
def recorder(site: Site) -> Recorder:
    """What is told from now on."""
    site.project.recorder = Recorder()
    return site.project.recorder


def patient(seconds: float) -> bool:
    time.sleep(seconds)
    return False


def met(client: httpx.Client, server: str) -> bool:
    """Begin a new session, and say whether it is with that server."""
    client.cookies.clear()
    return client.get("/").text == server


def ended(recorder: Recorder) -> list[DrainEnd]:
    return [event.end for event in recorder.of(DrainEnded)]


def test_removing_replicas_under_load_loses_no_request(site: Site, recorder: Recorder) -> None:
    project = site.project
    assert project.scale(4, pause=patient) == 4
    site.wait_for_servers(4)
    with under_load(site.url) as load:
        wait_until(lambda: load.outcomes.total() > 50)
        assert project.scale(1, pause=patient) == 1
        after = load.outcomes.total()
        wait_until(lambda: load.outcomes.total() > after + 50)
    assert load.failures == {}
    assert ended(recorder) == [DrainEnd.IDLE] * 3
    assert [event.connections for event in recorder.of(DrainEnded)] == [0, 0, 0]
    assert project.containers() == project.names(1)


def test_connections_that_are_kept_open_cost_time_and_no_request(site: Site, recorder: Recorder) -> None:
    project = site.project
    project.scale(2, "kept", pause=patient)
    site.wait_for_servers(2, "/kept")
    with under_load(f"{site.url}/kept") as load:
        wait_until(lambda: load.outcomes.total() > 50)
        assert project.scale(1, "kept", pause=patient, drain=Drain(timeout_seconds=3.0)) == 1
        after = load.outcomes.total()
        wait_until(lambda: load.outcomes.total() > after + 50)
    assert load.failures == {}
    assert ended(recorder) == [DrainEnd.TIMEOUT]
    assert (recorder.of(DrainEnded)[0].connections or 0) > 0


def test_traefik_tells_sessions_and_requests_of_a_service_and_not_of_a_server(site: Site) -> None:
    measured = [line for line in site.metrics().splitlines() if line.startswith("traefik_service_requests_total{")]
    labels = {name for line in measured for name in re.findall(r"[{,](\w+)=", line)}
    assert labels == {"code", "method", "protocol", "service"}


def test_a_long_request_is_waited_for(site: Site, recorder: Recorder) -> None:
    project = site.project
    project.scale(2, pause=patient)
    site.wait_for_servers(2)
    with ThreadPoolExecutor(4) as pool:
        long = [pool.submit(httpx.get, f"{site.url}/?seconds=9", timeout=120) for _ in range(4)]
        time.sleep(1)  # they are on their way to both replicas
        assert project.scale(1, pause=patient) == 1
        assert [call.result().status_code for call in long] == [200] * 4
    assert ended(recorder) == [DrainEnd.IDLE]
    assert recorder.of(DrainEnded)[0].duration_seconds > 5


def test_a_session_moves_to_another_server_when_its_own_is_drained(site: Site) -> None:
    project = site.project
    project.scale(2, pause=patient)
    site.wait_for_servers(2)
    going = project.inspect(2)["Config"]["Hostname"]
    with httpx.Client(base_url=site.url, timeout=60) as client:
        wait_until(lambda: met(client, going))
        before = client.cookies["server"]
        assert {client.get("/").text for _ in range(5)} == {going}
        assert project.scale(1, pause=patient) == 1
        answer = client.get("/")
        assert (answer.status_code, answer.text == going) == (200, False)
        assert client.cookies["server"] != before


def test_what_is_wanted_again_is_taken_back_and_not_made_anew(site: Site, recorder: Recorder) -> None:
    project = site.project
    project.scale(4, pause=patient)
    ids = {project.inspect(number)["Id"] for number in (1, 2, 3)}
    order = project.order(1, patient)
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(project.target().scale, project.ref(), order)
        wait_until(lambda: len(recorder.of(DrainStarted)) == 3)
        assert order.raise_to(3)
        assert call.result(120) == 3
    assert {project.inspect(number)["Id"] for number in (1, 2, 3)} == ids
    assert sorted(ended(recorder)) == [DrainEnd.IDLE, DrainEnd.TAKEN_BACK, DrainEnd.TAKEN_BACK]
    assert [event.replica for event in recorder.of(DrainEnded) if event.end is DrainEnd.IDLE] == project.names(4)
    site.wait_for_servers(3)


def test_a_drain_that_the_daemons_end_cuts_off_leaves_nothing_drained(site: Site, recorder: Recorder) -> None:
    project, stopping = site.project, threading.Event()
    project.scale(3, pause=patient)
    order = project.order(1, stopping.wait)
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(project.target().scale, project.ref(), order)
        wait_until(lambda: len(recorder.of(DrainStarted)) == 2)
        stopping.set()
        assert call.result(120) == 3
    assert ended(recorder) == [DrainEnd.TAKEN_BACK] * 2
    wait_until(lambda: project.target().observe().find(project.ref()).ready == 3)
