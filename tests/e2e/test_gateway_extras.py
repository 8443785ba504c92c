"""Each extra of the gateway, turned on as an operator does, on the real Traefik; and that all are off by default."""

import json
import secrets
import shutil
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from ipaddress import ip_network
from pathlib import Path

import httpx
import pytest
from ruamel.yaml import YAML

from deploy.lab import images
from deploy.lab.gateway import kept_to, with_project
from deploy.lab.ports import free_ports
from deploy.lab.shell import run
from deploy.lab.stack import Stack
from tests.support.acme_server import ISSUER, Authority, serving
from tests.support.paths import ROOT

pytestmark = pytest.mark.engine

CONFIG = ROOT / "config"
GATEWAY = ("socket-guard-traefik", "traefik", "userservice")
ADMIN = ("admin", "change-me")


@contextmanager
def gateway(
    compose: list[str],
    tmp_path: Path,
    *services: str,
    environment: Mapping[str, str] | None = None,
    more: Sequence[Path] = (),
    project: str | None = None,
) -> Iterator[Stack]:
    """The gateway with one service behind it, under these lines of .env."""
    variables = {"DEMO_SLOTS": "20", **(environment or {})}
    override = tmp_path / "one-replica.yaml"
    override.write_text("services: {userservice: {deploy: {replicas: 1}}}\n", encoding="utf-8")
    project = project or new_project()
    stack = Stack(compose, project, variables, overrides=(override, kept_to(project, tmp_path), *more))
    images.ensure(images.STACK)
    try:
        stack.build()
        stack.run("up", "--detach", "--wait", *GATEWAY, *services)
        until(lambda: ask(stack) in {200, 429, 503})
        yield stack
    finally:
        stack.down()


def new_project() -> str:
    return f"autoscaler-gate-{secrets.token_hex(3)}"


def ask(stack: Stack) -> int:
    """The status of one request to the service."""
    try:
        return httpx.get(f"{stack.gateway}/api/users", verify=False, timeout=20, trust_env=False).status_code
    except httpx.TransportError:
        return 0


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def burst(stack: Stack, count: int) -> list[int]:
    """The statuses of so many requests at a time."""
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(lambda _: ask(stack), range(count)))


def test_nothing_is_limited_by_default_and_the_dashboard_asks_for_a_password(
    compose_command: list[str], tmp_path: Path
) -> None:
    with gateway(compose_command, tmp_path) as stack:
        assert 429 not in burst(stack, 20)
        assert ask(stack) == 200
        at = f"http://127.0.0.1:{stack.ports.dashboard}/api/rawdata"
        until(lambda: httpx.get(at, timeout=10, trust_env=False).status_code != 404)  # its routers come one by one
        assert httpx.get(at, timeout=10, trust_env=False).status_code == 401
        answer = httpx.get(at, auth=ADMIN, timeout=10, trust_env=False)
        assert answer.status_code == 200
        errors = [each for each in answer.json()["routers"].values() if each.get("error")]
        assert errors == []
        assert not [line for line in stack.run("logs", "traefik").splitlines() if '"level":"error"' in line]


def test_a_client_address_gets_429_beyond_its_rate_and_is_served_again_later(
    compose_command: list[str], tmp_path: Path
) -> None:
    with gateway(
        compose_command, tmp_path, environment={"RATE_LIMIT_PER_SECOND": "1", "RATE_LIMIT_BURST": "2"}
    ) as stack:
        assert 429 in burst(stack, 20)
        until(lambda: ask(stack) == 200)


def test_no_more_requests_are_in_flight_than_allowed(compose_command: list[str], tmp_path: Path) -> None:
    with gateway(
        compose_command, tmp_path, environment={"IN_FLIGHT_LIMIT": "3", "DEMO_SERVICE_TIME_MS": "2000"}
    ) as stack:
        assert {200, 429} <= set(burst(stack, 10))
        assert ask(stack) == 200


def test_the_circuit_breaker_opens_and_closes_again(compose_command: list[str], tmp_path: Path) -> None:
    """The service answers within 50 ms, and this breaker takes more than 1 ms for a reason to open."""
    with gateway(compose_command, tmp_path, environment={"CIRCUIT_BREAKER": "LatencyAtQuantileMS(50.0) > 1"}) as stack:
        until(lambda: ask(stack) == 503)
        until(lambda: ask(stack) == 200)


def test_a_certificate_is_got_by_acme_and_served(compose_command: list[str], tmp_path: Path) -> None:
    """With the stack's own file for ACME, but the test's domain, and the test's authority instead of the public one."""
    host, domain = where_containers_reach_this_machine(), "shop.test"
    (port,), project = free_ports(1), new_project()
    with serving(Authority(tmp_path, f"http://127.0.0.1:{port}"), host) as authority:
        static = (CONFIG / "traefik/traefik-acme.yaml").read_text(encoding="utf-8")
        ours = with_project(project, static.replace("shop.example.org", domain))
        trusted = "caCertificates: [/acme-server.pem]"
        ours = ours.replace("    acme:\n", f"    acme:\n      caServer: {authority.url}/directory\n      {trusted}\n")
        (tmp_path / "traefik.text").write_text(ours, encoding="utf-8")
        files = {"traefik.text": "/etc/traefik/traefik.yaml", "server.pem": "/acme-server.pem"}
        more = mounted(tmp_path, "traefik", files)
        variables = {"TRAEFIK_USER": "0:0", "WEB_PORT": str(port)}
        with gateway(compose_command, tmp_path, more=more, environment=variables, project=project) as stack:
            until(lambda: issuer(stack.ports.websecure, domain) == ISSUER, seconds=90)
    assert authority.domains == [domain]


def where_containers_reach_this_machine() -> str:
    """The first address of Docker's bridge; an engine that has not used it yet names no gateway."""
    network = ["docker", "network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Subnet}}"]
    return str(next(ip_network(run(network, "inspect the bridge").strip()).hosts()))


def mounted(directory: Path, service: str, files: Mapping[str, str]) -> list[Path]:
    """A Compose file that puts files of the directory into a service."""
    override = directory / f"{service}.override.yaml"
    volumes = json.dumps([f"{directory / name}:{at}:ro" for name, at in files.items()])
    override.write_text(f"services: {{{service}: {{volumes: {volumes}}}}}\n", encoding="utf-8")
    return [override]


def test_the_two_files_of_traefik_differ_in_acme_alone() -> None:
    plain, acme = (
        YAML(typ="safe", pure=True).load((CONFIG / f"traefik/{name}.yaml").read_text(encoding="utf-8"))
        for name in ("traefik", "traefik-acme")
    )
    del acme["certificatesResolvers"]
    acme["entryPoints"]["websecure"]["http"]["tls"] = {}
    assert plain == acme


def issuer(port: int, domain: str) -> str:
    """The common name of whoever signed the certificate that is served for a domain."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with (
            socket.create_connection(("127.0.0.1", port), 5) as raw,
            context.wrap_socket(raw, server_hostname=domain) as tls,
        ):
            certificate = ssl.DER_cert_to_PEM_cert(tls.getpeercert(binary_form=True) or b"")
    except OSError:
        return ""
    said = run(["openssl", "x509", "-noout", "-issuer", "-nameopt", "multiline"], "issuer", stdin=certificate)
    return said.partition("commonName")[2].partition("=")[2].strip()


def test_a_firing_alert_reaches_alertmanager(compose_command: list[str], tmp_path: Path) -> None:
    """With the stack's own configuration of Prometheus, and an alert that need not be waited for."""
    assert not images.ensure([images.ALERTMANAGER])
    rules = tmp_path / "prometheus" / "rules"
    rules.mkdir(parents=True)
    shutil.copy(CONFIG / "prometheus/prometheus.yaml", rules.parent)
    alert = {"alert": "Always", "expr": "vector(1)", "for": "15s"}  # by then Alertmanager has been found
    rule = {"groups": [{"name": "test", "interval": "1s", "rules": [alert]}]}
    (rules / "always.yaml").write_text(json.dumps(rule), encoding="utf-8")
    volumes = json.dumps([f"{rules.parent}:/etc/prometheus:ro", "prometheus:/prometheus"])
    override = f"services: {{prometheus: {{volumes: !override {volumes}}}}}\n"
    (tmp_path / "alerts.yaml").write_text(override, encoding="utf-8")
    more = (tmp_path / "alerts.yaml",)
    with gateway(
        compose_command, tmp_path, "prometheus", "alertmanager", more=more, environment={"COMPOSE_PROFILES": "alerts"}
    ) as stack:
        at = f"http://127.0.0.1:{stack.ports.alertmanager}/api/v2/alerts"
        until(lambda: "Always" in {alert["labels"]["alertname"] for alert in json.loads(text(at))}, seconds=150)


def text(url: str) -> str:
    """What is answered there, or an empty list as long as nobody answers."""
    try:
        return httpx.get(url, timeout=5, trust_env=False).text
    except httpx.TransportError:
        return "[]"
