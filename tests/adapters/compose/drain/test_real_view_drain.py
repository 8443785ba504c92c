"""The real engine, Traefik and Traefik's view: replicas of every kind go without loss, and come back."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from autoscaler.adapters.compose import labels as label
from autoscaler.adapters.compose.target import ComposeTarget
from autoscaler.adapters.compose.traefik_view import TraefikView
from autoscaler.config.compose_options import Drain
from autoscaler.events import DrainEnd, DrainEnded, DrainStarted
from deploy.lab import images
from tests.support.compose_project import Project
from tests.support.fakes import Recorder
from tests.support.gateway_site import SECRET, Site, traefik_view, under_load, wait_until, web
from tests.support.quick import BEHIND_TRAEFIK

pytestmark = pytest.mark.engine

ORIGINALS = 2
LONGEST_SECONDS = 1.0  # what Prometheus would say: requests take 50 ms


@pytest.fixture(scope="module")
def site(compose_command: list[str], engine_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    if not engine_url.startswith("unix://"):
        pytest.skip("the engine has no socket that could be mounted")
    images.ensure([images.TRAEFIK])
    directory = tmp_path_factory.mktemp("site")
    project = Project(compose_command, engine_url, directory, timing=BEHIND_TRAEFIK, drain=Drain())
    try:
        site = Site(project, view=traefik_view(engine_url, AUTOSCALER_TRAEFIK_VIEW_PROJECTS=project.name))
        site.up(web={**web(project.name, protocol="HTTP/1.1"), "scale": ORIGINALS})
        yield site
    finally:
        project.down()


@pytest.fixture
def recorder(site: Site) -> Recorder:
    site.project.recorder = Recorder()
    return site.project.recorder


def target(site: Site, recorder: Recorder) -> ComposeTarget:
    """A daemon's target that uses the view as soon as Traefik asks it."""
    url = f"http://{site.project.run('port', 'traefik-view', '9596').strip()}"
    wait_until(lambda: TraefikView(url, SECRET, emit=recorder.notify).problem() is None)
    view = TraefikView(url, SECRET, emit=recorder.notify, longest_request=lambda _: LONGEST_SECONDS)
    return site.project.target(view=view)


def patient(seconds: float) -> bool:
    time.sleep(seconds)
    return False


def ended(recorder: Recorder) -> list[DrainEnd]:
    return [event.end for event in recorder.of(DrainEnded)]


def test_clones_and_originals_go_under_load_and_no_request_is_lost(site: Site, recorder: Recorder) -> None:
    project, by_view = site.project, target(site, recorder)
    site.wait_for_servers(ORIGINALS)
    with under_load(site.url) as load:
        assert project.scale(4, target=by_view, pause=patient) == 4
        site.wait_for_servers(4)
        clone = project.inspect(4)["Config"]
        assert label.HEALTHCHECK not in clone["Labels"]
        assert not clone.get("Healthcheck")
        assert project.scale(1, target=by_view, pause=patient) == 1
        after = load.outcomes.total()
        wait_until(lambda: load.outcomes.total() > after + 50)
    assert load.failures == {}
    assert {event.how for event in recorder.of(DrainStarted)} == {"view"}
    assert ended(recorder) == [DrainEnd.IDLE] * 3
    assert project.containers() == project.names(1)


def test_what_is_wanted_again_is_shown_again(site: Site, recorder: Recorder) -> None:
    project, by_view = site.project, target(site, recorder)
    project.scale(3, target=by_view, pause=patient)
    ids = {project.inspect(number)["Id"] for number in (1, 2, 3)}
    order = project.order(1, patient)
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(by_view.scale, project.ref(), order)
        wait_until(lambda: len(recorder.of(DrainStarted)) == 2)
        assert order.raise_to(3)
        assert call.result(120) == 3
    assert {project.inspect(number)["Id"] for number in (1, 2, 3)} == ids
    assert ended(recorder) == [DrainEnd.TAKEN_BACK] * 2
    assert by_view.foreign.own_actions.now().at_work == frozenset()
    site.wait_for_servers(3)


@pytest.mark.parametrize("comes_back", [True, False])
def test_a_view_that_dies_during_a_drain_loses_no_request(site: Site, recorder: Recorder, comes_back: bool) -> None:
    project, by_view = site.project, target(site, recorder)
    project.scale(3, target=by_view, pause=patient)
    site.wait_for_servers(3)
    with under_load(site.url) as load, ThreadPoolExecutor(1) as pool:
        call = pool.submit(by_view.scale, project.ref(), project.order(2, patient))
        wait_until(lambda: len(recorder.of(DrainStarted)) == 1)
        project.run("kill", "traefik-view")
        if comes_back:
            project.run("start", "traefik-view")
        # Its port may be another one now: the daemon does not reach it, and takes the replica back.
        assert call.result(120) == 3
        project.run("start", "traefik-view")
        site.wait_for_servers(3)
    assert load.failures == {}
    assert ended(recorder) == [DrainEnd.TAKEN_BACK]
