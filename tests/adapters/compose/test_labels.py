"""Labels: what Compose counts as a replica, and what Traefik calls the service."""

import pytest

from autoscaler.adapters.compose.labels import is_replica, traefik_services, unmeasured

REPLICA = {
    "com.docker.compose.project": "shop",
    "com.docker.compose.service": "users",
    "com.docker.compose.container-number": "1",
    "com.docker.compose.config-hash": "abc",
    "com.docker.compose.oneoff": "False",
}


@pytest.mark.parametrize(
    ("change", "counted"),
    [
        pytest.param({}, True, id="a replica"),
        pytest.param({"com.docker.compose.oneoff": "True"}, False, id="docker compose run"),
        pytest.param({"com.docker.compose.hook": "pre_start"}, False, id="a hook"),
        pytest.param({"com.docker.compose.config-hash": None}, False, id="without a configuration hash"),
        pytest.param({"com.docker.compose.service": None}, False, id="without a service"),
        pytest.param({"com.docker.compose.container-number": "x"}, False, id="without a number"),
        pytest.param({"com.docker.compose.service": "My_svc.v-2"}, True, id="all that a name may have"),
        pytest.param({"com.docker.compose.service": "a\x1b[2J"}, False, id="a name that Compose cannot give"),
        pytest.param({"com.docker.compose.project": "<b>"}, False, id="a project that Compose cannot have"),
        pytest.param({"com.docker.compose.project": "a" * 1000}, False, id="a project that is too long"),
        pytest.param({"com.docker.compose.oneoff": None}, True, id="an old Compose, without the one-off label"),
    ],
)
def test_a_replica_is_what_compose_counts(change: dict[str, str | None], counted: bool) -> None:
    labels = {name: value for name, value in {**REPLICA, **change}.items() if value is not None}
    assert is_replica(labels) is counted


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        pytest.param({"traefik.http.services.users.loadbalancer.server.port": "80"}, ["users@docker"], id="one label"),
        pytest.param({"Traefik.HTTP.Services.Users.x": "1"}, ["Users@docker"], id="labels know no case"),
        pytest.param(
            {"traefik.http.services.b.x": "1", "traefik.http.services.a.x": "1"}, ["a@docker", "b@docker"], id="several"
        ),
        pytest.param({"traefik.http.routers.users.rule": "x"}, ["users-shop@docker"], id="Traefik's default"),
        pytest.param({"traefik.http.services.\u202ex.y": "1"}, ["users-shop@docker"], id="not an invisible name"),
        pytest.param(
            {"com.docker.compose.service": "my_svc", "com.docker.compose.project": "ecolab_x"},
            ["my-svc-ecolab-x@docker"],
            id="the default with other characters",
        ),
    ],
)
def test_the_names_in_traefik(labels: dict[str, str], names: list[str]) -> None:
    assert list(traefik_services({**REPLICA, **labels})) == names


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        pytest.param({"traefik.http.routers.web.rule": "PathPrefix(`/`)"}, None, id="a router"),
        pytest.param({"traefik.enable": "true"}, None, id="Traefik's default router"),
        pytest.param({"traefik.http.routers.web.observability.metrics": "true"}, None, id="a router that is counted"),
        pytest.param(
            {"traefik.http.routers.Web.observability.metrics": "False"},
            "the label traefik.http.routers.Web.observability.metrics=false keeps Traefik from counting",
            id="a router that is not counted",
        ),
        pytest.param(
            {"traefik.tcp.routers.db.rule": "HostSNI(`*`)", "traefik.tcp.services.db.loadbalancer.server.port": "5432"},
            "Traefik routes TCP to it, of which it counts no requests",
            id="TCP",
        ),
        pytest.param({"traefik.udp.services.dns.loadbalancer.server.port": "53"}, "routes UDP to it", id="UDP"),
        pytest.param(
            {"traefik.tcp.routers.db.rule": "HostSNI(`*`)", "traefik.http.routers.db.rule": "Path(`/`)"},
            None,
            id="TCP beside HTTP",
        ),
    ],
)
def test_what_traefik_does_not_count_is_said(labels: dict[str, str], words: str | None) -> None:
    why = unmeasured({**REPLICA, **labels})
    assert (why is None) if words is None else (why is not None and words in why)
