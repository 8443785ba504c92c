"""The real HAProxy in front of the real engine lets through exactly what it should: found out by calling."""

import io
import json
import secrets
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse

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
    """Yields the guard's client and its address."""
    with running_guard(request.param, engine_url) as url:
        yield request.param, url


@contextmanager
def running_guard(client: str, engine_url: str) -> Iterator[str]:
    """A guard as in the stack: root without capabilities, read-only. Yields its address."""
    if not engine_url.startswith("unix://"):
        pytest.skip("the engine has no socket that could be mounted")
    images.ensure([images.HAPROXY])
    (port,) = free_ports(1)
    name = f"autoscaler-test-guard-{secrets.token_hex(3)}"
    volumes = [
        f"{CONFIG}/{client}.cfg:/usr/local/etc/haproxy/haproxy.cfg:ro",
        f"{engine_url.removeprefix('unix://')}:/var/run/docker.sock",
    ]
    hardened = ["--user", "0:0", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges:true"]
    mounts = [word for volume in volumes for word in ("--volume", volume)]
    publish = ["--publish", f"127.0.0.1:{port}:2375"]
    run(["docker", "run", "--detach", "--name", name, *hardened, *mounts, *publish, images.HAPROXY], "start the guard")
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_up(url)
        yield url
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
        ("GET /v1.23/containers/json", set()),
        ("GET /v1.41/events/more", set()),
        ("POST /v1.41/events", set()),
        ("GET /_ping", {"traefik"}),
        ("HEAD /_ping", {"traefik"}),
        ("GET /v1.41/images/no-such/image:tag/json", {"autoscaler"}),
        ("GET /v1.41/containers/no-such-one/logs?stdout=1", {"autoscaler"}),
        ("POST /v1.41/containers/create?name=shop-web-2", {"autoscaler"}),
        ("POST /v1.41/containers/create?name=x", set()),
        ("POST /v1.41/containers/create", set()),
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
        expected = f"socket-guard-{client} does not allow {method} {path.partition('?')[0]}"
        assert method == "HEAD" or answer.json() == {"message": expected}


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
def test_every_call_on_a_replica_passes_as_the_autoscaler_makes_it(guard: tuple[str, str]) -> None:
    """Made, filled, connected, started, asked, drained, renamed, stopped, removed: as clones and their drains are."""
    engine = Engine(guard[1].replace("http://", "tcp://"), timeout_seconds=10.0, emit=Recorder().notify)
    name = f"autoscaler-test-{secrets.token_hex(3)}-web-2"
    run(["docker", "network", "create", name], "make a network")
    try:
        replica = engine.create(name, {"Image": images.PYTHON, "Cmd": ["sh", "-c", "echo up; exec sleep 60"]})
        try:
            _use(engine, replica, name)
        finally:
            engine.remove(replica, force=True)
    finally:
        run(["docker", "network", "rm", name], "remove the network")


def _use(engine: Engine, replica: str, name: str) -> None:
    engine.files.write(replica, tar_of("note", b"text"))
    engine.connect(name, replica, {"Aliases": ["web"]})
    engine.start(replica)
    assert engine.exec.run(replica, ("sh", "-c", 'test -f "$0" && exit 3', "/note"), timeout_seconds=10.0) == 3
    assert engine.exec.run(replica, ("true",), user="0", timeout_seconds=10.0) == 0
    assert "/note" in engine.files.changed(replica)
    assert engine.files.stat(replica, "/note") is not None
    assert b"text" in engine.files.read(replica, "/note")
    assert "up" in engine.last_lines(replica, 5)
    assert engine.image(engine.inspect(replica)["Image"]) is not None
    engine.events(["die"], ["x"], "1", quiet_seconds=5.0).close()
    engine.exec.signal(replica, "SIGWINCH")
    engine.rename(replica, f"{name}.leaving")
    engine.rename(replica, name)
    engine.stop(replica, 1)


def tar_of(name: str, content: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return file.getvalue()


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


@dataclass(frozen=True)
class Answer:
    """What the guard or the engine behind it said."""

    status: int
    text: str

    @property
    def passed(self) -> bool:
        return self.status in PASSED

    @property
    def refused(self) -> bool:
        return self.status == 403 and "socket-guard-" in json.loads(self.text)["message"]


def send(url: str, method: str, target: str, body: bytes | str = b"", **headers: str) -> Answer:
    """Send a request as it is written: no client puts its target or its headers in order."""
    raw = body.encode() if isinstance(body, str) else body
    fields = {"Host": "docker", "Connection": "close"} | {
        name.replace("_", "-"): each for name, each in headers.items()
    }
    if raw and "Transfer-Encoding" not in fields:
        fields["Content-Length"] = str(len(raw))
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    connection = HTTPConnection(url.removeprefix("http://"), timeout=15)
    try:
        connection.connect()
        connection.sock.sendall(f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode() + raw)
        answer = HTTPResponse(connection.sock, method=method)
        answer.begin()
        return Answer(answer.status, answer.read().decode())
    finally:
        connection.close()


@pytest.fixture(scope="module")
def own(engine_url: str) -> Iterator[str]:
    """The autoscaler's guard."""
    with running_guard("autoscaler", engine_url) as url:
        yield url


JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    "call",
    [
        pytest.param("POST kill?signal=SIGHUP&signal=KILL", id="a signal beside a gentle one"),
        pytest.param("POST kill?signal=KILL&signal=SIGHUP", id="a gentle one beside another"),
        pytest.param("POST kill?signal=SIGHUP&%73ignal=KILL", id="an encoded name"),
        pytest.param("POST kill?signal=SIGHUP;signal=KILL", id="another separator"),
        pytest.param("POST kill?signal=SIGHUP%26signal=KILL", id="an encoded separator"),
        pytest.param("POST kill?signal=SIGHUP#&signal=KILL", id="a fragment"),
        pytest.param("POST kill?signal=%53IGHUP", id="an encoded value"),
        pytest.param("POST kill?Signal=SIGHUP", id="another case"),
        pytest.param("POST kill?signal=SIGHUP&", id="an empty parameter"),
        pytest.param("POST kill?", id="an empty query"),
        pytest.param("POST rename?name=x&name=a-1", id="a name beside that of a replica"),
        pytest.param("POST rename?name=a-1&name=x", id="that of a replica beside another"),
        pytest.param("POST rename?%6eame=x&name=a-1", id="an encoded name beside the name"),
        pytest.param("POST stop?t=1&signal=KILL", id="a stop by another signal"),
        pytest.param("POST stop?t=-1", id="a stop that waits for ever"),
        pytest.param("POST start?checkpoint=x&checkpoint-dir=/x", id="a start from a checkpoint"),
        pytest.param("POST exec?x=1", id="an exec with parameters"),
        pytest.param("PUT archive?path=/etc", id="files elsewhere than at the root"),
        pytest.param("PUT archive?path=/&path=/etc", id="files at two places"),
        pytest.param("GET archive?path=/&noOverwriteDirNonDir=1", id="files with a parameter"),
        pytest.param("GET archive", id="files of no path"),
    ],
)
def test_a_parameter_that_is_not_exactly_the_allowed_one_is_refused(own: str, call: str) -> None:
    method, _, rest = call.partition(" ")
    answer = send(own, method, f"/v1.41/containers/no-such-one/{rest}")
    assert answer.refused or ("#" in call and answer.status == 400)  # no request has a fragment


@pytest.mark.parametrize(
    "call",
    [
        pytest.param("DELETE /containers/no-such-one?v=1&link=1", id="the removal of a link"),
        pytest.param("DELETE /containers/no-such-one", id="a removal that leaves volumes"),
        pytest.param("POST /containers/create?name=a-1&name=x", id="two names"),
        pytest.param("POST /containers/create?name=a-1&platform=x", id="another platform"),
        pytest.param("POST /containers/create?name=", id="an empty name"),
        pytest.param("POST /networks/no-such-one/connect?x=1", id="a connection with parameters"),
        pytest.param("POST /exec/0123abcdef/start?x=1", id="a start of an exec with parameters"),
        pytest.param("DELETE /volumes/traefik-autoscaler-lease.no-such-one?force=1", id="a forced removal of a lease"),
    ],
)
def test_another_call_with_other_parameters_is_refused(own: str, call: str) -> None:
    method, _, target = call.partition(" ")
    assert send(own, method, f"/v1.41{target}", "{}", Content_Type=JSON).refused


@pytest.mark.parametrize(
    "target",
    [
        "//v1.41/containers/json",
        "/v1.41//containers/json",
        "/v1.41/containers//json",
        "/v1.41/../v1.41/containers/json",
        "/v1.41/./containers/json",
        "/v1.41/containers/json/",
        "/v1.41/containers/json;x",
        "/v1.41/containers%2Fjson",
        "/V1.41/containers/json",
        "/v1.41/Containers/json",
        "/v1.23/containers/json",
        "/v01.41/containers/json",
        "/v1.41.1/containers/json",
        "containers/json",
        "http://docker/v1.41/secrets",
    ],
)
def test_another_spelling_of_a_path_is_refused(own: str, target: str) -> None:
    answer = send(own, "GET", target)
    assert answer.refused or answer.status == 400  # what is no request at all


@pytest.mark.parametrize(
    "content_type", [FORM, FORM.upper(), f"{FORM}; charset=utf-8", "multipart/form-data; boundary=x"]
)
@pytest.mark.parametrize(
    ("target", "form"),
    [
        ("kill?signal=SIGHUP", "signal=KILL"),
        ("rename?name=a-1", "name=x"),
        ("stop?t=1", "t=0"),
        ("start", "checkpoint=x"),
    ],
)
def test_parameters_in_a_form_are_refused(own: str, target: str, form: str, content_type: str) -> None:
    """The engine would take them rather than those of the query."""
    path = f"/v1.41/containers/no-such-one/{target}"
    assert send(own, "POST", path, form, Content_Type=content_type).refused
    assert send(own, "POST", path).passed


def test_of_two_content_types_neither_counts(own: str) -> None:
    path = "/v1.41/containers/no-such-one/kill?signal=SIGHUP"
    assert send(own, "POST", path, "signal=KILL", Content_Type=FORM, content_type=JSON).refused
    assert send(own, "POST", path, "signal=KILL", content_type=JSON, Content_Type=FORM).refused


EXEC = "/v1.41/containers/no-such-one/exec"
AS_SENT = {
    "Container": "no-such-one",
    "User": "0",
    "Privileged": False,
    "Tty": False,
    "AttachStdin": False,
    "AttachStdout": False,
    "AttachStderr": False,
    "Cmd": ["/bin/sh", "-c", 'echo "a, b" ] }', "\u00e4"],
}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(json.dumps(AS_SENT), id="as it is sent"),
        pytest.param(json.dumps(AS_SENT, separators=(",", ":")), id="without blanks"),
        pytest.param(json.dumps({**AS_SENT, "Cmd": ["\U0001f600" * 2000]}), id="the longest command"),
        pytest.param(json.dumps({**AS_SENT, "Cmd": ["a"] * 50}), id="the most words"),
    ],
)
def test_a_command_of_the_autoscaler_passes(own: str, body: str) -> None:
    assert send(own, "POST", EXEC, body, Content_Type=JSON).passed


@pytest.mark.parametrize(
    "body",
    [
        pytest.param('{"Privileged": true, "Cmd": ["id"]}', id="privileged"),
        pytest.param('{"privileged": true, "Cmd": ["id"]}', id="in another case"),
        pytest.param('{"\\u0050rivileged": true, "Cmd": ["id"]}', id="escaped"),
        pytest.param('{"Privileged": false, "Privileged": true, "Cmd": ["id"]}', id="twice"),
        pytest.param('{"Privileged": true, "Privileged": false, "Cmd": ["id"]}', id="twice, the other way"),
        pytest.param('{"Privileged": false, "PRIVILEGED": true, "Cmd": ["id"]}', id="twice, in two cases"),
        pytest.param('{"Privileged" : true, "Cmd": ["id"]}', id="with a blank"),
        pytest.param('{"Privileged": false, "Cmd": ["id"]} {"Privileged": true}', id="two objects"),
        pytest.param('{"Cmd": ["id"], "Env": ["LD_PRELOAD=/x"]}', id="with an environment"),
        pytest.param('{"Cmd": ["id"], "WorkingDir": "/"}', id="with a directory"),
        pytest.param('{"Cmd": ["id"], "User": "1000"}', id="as another user"),
        pytest.param('{"Cmd": ["id"], "AttachStdin": true}', id="with an input"),
        pytest.param('{"Cmd": ["id"], "Privileged": 1}', id="a number"),
        pytest.param('[{"Privileged": true, "Cmd": ["id"]}]', id="a list"),
        pytest.param("", id="nothing"),
        pytest.param('{"Cmd": ["' + "x" * 40_000 + '"]}', id="more than fits"),
        pytest.param('{"Cmd": ["id"]}' + " " * 40_000 + '{"Privileged": true}', id="more behind what fits"),
        pytest.param('{"Cmd": ["' + "x" * 32_000 + '"], "Privileged": true}', id="privileged behind what fits"),
    ],
)
def test_a_command_with_more_rights_or_of_another_form_is_refused(own: str, body: str) -> None:
    assert send(own, "POST", EXEC, body, Content_Type=JSON).refused


def chunked(*parts: str) -> bytes:
    return b"".join(f"{len(part):x}\r\n{part}\r\n".encode() for part in (*parts, ""))


@pytest.mark.parametrize("parts", [(json.dumps(AS_SENT),), ('{"Cmd": ["id"]', "x" * 40_000, ', "Privileged": true}')])
def test_a_body_in_chunks_is_refused_where_it_would_be_judged(own: str, parts: tuple[str, ...]) -> None:
    """Its length is not known when it is judged."""
    assert send(own, "POST", EXEC, chunked(*parts), Transfer_Encoding="chunked", Content_Type=JSON).refused
    claim = chunked('{"Name": "traefik-autoscaler-lease.no-such-one"}')
    assert send(own, "POST", "/v1.41/volumes/create", claim, Transfer_Encoding="chunked", Content_Type=JSON).refused


LEASE_BODY = '"Name": "traefik-autoscaler-lease.no-such-one"'


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(f'{{{LEASE_BODY}, "Name": "database"}}', id="two names"),
        pytest.param(f'{{"Name": "database", {LEASE_BODY}}}', id="two names, the other way"),
        pytest.param(f'{{{LEASE_BODY}, "name": "database"}}', id="two names, in two cases"),
        pytest.param(f'{{{LEASE_BODY}, "\\u004eame": "database"}}', id="two names, one escaped"),
        pytest.param(f'{{{LEASE_BODY}, "DriverOpts": {{"type": "none", "o": "bind", "device": "/"}}}}', id="a bind"),
        pytest.param(f'{{{LEASE_BODY}, "driverOpts": {{"device": "/"}}}}', id="a bind, in another case"),
        pytest.param(f'{{{LEASE_BODY}, "Driver": "evil"}}', id="another driver"),
        pytest.param(f'{{{LEASE_BODY}, "Labels": {{"a": {{"Name": "database"}}}}}}', id="labels of labels"),
        pytest.param(f'{{{LEASE_BODY}}} {{"Name": "database"}}', id="two objects"),
        pytest.param('{"Labels": {"Name": "traefik-autoscaler-lease.no-such-one"}}', id="a name in the labels only"),
        pytest.param(f'{{{LEASE_BODY}, "Labels": {{"a": "{"x" * 40_000}"}}}}', id="more than fits"),
    ],
)
def test_a_volume_other_than_a_lease_s_is_refused(own: str, body: str) -> None:
    assert send(own, "POST", "/v1.41/volumes/create", body, Content_Type=JSON).refused


@pytest.mark.parametrize("protocol", ["tcp", "websocket"])
def test_no_protocol_leads_past_the_guard(guard: tuple[str, str], protocol: str) -> None:
    key = "dGhlIHNhbXBsZSBub25jZQ=="
    wanted = {"Connection": "Upgrade", "Upgrade": protocol, "Sec_WebSocket_Key": key}
    assert send(guard[1], "GET", "/v1.41/version", **wanted).refused


def test_a_wish_for_http_2_is_not_passed_on(guard: tuple[str, str]) -> None:
    """HAProxy drops it by itself: the answer is that of HTTP 1, and no 101."""
    wanted = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2_Settings": "AAMAAABkAAQAAP__"}
    assert send(guard[1], "GET", "/v1.41/version", **wanted).status == 200


def test_a_refusal_is_json_whatever_the_path(guard: tuple[str, str]) -> None:
    answer = send(guard[1], "GET", '/v1.41/a"b\\c')
    assert answer.refused or answer.status == 400
