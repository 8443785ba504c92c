"""A replica on which another container leans is not removed."""

from typing import Any

import pytest

from autoscaler.adapters.compose.drain.dependents import ids_with_dependents, with_dependents
from autoscaler.adapters.compose.listing import members
from autoscaler.adapters.compose.replicas import parse
from autoscaler.adapters.docker.engine import Engine
from autoscaler.config.compose_options import Drain
from tests.support.compose_project import SLEEP, Project
from tests.support.engine_answers import listed


@pytest.fixture(scope="session")
def drain() -> Drain:
    return Drain(enabled=False)


REPLICAS = parse([listed(1), listed(2)])


@pytest.mark.parametrize(
    ("host", "leans"),
    [
        pytest.param({"NetworkMode": "shop_default", "IpcMode": "private", "PidMode": ""}, False, id="on nobody"),
        pytest.param({"NetworkMode": "container:id2"}, True, id="by its network"),
        pytest.param({"IpcMode": "container:id2"}, True, id="by its shared memory"),
        pytest.param({"PidMode": "container:shop-users-2"}, True, id="by its processes, named by hand"),
        pytest.param({"VolumesFrom": ["id2:ro"]}, True, id="by its volumes"),
        pytest.param({"Links": ["/shop-users-2:/shop-api-1/users"]}, True, id="by a link of the default bridge"),
        pytest.param({"NetworkMode": "container:id22"}, False, id="on somebody else"),
    ],
)
def test_who_leans_on_a_replica(host: dict[str, Any], leans: bool) -> None:
    assert with_dependents(REPLICAS, [{"HostConfig": host}]) == (frozenset({"id2"}) if leans else frozenset())


@pytest.mark.engine
def test_scaling_in_leaves_the_replicas_on_which_others_lean(project: Project) -> None:
    web = {**SLEEP, "scale": 5, "ipc": "shareable", "volumes": ["/data"]}
    project.up({"web": web})
    five, four, three, two = (f"container:{name}" for name in project.names(5, 4, 3, 2))
    alone = {key: value for key, value in SLEEP.items() if key != "networks"}
    others = {
        "network": {**alone, "network_mode": five},
        "memory": {**SLEEP, "ipc": four},
        "processes": {**SLEEP, "pid": three},
        "volumes": {**SLEEP, "volumes_from": [two]},
    }
    project.up({"web": web, **others})
    assert project.scale(1) == 4
    assert project.containers() == project.names(2, 3, 4, 5)


@pytest.mark.engine
@pytest.mark.parametrize(
    "leaning",
    [
        pytest.param({"network_mode": "service:web"}, id="network"),
        pytest.param({"ipc": "service:web"}, id="memory"),
        pytest.param({"pid": "service:web"}, id="processes"),
        pytest.param({"volumes_from": ["web"]}, id="volumes"),
    ],
)
def test_whom_compose_means_by_service_is_leaned_on(project: Project, leaning: dict[str, Any]) -> None:
    other = {key: value for key, value in SLEEP.items() if key != "networks"} | leaning
    project.up({"web": {**SLEEP, "scale": 2, "ipc": "shareable", "volumes": ["/data"]}, "other": other})
    engine = Engine(project.engine_url, timeout_seconds=20.0, emit=project.recorder.notify)
    assert len(ids_with_dependents(engine, project.ref(), members(engine, project.ref()))) == 1
