"""Every call to the engine ends within its timeout, whatever trickles in; a stream of events has no end."""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autoscaler.adapters.docker.client import MOST_BYTES
from autoscaler.adapters.docker.engine import Engine
from autoscaler.adapters.docker.event_stream import MOST_LINE_BYTES
from autoscaler.errors import TargetUnavailable
from tests.support.engine_answers import listed
from tests.support.fakes import Recorder
from tests.support.slow_server import (
    AGAIN,
    CHUNKED,
    DRIP_SECONDS,
    OK,
    SLOW_ANSWERS,
    SlowServer,
    Talk,
    answering,
    dripping,
    flooding,
    no_longer_than,
    says,
    serving,
)

VERSION = says(b'{"ApiVersion": "1.41"}')


def engine(server: SlowServer, timeout_seconds: float = 0.1) -> Engine:
    return Engine(server.url.replace("http:", "tcp:"), timeout_seconds=timeout_seconds, emit=Recorder().notify)


def after_version(talk: Talk) -> Talk:
    """Answer the first call, which is for the version, and then talk."""

    def talk_of_engine(client: Any, released: threading.Event) -> None:
        client.recv(65536)
        client.sendall(VERSION)
        talk(client, released)

    return talk_of_engine


CALLS: dict[str, Callable[[Engine], object]] = {
    "list": lambda engine: engine.containers({}),
    "inspect": lambda engine: engine.inspect("c"),
    "image": lambda engine: engine.image("i"),
    "create": lambda engine: engine.create("c", {}),
    "connect": lambda engine: engine.connect("n", "c", {}),
    "start": lambda engine: engine.start("c"),
    "rename": lambda engine: engine.rename("c", "d"),
    "stop": lambda engine: engine.stop("c", 0),
    "remove": lambda engine: engine.remove("c"),
    "volume": lambda engine: engine.volume_labels("v"),
    "create volume": lambda engine: engine.create_volume("v", {}),
    "remove volume": lambda engine: engine.remove_volume("v"),
    "logs": lambda engine: engine.last_lines("c", 20),
    "events": lambda engine: engine.events([], [], None, quiet_seconds=60),
    "exec": lambda engine: engine.exec.run("c", ["true"], timeout_seconds=60),
    "signal": lambda engine: engine.exec.signal("c", "SIGHUP"),
    "changes": lambda engine: engine.files.changed("c"),
    "stat": lambda engine: engine.files.stat("c", "/f"),
    "read": lambda engine: engine.files.read("c", "/f"),
    "write": lambda engine: engine.files.write("c", b"tar"),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_every_call_has_its_time(call: Callable[[Engine], object]) -> None:
    slow = serving(after_version(dripping(*SLOW_ANSWERS["headers"])))
    late = pytest.raises(TargetUnavailable, match=r"did not answer within 0\.1 s")
    with slow as server, no_longer_than(20), late:
        call(engine(server))


@pytest.mark.parametrize(("at_once", "drops"), SLOW_ANSWERS.values(), ids=SLOW_ANSWERS.keys())
@pytest.mark.parametrize("first", [True, False], ids=["version", "list"])
def test_every_byte_counts_over_tcp_and_a_unix_socket(
    at_once: bytes, drops: bytes, *, first: bool, tmp_path: Path
) -> None:
    talk = dripping(at_once, drops) if first else after_version(dripping(at_once, drops))
    for path in (None, tmp_path / "socket"):
        with (
            serving(talk, path) as server,
            no_longer_than(20),
            pytest.raises(TargetUnavailable, match=r"within 0\.1 s"),
        ):
            engine(server).containers({})


def test_a_refusal_of_the_events_has_an_end() -> None:
    refusal = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 1000000\r\n\r\n"
    slow = serving(after_version(dripping(refusal, b" ")))
    with slow as server, no_longer_than(20), pytest.raises(TargetUnavailable, match=r"within 0\.1 s"):
        CALLS["events"](engine(server))


def test_the_first_call_and_its_question_for_the_version_have_one_timeout() -> None:
    def talk(client: Any, released: threading.Event) -> None:
        released.wait(0.3)
        after_version(answering(says(b"[]")))(client, released)

    with serving(talk) as server:
        asked = engine(server, timeout_seconds=30.0)
        asked.containers({})
        assert asked._local.client.timeout <= 29.7
        asked.containers({})
        assert asked._local.client.timeout == 30.0


def test_a_stop_has_the_grace_besides() -> None:
    def talk(client: Any, released: threading.Event) -> None:
        client.recv(65536)
        released.wait(1.3)  # longer than the timeout
        client.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    with serving(after_version(talk)) as server:
        engine(server, timeout_seconds=1.0).stop("c", 10)


@pytest.mark.parametrize(
    ("talk", "message"),
    [
        pytest.param(flooding, "too large: more than 32 MiB", id="an endless body"),
        pytest.param(answering(AGAIN), "redirect (HTTP 302); set AUTOSCALER_DOCKER_URL", id="a redirect loop"),
        pytest.param(answering(OK + b"Content-Length: 2\r\n\r\nno"), "no JSON", id="no JSON"),
    ],
)
@pytest.mark.parametrize("first", [True, False], ids=["version", "list"])
def test_what_no_engine_answers_is_unavailable(talk: Talk, message: str, *, first: bool) -> None:
    with serving(talk if first else after_version(talk)) as server, pytest.raises(TargetUnavailable) as failure:
        engine(server, timeout_seconds=30).containers({})
    assert message in str(failure.value)
    assert server.url.rpartition(":")[2] in str(failure.value)


def test_a_list_of_3000_containers_fits() -> None:
    labels = {f"traefik.http.routers.users.middlewares.{number}": "x" * 100 for number in range(40)}
    ports = [{"IP": "127.0.0.1", "PrivatePort": port, "PublicPort": port, "Type": "tcp"} for port in range(20)]
    mounts = [{"Type": "volume", "Source": "x" * 80, "Destination": "/" + "x" * 40} for _ in range(5)]
    containers = [listed(number, labels=labels, Ports=ports, Mounts=mounts) for number in range(3000)]
    body = json.dumps(containers, separators=(",", ":")).encode()
    assert MOST_BYTES / 2 < len(body) < MOST_BYTES
    with serving(after_version(answering(says(body)))) as server:
        assert len(engine(server, timeout_seconds=30).containers({}).entries) == 3000


def event(number: int, **more: object) -> bytes:
    facts = {"timeNano": number, "Action": "die", "Actor": {"ID": "1", "Attributes": {}}, **more}
    return json.dumps(facts).encode() + b"\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def test_events_come_beyond_the_time_of_the_headers_however_slowly() -> None:
    body = chunk(event(1)) + chunk(event(2)[:5]) + chunk(event(2)[5:]) + b"0\r\n\r\n"
    assert len(body) * DRIP_SECONDS > 1.0

    def talk(client: Any, released: threading.Event) -> None:
        client.recv(65536)
        client.sendall(CHUNKED)
        for byte in body:
            client.sendall(bytes([byte]))
            released.wait(DRIP_SECONDS)

    with serving(after_version(talk)) as server:
        stream = engine(server, timeout_seconds=1.0).events([], [], None, quiet_seconds=30)
        assert [each.at for each in stream.events(after=None)] == ["0.000000001", "0.000000002"]


def test_a_line_without_end_is_skipped_and_kept_nowhere() -> None:
    too_long = event(2, text="x" * (4 * MOST_LINE_BYTES))
    body = chunk(event(1)) + chunk(too_long) + chunk(event(3)) + b"0\r\n\r\n"
    with serving(after_version(answering(CHUNKED + body))) as server:
        stream = engine(server, timeout_seconds=30).events([], [], None, quiet_seconds=30)
        assert [each.at for each in stream.events(after=None)] == ["0.000000001", "0.000000003"]
