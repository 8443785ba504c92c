"""The real HAProxy in front of the real engine lets through exactly what it should: found out by calling."""

import secrets
import time
from collections.abc import Iterator
from http.client import HTTPConnection

import httpx
import pytest

from autoscaler.adapters.docker.engine import Engine
from autoscaler.adapters.leadership.leases import Leases
from autoscaler.adapters.leadership.volume_store import LEASE, LeaseVolumes
from deploy.lab import images
from deploy.lab.ports import free_ports
from deploy.lab.shell import run
from tests.support.fakes import Recorder
from tests.support.paths import ROOT

pytestmark = pytest.mark.engine

CONFIG = ROOT / "config/haproxy"
# 404 and 400 are the engine's own answers: the call went through.
PASSED = {200, 201, 204, 304, 400, 404, 409}


@pytest.fixture(scope="module", params=["traefik", "autoscaler"])
def guard(request: pytest.FixtureRequest, engine_url: str) -> Iterator[tuple[str, str]]:
    """A guard as in the stack: root without capabilities, read-only. Yields its client's name and its address."""
    if not engine_url.startswith("unix://"):
        pytest.skip("the engine has no socket that could be mounted")
    images.ensure([images.HAPROXY])
    (port,) = free_ports(1)
    name = f"autoscaler-test-guard-{secrets.token_hex(3)}"
    volumes = [
        f"{CONFIG}/{request.param}.cfg:/usr/local/etc/haproxy/haproxy.cfg:ro",
        f"{engine_url.removeprefix('unix://')}:/var/run/docker.sock",
    ]
    hardened = ["--user", "0:0", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges:true"]
    mounts = [word for volume in volumes for word in ("--volume", volume)]
    publish = ["--publish", f"127.0.0.1:{port}:2375"]
    run(["docker", "run", "--detach", "--name", name, *hardened, *mounts, *publish, images.HAPROXY], "start the guard")
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_up(url)
        yield request.param, url
    finally:
        run(["docker", "rm", "--force", name], "remove the guard")


def _wait_until_up(url: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            httpx.get(f"{url}/version", timeout=5).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("the guard did not come up")


@pytest.mark.parametrize(
    ("call", "clients"),
    [
        ("GET /version", {"traefik", "autoscaler"}),
        ("GET /v1.41/version", {"traefik", "autoscaler"}),
        ("GET /v1.41/containers/json?all=1", {"traefik", "autoscaler"}),
        ("GET /v1.41/containers/no-such-one/json", {"traefik", "autoscaler"}),
        ("GET /v1.41/events?until=1", {"traefik", "autoscaler"}),
        ("GET /v1.41/events/more", set()),
        ("POST /v1.41/events", set()),
        ("GET /_ping", {"traefik"}),
        ("HEAD /_ping", {"traefik"}),
        ("GET /v1.41/images/no-such/image:tag/json", {"autoscaler"}),
        ("GET /v1.41/containers/no-such-one/logs?stdout=1", {"autoscaler"}),
        ("POST /v1.41/containers/create?name=x", {"autoscaler"}),
        ("POST /v1.41/containers/no-such-one/start", {"autoscaler"}),
        ("POST /v1.41/containers/no-such-one/stop?t=1", {"autoscaler"}),
        ("POST /v1.41/networks/no-such-one/connect", {"autoscaler"}),
        ("DELETE /v1.41/containers/no-such-one?v=1", {"autoscaler"}),
        ("POST /v1.41/containers/no-such-one/exec", {"autoscaler"}),
        ("POST /v1.41/exec/0123abcdef/start", {"autoscaler"}),
        ("GET /v1.41/exec/0123abcdef/json", {"autoscaler"}),
        ("POST /v1.41/exec/0123abcdef/resize?h=1&w=1", set()),
        ("POST /v1.41/containers/no-such-one/kill?signal=SIGUSR1", {"autoscaler"}),
        ("POST /v1.41/containers/no-such-one/kill?signal=SIGKILL", set()),
        ("POST /v1.41/containers/no-such-one/kill", set()),
        ("POST /v1.41/containers/no-such-one/update", set()),
        ("POST /v1.41/containers/no-such-one/rename?name=y", set()),
        ("POST /v1.41/containers/no-such-one/rename?name=shop-web-2.leaving", {"autoscaler"}),
        ("POST /v1.41/containers/prune", set()),
        ("GET /v1.41/containers/no-such-one/changes", {"autoscaler"}),
        ("HEAD /v1.41/containers/no-such-one/archive?path=/", {"autoscaler"}),
        ("GET /v1.41/containers/no-such-one/archive?path=/", {"autoscaler"}),
        ("PUT /v1.41/containers/no-such-one/archive?path=/", {"autoscaler"}),
        ("DELETE /v1.41/containers/no-such-one/archive?path=/", set()),
        ("POST /v1.41/build", set()),
        ("POST /v1.41/images/create?fromImage=x", set()),
        ("DELETE /v1.41/images/no-such-one", set()),
        ("POST /v1.41/volumes/create", set()),
        ("GET /v1.41/volumes", set()),
        ("GET /v1.41/volumes/no-such-one", set()),
        ("DELETE /v1.41/volumes/no-such-one", set()),
        ("DELETE /v1.41/volumes/traefik-autoscaler-other.shop", set()),
        ("POST /v1.41/volumes/traefik-autoscaler-lease.no-such-one", set()),
        ("GET /v1.41/volumes/traefik-autoscaler-lease.no-such-one", {"autoscaler"}),
        ("DELETE /v1.41/volumes/traefik-autoscaler-lease.no-such-one", {"autoscaler"}),
        ("DELETE /v1.41/volumes/traefik-autoscaler-knock.no-such-one", {"autoscaler"}),
        ("DELETE /v1.41/networks/no-such-one", set()),
        ("GET /v1.41/secrets", set()),
        ("GET /v1.41/swarm", set()),
        ("GET /info", set()),
        ("GET /", set()),
    ],
)
def test_a_call_passes_only_for_whom_it_is_allowed(guard: tuple[str, str], call: str, clients: set[str]) -> None:
    client, url = guard
    method, path = call.split(" ")
    body: dict[str, str] | None = {} if method == "POST" else None
    with httpx.Client(timeout=10) as http:
        answer = http.send(httpx.Request(method, httpx.URL(url + path), json=body))
    if client in clients:
        assert answer.status_code in PASSED
    else:
        assert answer.status_code == 403
        expected = f'{{"message":"socket-guard-{client} does not allow {method} /'
        assert method == "HEAD" or answer.text.startswith(expected)


@pytest.mark.parametrize("guard", ["autoscaler"], indirect=True)
@pytest.mark.parametrize(
    "name",
    ["database", "", "traefik-autoscaler-lease", "x-traefik-autoscaler-lease.shop", "traefik-autoscaler-lease.a/b"],
)
def test_a_volume_with_another_name_than_a_leases_cannot_be_made(guard: tuple[str, str], name: str) -> None:
    """Nor one without a name, as in the table above."""
    answer = httpx.post(f"{guard[1]}/v1.41/volumes/create", json={"Labels": {}, "Name": name}, timeout=10)
    assert answer.status_code == 403


@pytest.mark.parametrize("guard", ["autoscaler"], indirect=True)
def test_behind_the_guard_a_lease_is_taken_and_given_back(guard: tuple[str, str]) -> None:
    project = f"autoscaler-test-{secrets.token_hex(3)}"
    engine = Engine(guard[1].replace("http://", "tcp://"), timeout_seconds=10.0, emit=Recorder().notify)
    leases = Leases(LeaseVolumes(engine, "the test"), Recorder().notify, projects=[project])
    leases.look()
    assert str(leases.why_not(project)).startswith(f"has just taken the lead of project {project}")
    leases.release()
    assert engine.volume_labels(LEASE + project) is None


@pytest.mark.parametrize(
    "path",
    [
        "/v1.41/images/../secrets/json",
        "/v1.41/images/../containers/no-such-one/json",
        "/v1.41/images/%2e%2e/secrets/json",
        "/v1.41/images/%2E%2E/secrets/json",
        "/v1.41/images/.%2e/secrets/json",
        "/v1.41/images/%252e%252e/secrets/json",
        "/v1.41/containers/../secrets/json",
    ],
)
def test_no_dots_lead_out_of_what_is_allowed(guard: tuple[str, str], path: str) -> None:
    """Sent as written: httpx would resolve the dots before they reach the guard."""
    client, url = guard
    connection = HTTPConnection(url.removeprefix("http://"), timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        said = answer.read().decode()
    finally:
        connection.close()
    assert answer.status == 403
    assert f"socket-guard-{client} does not allow" in said
