"""The view before the real engine and the real Traefik."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from autoscaler.config.compose_options import Drain
from deploy.lab import images
from deploy.lab.shell import run
from tests.support.compose_project import Project
from tests.support.gateway_site import SECRET, SERVER, Site, traefik_view, under_load, wait_until, web

pytestmark = pytest.mark.engine

REPLICAS = 3
AUTHORIZED = {"Authorization": f"Bearer {SECRET}"}
MOST_MEGABYTES = 40
MOST_CPU_SECONDS = 0.002  # of a call
# It listens late. After SIGTERM it serves on, for much longer than Traefik's throttle.
GENTLE = """\
import os, signal, threading, time
time.sleep(2)
signal.signal(signal.SIGTERM, lambda *_: threading.Timer(8, os._exit, (0,)).start())
"""


@pytest.fixture(scope="module")
def site(compose_command: list[str], engine_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    if not engine_url.startswith("unix://"):
        pytest.skip("the engine has no socket that could be mounted")
    images.ensure([images.TRAEFIK])
    project = Project(compose_command, engine_url, tmp_path_factory.mktemp("site"), drain=Drain())
    view = traefik_view(engine_url, AUTOSCALER_TRAEFIK_VIEW_PROJECTS=project.name)
    try:
        site = Site(project, view=view)
        site.up(web={**web(project.name), "command": ["python3", "-c", GENTLE + SERVER], "scale": REPLICAS})
        yield site
    finally:
        project.down()


class Control:
    """The daemon's side of the view."""

    def __init__(self, site: Site) -> None:
        self._url = f"http://{site.project.run('port', 'traefik-view', '9596').strip()}"

    def hide(self, container: str, seconds: float = 30.0) -> dict[str, Any]:
        answer = httpx.put(f"{self._url}/hidden/{container}", json={"seconds": seconds}, headers=AUTHORIZED, timeout=60)
        assert answer.status_code == 200
        return dict(answer.json())

    def show(self, container: str) -> None:
        httpx.delete(f"{self._url}/hidden/{container}", headers=AUTHORIZED, timeout=60).raise_for_status()

    def whole(self) -> dict[str, Any]:
        """Return its account; nothing while it starts."""
        try:
            return dict(httpx.get(f"{self._url}/view", headers=AUTHORIZED, timeout=60).json())
        except httpx.TransportError:
            return {}


def settled(site: Site) -> Control:
    """Wait until all replicas serve and Traefik follows the view."""
    control = Control(site)
    site.wait_for_servers(REPLICAS)
    wait_until(lambda: control.whole().get("traefiks") == 1)
    return control


def test_traefik_sends_nothing_to_a_hidden_replica_and_again_when_it_is_shown(site: Site) -> None:
    control, one = settled(site), site.project.inspect(1)
    wait_until(lambda: control.hide(one["Id"])["looked_seconds"] is not None)
    wait_until(lambda: one["Config"]["Hostname"] not in site.servers())
    with ThreadPoolExecutor(8) as pool, httpx.Client() as client:
        answers = list(pool.map(lambda _: client.get(site.url, timeout=60), range(40)))
    assert {answer.status_code for answer in answers} == {200}
    assert one["Config"]["Hostname"] not in {answer.text for answer in answers}
    assert len({answer.text for answer in answers}) == REPLICAS - 1
    control.show(one["Id"])
    site.wait_for_servers(REPLICAS)


def test_without_a_renewal_everything_is_shown(site: Site) -> None:
    control, one = settled(site), site.project.inspect(1)
    assert control.hide(one["Id"], 6.0)["hidden"]
    assert control.whole()["hidden"] == {one["Id"]: "leaving"}
    wait_until(lambda: control.whole()["hidden"] == {})
    site.wait_for_servers(REPLICAS)


def test_restarting_a_replica_under_load_loses_no_request(site: Site) -> None:
    settled(site)
    with under_load(site.url) as load:
        wait_until(lambda: load.outcomes.total() > 50)
        run(["docker", "restart", *site.project.names(2)], "restart a replica")
        after = load.outcomes.total()
        wait_until(lambda: load.outcomes.total() > after + 100)
        wait_until(lambda: len(site.servers()) == REPLICAS)
    assert load.failures == {}


def test_the_view_may_be_killed_under_load_and_shows_everything_when_it_is_back(site: Site) -> None:
    control, one = settled(site), site.project.inspect(1)
    instance = control.hide(one["Id"])["instance"]
    with under_load(site.url) as load:
        wait_until(lambda: load.outcomes.total() > 50)
        site.project.run("kill", "traefik-view")
        site.project.run("start", "traefik-view")
        control = Control(site)
        wait_until(lambda: control.whole().get("traefiks") == 1)
        site.wait_for_servers(REPLICAS)  # it knows no order, and shows everything
        assert control.hide(one["Id"])["instance"] != instance
        wait_until(lambda: control.hide(one["Id"])["looked_seconds"] is not None)
        control.show(one["Id"])
    assert load.failures == {}


def test_traefik_may_be_restarted_and_sees_the_same(site: Site) -> None:
    control, one = settled(site), site.project.inspect(1)
    control.hide(one["Id"], 120.0)
    site.project.run("restart", "traefik")
    site.url = f"http://{site.project.run('port', 'traefik', '80').strip()}"
    site.wait_for_servers(REPLICAS - 1)
    wait_until(lambda: control.hide(one["Id"])["looked_seconds"] is not None)
    control.show(one["Id"])


def test_traefik_asks_for_nothing_that_is_refused_and_gets_neither_environment_nor_mounts(site: Site) -> None:
    settled(site)
    assert "view_refused" not in site.project.run("logs", "traefik-view")
    with httpx.Client(base_url=f"http://{site.project.run('port', 'traefik-view', '2375').strip()}") as client:
        for version in ("", "/v1.24", "/v1.41"):
            listed = client.get(f"{version}/containers/json?all=1").json()
            assert {each["State"] for each in listed} == {"running"}
            inspected = [client.get(f"{version}/containers/{each['Id']}/json").json() for each in listed]
            assert {container["Config"]["Labels"]["com.docker.compose.project"] for container in inspected} == {
                site.project.name
            }
            for container in inspected:
                assert set(container) == {"Id", "Name", "State", "Config", "HostConfig", "NetworkSettings"}
                assert set(container["Config"]) == {"Labels"}
                assert set(container["HostConfig"]) == {"NetworkMode"}
        for method, path in (
            ("POST", f"/containers/{listed[0]['Id']}/stop"),
            ("GET", "/info"),
            ("GET", "/images/json"),
        ):
            assert client.request(method, path).status_code == 403


def test_the_view_is_small(site: Site) -> None:
    settled(site)

    def read(path: str) -> str:
        return site.project.run("exec", "-T", "traefik-view", "cat", path)

    def cpu_ticks() -> int:
        return sum(map(int, read("/proc/1/stat").rpartition(")")[2].split()[11:13]))

    with httpx.Client(base_url=f"http://{site.project.run('port', 'traefik-view', '2375').strip()}") as client:
        before = cpu_ticks()
        for _ in range(300):
            client.get("/containers/json").raise_for_status()
        assert (cpu_ticks() - before) / 100 / 300 <= MOST_CPU_SECONDS
    kilobytes = int(read("/proc/1/status").partition("VmRSS:")[2].split()[0])
    assert kilobytes <= MOST_MEGABYTES * 1024
