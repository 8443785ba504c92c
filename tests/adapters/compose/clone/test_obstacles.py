"""What forbids a second container like the first: each with a reason that says what to change."""

from typing import Any

import pytest

from autoscaler.adapters.compose.clone.obstacles import obstacle, update_under_way
from autoscaler.adapters.compose.replicas import parse
from tests.support.engine_answers import clone, inspected, listed


def ports(*host_ports: str) -> dict[str, Any]:
    return {"PortBindings": {"80/tcp": [{"HostIp": "", "HostPort": port} for port in host_ports]}}


def labelled(**labels: str) -> dict[str, Any]:
    return {"Labels": {**inspected()["Config"]["Labels"], **{name.replace("__", "."): labels[name] for name in labels}}}


def address(**ipam: str) -> dict[str, Any]:
    return {"Networks": {"shop_default": {"IPAMConfig": ipam}}}


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        pytest.param(inspected(), None, id="nothing"),
        pytest.param(inspected(Name="/shop_users_1"), None, id="an old separator"),
        pytest.param(inspected(HostConfig=ports("", "0", "8000-8010")), None, id="ephemeral ports and ranges"),
        pytest.param(inspected(HostConfig=ports("8000-8000")), "fixed host port 8000", id="a range of one"),
        pytest.param(inspected(HostConfig={"NetworkMode": "host"}), None, id="a worker in the host's network"),
        pytest.param(
            inspected(HostConfig={"NetworkMode": "host"}, Config={"ExposedPorts": {"81/udp": {}, "80/tcp": {}}}),
            "exposes 80/tcp, 81/udp and has network_mode: host",
            id="what listens in the host's network",
        ),
        pytest.param(
            inspected(HostConfig={"NetworkMode": "host"}, Config=labelled(traefik__http__routers__users__rule="x")),
            "is served by Traefik and has network_mode: host",
            id="what Traefik serves in the host's network",
        ),
        pytest.param(
            inspected(HostConfig={"NetworkMode": "container:abc"}, Config=labelled(traefik__enable="true")),
            "has the network of another container",
            id="what Traefik serves in another container's network",
        ),
        pytest.param(inspected(HostConfig={"NetworkMode": "container:abc"}), None, id="a worker in another's network"),
        pytest.param(inspected(Name="/users"), "remove container_name", id="a name of its own"),
        pytest.param(inspected(HostConfig=ports("8080")), "80/tcp on the fixed host port 8080", id="a fixed port"),
        pytest.param(
            inspected(NetworkSettings=address(IPv4Address="10.0.0.5")), "static address 10.0.0.5", id="a static address"
        ),
        pytest.param(inspected(NetworkSettings=address(IPv6Address="fd::5")), "static address fd::5", id="IPv6, too"),
        pytest.param(inspected(Config={"MacAddress": "02:42:ac:11:00:99"}), "fixed MAC address", id="a fixed MAC"),
        pytest.param(inspected(HostConfig={"AutoRemove": True}), "start it without --rm", id="--rm"),
        pytest.param(
            inspected(Config={"Labels": {**inspected()["Config"]["Labels"], "com.docker.swarm.task.id": "x"}}),
            "task of a Swarm service",
            id="a Swarm task",
        ),
        pytest.param(
            inspected(Config=labelled(**{"io.traefik-autoscaler.role": "daemon"})),
            "it is the autoscaler itself",
            id="the autoscaler",
        ),
        pytest.param(
            inspected(Config=labelled(**{"org.opencontainers.image.title": "Traefik"})), "it is Traefik", id="Traefik"
        ),
        pytest.param(
            inspected(Path="/entrypoint.sh", Args=["traefik", "--ping"]), "it is Traefik", id="Traefik by its program"
        ),
        pytest.param(inspected(Path="/usr/local/bin/traefik"), "it is Traefik", id="Traefik of another image"),
        pytest.param(inspected(Path="sh", Args=["-c", "run traefik"]), None, id="what only speaks of Traefik"),
        pytest.param(
            inspected(Mounts=[{"Source": "/srv"}, {"Source": "/run/docker.sock", "Destination": "/engine"}]),
            "it has the engine's socket /run/docker.sock",
            id="a guard of the socket",
        ),
    ],
)
def test_obstacle(template: dict[str, Any], reason: str | None) -> None:
    found = obstacle(template)
    assert found is None if reason is None else reason in str(found)


@pytest.mark.parametrize(
    ("containers", "reason"),
    [
        pytest.param([listed(1), clone(2)], None, id="all the same"),
        pytest.param([listed(1), listed(2, ImageID="sha256:2")], "differ in configuration or image", id="two images"),
        pytest.param(
            [listed(1), listed(2, labels={"com.docker.compose.config-hash": "def"})],
            "differ in configuration or image",
            id="two configurations",
        ),
        pytest.param(
            [listed(1), listed(2, Names=["/0123456789ab_shop-users-2"])], "recreating a replica", id="a recreation"
        ),
        pytest.param(
            [listed(1), listed(2, ImageID="sha256:2", State="exited", Status="Exited (0)")],
            None,
            id="what is stopped does not count",
        ),
    ],
)
def test_an_update_under_way_is_waited_out(containers: list[dict[str, Any]], reason: str | None) -> None:
    found = update_under_way(parse(containers))
    assert found is None if reason is None else reason in str(found)
