"""`load-test` through a real Traefik: services that name their replicas, that only have sticky cookies, or neither."""

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from deploy.lab import images
from tests.support.command import autoscaler
from tests.support.compose_project import Project
from tests.support.paths import ROOT

pytestmark = pytest.mark.engine

DEMO = ROOT / "deploy/demo-service/server.py"


def labels(name: str, rule: str, *more: str, port: int = 8000, entry: str = "web") -> list[str]:
    return [
        "traefik.enable=true",
        f"traefik.http.routers.{name}.rule={rule}",
        f"traefik.http.routers.{name}.entrypoints={entry}",
        f"traefik.http.services.{name}.loadbalancer.server.port={port}",
        *more,
    ]


def sticky(name: str) -> str:
    return f"traefik.http.services.{name}.loadbalancer.sticky.cookie.name={name}_replica"


def service(command: list[str], *labelled: str, replicas: int = 2) -> dict[str, Any]:
    return {
        "image": images.PYTHON,
        "init": True,
        "command": command,
        "environment": {"SERVICE_TIME_MS": "1"},
        "volumes": [f"{DEMO}:/server.py:ro"],
        "networks": ["default"],
        "deploy": {"replicas": replicas},
        "labels": list(labelled),
    }


def traefik(project: str) -> dict[str, Any]:
    return {
        "image": images.TRAEFIK,
        "command": [
            "--providers.docker.exposedByDefault=false",
            f"--providers.docker.constraints=Label(`com.docker.compose.project`,`{project}`)",
            "--entryPoints.web.address=:9000",
            "--entryPoints.websecure.address=:9443",
            "--entryPoints.websecure.http.tls=true",
        ],
        "volumes": ["/var/run/docker.sock:/var/run/docker.sock:ro"],
        "ports": ["127.0.0.1::9000", "127.0.0.1::9443"],
        "networks": ["default"],
    }


NAMING, NAMELESS = ["python3", "/server.py"], ["python3", "-m", "http.server", "8000", "--directory", "/srv"]


@pytest.fixture(scope="module")
def site(
    compose_command: list[str], engine_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """A project behind a Traefik of its own, and what the command must know of it."""
    if images.ensure([images.TRAEFIK]):
        pytest.skip("Traefik is not to be had here")
    project = Project(compose_command, engine_url, tmp_path_factory.mktemp("site"))
    try:
        project.up(
            {
                "traefik": traefik(project.name),
                "web": service(NAMING, *labels("web", "PathPrefix(`/web`)"), replicas=3),
                "shop": service(
                    NAMELESS, *labels("shop", "Host(`shop.example`) && Path(`/`)", sticky("shop"), entry="websecure")
                ),
                "mute": service(NAMELESS, *labels("mute", "Host(`mute.example`)")),
                "odd": service(NAMELESS, *labels("odd", "HostRegexp(`.+`) && Method(`PUT`)"), replicas=1),
            }
        )
        wait_for_routes(project)
        yield {
            "AUTOSCALER_CONFIG": "/nowhere.yaml",
            "AUTOSCALER_COMPOSE_PROJECT": project.name,
            "AUTOSCALER_DOCKER_URL": engine_url,
        }
    finally:
        project.down()


def wait_for_routes(project: Project) -> None:
    """Wait until Traefik answers for each service with all its replicas there."""
    port = project.run("port", "traefik", "9000").strip().rpartition(":")[2]
    deadline = time.monotonic() + 60
    seen: set[str] = set()
    while time.monotonic() < deadline:
        try:
            web = httpx.get(f"http://127.0.0.1:{port}/web", timeout=5, trust_env=False)
            mute = httpx.get(f"http://127.0.0.1:{port}/", headers={"Host": "mute.example"}, timeout=5, trust_env=False)
        except httpx.TransportError:
            continue
        if web.is_success and mute.is_success:
            seen.add(web.headers["X-Replica"])
            if len(seen) == 3:
                return
        time.sleep(0.05)
    pytest.fail("Traefik does not route within 60 s")


def load_test(site: dict[str, str], name: str, *options: str) -> tuple[int, dict[str, Any]]:
    done = autoscaler("load-test", name, "--delay", "0s", "--json", *options, **site)
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


def names(site: dict[str, str], service: str, count: int) -> list[str]:
    return [f"{site['AUTOSCALER_COMPOSE_PROJECT']}-{service}-{number}" for number in range(1, count + 1)]


def test_a_service_that_names_its_replicas_is_seen_to_be_balanced(site: dict[str, str]) -> None:
    code, told = load_test(site, "web", "--requests", "60", "--concurrency", "3")
    assert (code, told["ok"], told["balance"], told["host"]) == (0, 60, "balanced", None)
    assert sorted(told["replicas"]) == names(site, "web", 3)
    assert sum(told["replicas"].values()) == 60
    assert told["told_by"] == "the replica's name, id or address in the answers"
    assert 0 < told["latency_seconds"]["p50"] <= told["latency_seconds"]["p95"] <= told["latency_seconds"]["p99"]


def test_it_prints_a_bar_for_each_replica_and_a_verdict(site: dict[str, str]) -> None:
    done = autoscaler("load-test", "web", "--delay", "0s", "--requests", "30", **site)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("█") > 3
    last = done.stdout.splitlines()[-1]
    assert last.startswith("✓ 30/30 ok | p95 ")
    replicas = [re.escape(name) for name in names(site, "web", 3)]
    counted = re.search(" / ".join(rf"{name} (\d+)" for name in replicas) + " → balanced$", last)
    assert counted
    assert sum(map(int, counted.groups())) == 30


def test_any_service_with_sticky_cookies_can_be_told_apart_without_its_help(site: dict[str, str]) -> None:
    code, told = load_test(site, "shop", "--requests", "30", "--no-cookies", "--insecure")
    assert (code, told["balance"], told["told_by"]) == (0, "balanced", "the value of the sticky cookie")
    assert (told["host"], told["url"].startswith("https://127.0.0.1:")) == ("shop.example", True)
    assert sorted(told["replicas"]) == names(site, "shop", 2)


def test_a_kept_sticky_cookie_is_told_from_a_bad_balance(site: dict[str, str]) -> None:
    code, told = load_test(site, "shop", "--requests", "30", "--insecure")
    (replica,) = [name for name, count in told["replicas"].items() if count]
    assert (code, told["balance"]) == (0, "sticky")
    assert told["verdict"] == f"sticky: all 30 requests went to {replica}, as the cookie says"


def test_replicas_that_nothing_names_are_honestly_not_told_apart(site: dict[str, str]) -> None:
    code, told = load_test(site, "mute", "--requests", "5")
    assert (code, told["ok"], told["balance"], told["replicas"]) == (0, 5, "unknown", {})
    assert told["verdict"] == "cannot distinguish the replicas: nothing in the answers names them"


def test_a_path_that_is_not_there_fails(site: dict[str, str]) -> None:
    code, told = load_test(site, "mute", "--requests", "3", "--path", "/nothing")
    assert (code, told["ok"], told["problems"], told["passed"]) == (1, 0, {"HTTP 404": 3}, False)


def test_an_untrusted_certificate_fails_and_says_what_to_do(site: dict[str, str]) -> None:
    code, told = load_test(site, "shop", "--requests", "2")
    assert code == 1
    assert told["problems"] == {"the gateway's certificate is not trusted; --insecure takes any": 2}


def test_a_gateway_that_is_not_there_fails(site: dict[str, str]) -> None:
    code, told = load_test(site, "web", "--requests", "2", "--url", "http://127.0.0.1:9/web")
    assert (code, told["problems"]) == (1, {"refused": 2})


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (
            ["odd"],
            2,
            "the rule HostRegexp(`.+`) && Method(`PUT`) asks for more than a host and a path; name the gateway",
        ),
        (["traefik"], 2, "the service has no label traefik.http.routers.NAME.rule; name the gateway and the path with"),
        (["web", "--path", "web"], 2, "--path must begin with a slash, such as /api/users, not 'web'"),
        (["web", "--url", "gateway"], 2, "--url must be a URL such as"),
        (["web", "--delay", "1"], 2, "--delay must be a duration: a number with a unit"),
        (["wbe"], 1, "no Compose service"),
    ],
)
def test_what_it_cannot_know_it_says(site: dict[str, str], arguments: list[str], code: int, message: str) -> None:
    done = autoscaler("load-test", *arguments, **site)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith(f"error: {message}")
