"""The real engine and Compose: what cannot be scaled is refused, with what to change, before anything is made."""

import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from autoscaler.errors import TargetRefused
from deploy.lab import images
from deploy.lab.shell import run
from tests.support.compose_project import SLEEP, Project
from tests.support.own_share import free_range, subnet

pytestmark = pytest.mark.engine

HOST = {key: value for key, value in SLEEP.items() if key != "networks"} | {"network_mode": "host"}


def services(network: str, socket: str) -> dict[str, dict[str, Any]]:
    return {
        "named": {**SLEEP, "container_name": f"autoscaler-unit-{secrets.token_hex(3)}"},
        "port": {**SLEEP, "ports": [f"127.0.0.1:{free_range(1)}:80"]},
        "ipv4": {**SLEEP, "networks": {"fixed": {"ipv4_address": f"{network}.5"}}},
        "mac": {**SLEEP, "mac_address": "02:42:ac:11:99:99"},
        "listens-on-host": {**HOST, "expose": ["8000"]},
        "routed-on-host": {**HOST, "labels": {"traefik.http.routers.x.rule": "Path(`/x`)"}},
        "works-on-host": HOST,
        "guard": {**SLEEP, "volumes": [f"{socket}:/var/run/docker.sock"]},
        "daemon": {**SLEEP, "labels": {"io.traefik-autoscaler.role": "daemon"}},
        "traefik": {"image": images.TRAEFIK, "command": ["--entrypoints.web.address=:8000"]},
    }


@pytest.fixture(scope="module")
def stack(compose_command: list[str], engine_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    if not engine_url.startswith("unix://"):
        pytest.skip("the engine has no socket that could be mounted")
    images.ensure([images.TRAEFIK])
    project = Project(compose_command, engine_url, tmp_path_factory.mktemp("obstacles"))
    network = subnet()
    fixed = {"ipam": {"config": [{"subnet": f"{network}.0/24"}]}}
    try:
        project.up(services(network, engine_url.removeprefix("unix://")), networks={"fixed": fixed})
        yield project
    finally:
        project.down()


@pytest.mark.parametrize(
    ("service", "reason"),
    [
        ("named", "remove container_name from the Compose file"),
        ("port", r"publishes 80/tcp on the fixed host port \d+; publish a range"),
        ("ipv4", r"static address 10\.\d+\.\d+\.5 in network .*_fixed; let the engine choose one"),
        ("mac", "fixed MAC address 02:42:ac:11:99:99; let the engine choose one"),
        ("listens-on-host", "exposes 8000/tcp and has network_mode: host.*give it a network of its own"),
        ("routed-on-host", "is served by Traefik and has network_mode: host.*give it a network of its own"),
        ("guard", r"has the engine's socket .*docker\.sock.*by TCP through a guard"),
        ("daemon", "is the autoscaler itself; remove it from the policy"),
        ("traefik", "is Traefik.*remove it from the policy"),
    ],
)
def test_it_is_refused(stack: Project, service: str, reason: str) -> None:
    api = run(["docker", "version", "--format", "{{.Server.APIVersion}}"], "ask").strip()
    if service == "mac" and tuple(map(int, api.split("."))) < (1, 44):
        pytest.skip("needs API 1.44: with an older one Compose does not set the address")
    before = stack.containers(service)
    with pytest.raises(TargetRefused, match=rf"{service} cannot be scaled: .*{reason}"):
        stack.scale(2, service)
    assert stack.containers(service) == before


def test_a_worker_on_the_hosts_network_is_scaled(stack: Project) -> None:
    assert stack.scale(2, "works-on-host") == 2
