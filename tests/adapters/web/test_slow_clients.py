"""The real server under clients that do not let go, over real sockets."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from starlette.types import Receive, Scope, Send
from structlog.testing import capture_logs

from autoscaler.adapters.web.connections import ConnectionLimits
from autoscaler.adapters.web.server import WebServer
from deploy.lab.ports import free_ports
from tests.support.builders import policy
from tests.support.web_site import Site

TOKEN = "0123456789abcdef"
QUICK = ConnectionLimits(request_seconds=0.5, answer_seconds=1.0)
HEAD = b"POST /-/reload HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
WITH_TOKEN = HEAD + b"Authorization: Bearer 0123456789abcdef\r\n"
PATIENCE_SECONDS = 30.0


@pytest.fixture
def site() -> Iterator[Site]:
    """A server with the usual limits."""
    site = Site(policy(), token=TOKEN)
    site.start()
    yield site
    site.server.stop(10.0)


@pytest.fixture
def clients() -> Iterator["Clients"]:
    with contextlib.closing(Clients()) as clients:
        yield clients


class Clients:
    """Sockets to servers on this machine; all are closed at the end."""

    def __init__(self) -> None:
        self.sockets: list[socket.socket] = []

    def open(self, port: int, address: str = "127.0.0.1", *, buffer_bytes: int | None = None) -> socket.socket:
        client = socket.socket()
        self.sockets.append(client)
        client.settimeout(PATIENCE_SECONDS)
        if buffer_bytes is not None:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
        client.bind((address, 0))
        client.connect(("127.0.0.1", port))
        return client

    def close(self) -> None:
        for each in self.sockets:
            each.close()


def is_open(client: socket.socket) -> bool:
    """Whether the server has not closed it, as far as is known here."""
    client.setblocking(False)
    try:
        return client.recv(1) != b""
    except BlockingIOError:
        return True
    except ConnectionError:
        return False


def lives_seconds(client: socket.socket, first: bytes, drip: bytes) -> float:
    """Send bytes one by one, without an end, until the server closes the connection."""
    started = time.monotonic()
    client.settimeout(0.02)
    with contextlib.suppress(ConnectionError):
        client.sendall(first)
        while time.monotonic() - started < PATIENCE_SECONDS:
            client.sendall(drip)
            with contextlib.suppress(TimeoutError):
                if client.recv(100) == b"":
                    break
    return time.monotonic() - started


@pytest.mark.parametrize(
    ("first", "drip"),
    [
        pytest.param(b"", b"", id="silence"),
        pytest.param(b"", b"G", id="the method"),
        pytest.param(b"GET /", b"a", id="the path"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\nA: ", b"a", id="a header"),
        pytest.param(b"GET / HTTP/1.1\r\n", b"A: b\r\n", id="one header after the other"),
        pytest.param(WITH_TOKEN + b"Content-Length: 4000\r\n\r\n", b" ", id="the body"),
        pytest.param(WITH_TOKEN + b"Transfer-Encoding: chunked\r\n\r\n", b"0", id="the size of a chunk"),
        pytest.param(WITH_TOKEN + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n", id="chunks"),
        pytest.param(WITH_TOKEN + b"Expect: 100-continue\r\nContent-Length: 9\r\n\r\n", b"", id="after a 100"),
        pytest.param(HEAD + b"Content-Length: 4000\r\n\r\n", b" ", id="the body of what was refused"),
    ],
)
def test_a_request_that_is_not_whole_in_time_ends_however_its_bytes_come(
    clients: Clients, first: bytes, drip: bytes
) -> None:
    site = Site(policy(), token=TOKEN, limits=QUICK)
    site.start()
    with capture_logs() as logs:
        assert lives_seconds(clients.open(site.port), first, drip) < PATIENCE_SECONDS
    site.server.stop(10.0)
    assert {each["event"] for each in logs} <= {"web.refused", "api.denied"}


def test_an_answer_that_is_not_taken_ends_the_connection(clients: Clients) -> None:
    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(50):
            await send({"type": "http.response.body", "body": bytes(1_000_000), "more_body": True})

    (port,) = free_ports(1)
    server = WebServer(endless, "127.0.0.1", port, on_exit=lambda: None, limits=QUICK)
    server.start()
    client = clients.open(port, buffer_bytes=4096)
    with capture_logs() as logs:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_until("it is closed", lambda: bool(logs))
    assert logs[0]["reason"] == "slow"
    with contextlib.suppress(ConnectionError):
        assert len(b"".join(iter(lambda: client.recv(1_000_000), b""))) < 50_000_000
    server.stop(10.0)


def wait_until(what: str, true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline, f"not within {PATIENCE_SECONDS:g} s: {what}"
        time.sleep(0.02)


def test_two_hundred_slow_connections_are_too_many_and_health_answers(site: Site, clients: Clients) -> None:
    with capture_logs() as logs:
        slow = [clients.open(site.port) for _ in range(200)]
        assert site.get("/healthz").status_code == 200
        wait_until("only so many are left", lambda: sum(map(is_open, slow)) < ConnectionLimits().most_of_one_peer)
    (line,) = logs
    assert (line["event"], line["reason"], line["client"], line["log_level"]) == (
        "web.refused",
        "crowded",
        "127.0.0.1",
        "warning",
    )


def test_one_client_takes_no_connection_of_another(site: Site, clients: Clients) -> None:
    other = clients.open(site.port, "127.0.0.2")
    other.sendall(b"GET /healthz HTTP/1.1\r\nHost: ")
    for _ in range(200):
        clients.open(site.port)
    other.sendall(b"x\r\n\r\n")
    assert other.recv(100).startswith(b"HTTP/1.1 200")


def test_a_connection_carries_one_request(site: Site, clients: Clients) -> None:
    client = clients.open(site.port)
    client.sendall(2 * b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    answer = b"".join(iter(lambda: client.recv(10_000), b""))
    assert (answer.count(b"HTTP/1.1 200"), answer.count(b"connection: close")) == (1, 1)


def test_an_upgrade_leads_nowhere(site: Site, clients: Clients) -> None:
    client = clients.open(site.port)
    client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
    assert client.recv(100).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "sent", [b"\x16\x03\x01\x02\x00 TLS\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"A: " + b"a" * 70_000]
)
def test_what_is_no_http_is_refused_and_logged_once(site: Site, clients: Clients, sent: bytes) -> None:
    with capture_logs() as logs:
        for _ in range(20):
            client = clients.open(site.port)
            with contextlib.suppress(ConnectionError):
                client.sendall(sent)
                assert client.recv(100).startswith(b"HTTP/1.1 400")
    assert [(each["event"], each["reason"]) for each in logs] == [("web.refused", "invalid")]


def test_slow_connections_do_not_hold_the_end(site: Site, clients: Clients) -> None:
    for _ in range(50):
        clients.open(site.port).sendall(b"GET / HT")
    started = time.monotonic()
    site.server.stop(10.0)
    assert site.ended.is_set()
    assert time.monotonic() - started < 10.0


WITH_64_DESCRIPTORS = ("bash", "-c", 'ulimit -n 64 && exec "$@"', "-", sys.executable)


def test_a_daemon_with_few_descriptors_answers_under_slow_connections(tmp_path: Path, clients: Clients) -> None:
    (port,) = free_ports(1)
    file = tmp_path / "autoscaler.yaml"
    rules = "{throughput: {signal: requests, per_replica: 50}}"
    file.write_text(
        "interval: 1s\nprometheus: {url: http://127.0.0.1:9, timeout: 300ms}\n"
        f"services: {{users: {{replicas: {{min: 1, max: 3}}, rules: {rules}}}}}\n",
        encoding="utf-8",
    )
    variables = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AUTOSCALER_")},
        "AUTOSCALER_CONFIG": str(file),
        "AUTOSCALER_DOCKER_URL": f"unix://{tmp_path}/no-engine.sock",
        "AUTOSCALER_LISTEN": f"127.0.0.1:{port}",
    }
    words = [*WITH_64_DESCRIPTORS, "-m", "autoscaler", "run"]
    daemon = subprocess.Popen(words, env=variables, stdout=subprocess.PIPE, text=True)
    try:
        wait_until("it answers", lambda: health(port) in {200, 503})
        for _ in range(200):
            clients.open(port)
        assert health(port) == 200
    finally:
        daemon.terminate()
        output, _ = daemon.communicate(timeout=60)
    lines = [json.loads(line) for line in output.splitlines()]
    assert [each["reason"] for each in lines if each["event"] == "web.refused"] == ["crowded"]
    assert "Traceback" not in output
    assert len(output) < 100_000


EXHAUSTED = """
import os, sys
from autoscaler.adapters.logs.setup import configure_logging
from autoscaler.adapters.web.server import WebServer

async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})

configure_logging("info", json=True)
server = WebServer(app, "127.0.0.1", int(sys.argv[1]), on_exit=lambda: None)
server.start()
sys.stdin.readline()
try:
    while True:
        os.open("/dev/null", os.O_RDONLY)
except OSError:
    print("exhausted", flush=True)
sys.stdin.readline()
server.stop(10.0)
"""


def test_without_a_descriptor_left_it_still_answers_and_logs_once(clients: Clients) -> None:
    (port,) = free_ports(1)
    words = [*WITH_64_DESCRIPTORS, "-c", EXHAUSTED, str(port)]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        wait_until("it answers", lambda: health(port) == 200)
        process.stdin.write("exhaust\n")
        process.stdin.flush()
        assert process.stdout.readline() == "exhausted\n"
        for _ in range(10):
            clients.open(port)
        wait_until("it answers", lambda: health(port) == 200)
        clients.close()
        wait_until("it answers again", lambda: health(port) == 200)
    finally:
        output, _ = process.communicate("end\n", timeout=60)
    lines = [json.loads(line) for line in output.splitlines()]
    assert [each["reason"] for each in lines] == ["no_descriptors"]
    assert process.returncode == 0


def health(port: int) -> int | None:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=5, trust_env=False).status_code
    except httpx.TransportError:
        return None
