"""A request ends within its timeout whatever trickles in, to the last byte of the answer, and answers are bounded."""

import contextlib
import gzip
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from urllib3.exceptions import ConnectTimeoutError, ReadTimeoutError

from autoscaler.adapters.http_access import make_context, read_pem
from autoscaler.adapters.http_deadline import Deadline, HardAdapter, Lookups, UnixAdapter, _Connection
from autoscaler.adapters.http_session import AnswerTooLargeError, HardSession
from autoscaler.config.connection import TlsFiles
from tests.support.authority import Authority
from tests.support.slow_server import (
    AGAIN,
    CHUNKED,
    JSON,
    OK,
    SLOW_ANSWERS,
    TLS_RECORD,
    SlowServer,
    answering,
    dripping,
    flooding,
    no_longer_than,
    over_tls,
    says,
    serving,
)

TIMEOUT_SECONDS = 0.1
AT_MOST_SECONDS = 20.0  # on a busy machine

slow_answers = pytest.mark.parametrize(("at_once", "drops"), SLOW_ANSWERS.values(), ids=SLOW_ANSWERS.keys())


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 with its key, in one file."""
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    arguments = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    made = ["-keyout", str(file), "-out", str(file) + ".crt"]
    subprocess.run(["openssl", "req", *arguments, *names, *made], check=True, capture_output=True)
    with file.open("ab") as both:
        both.write(Path(str(file) + ".crt").read_bytes())
    return file


@slow_answers
def test_every_byte_counts(at_once: bytes, drops: bytes) -> None:
    with serving(dripping(at_once, drops)) as server, no_longer_than(AT_MOST_SECONDS), pytest.raises(requests.Timeout):
        HardSession().get(server.url, timeout=TIMEOUT_SECONDS)


@slow_answers
def test_every_byte_counts_over_a_unix_socket(at_once: bytes, drops: bytes, tmp_path: Path) -> None:
    path = tmp_path / "socket"
    session, slow = HardSession(adapter=UnixAdapter(str(path))), serving(dripping(at_once, drops), path)
    with slow, no_longer_than(AT_MOST_SECONDS), pytest.raises(requests.Timeout):
        session.get("http://localhost/", timeout=TIMEOUT_SECONDS)


@pytest.mark.parametrize("name", ["status line", "headers", "body without length", "chunk sizes", "trailer"])
def test_every_byte_counts_over_tls(certificate: Path, name: str) -> None:
    talk = over_tls(dripping(*SLOW_ANSWERS[name]), certificate)
    with serving(talk) as server, no_longer_than(AT_MOST_SECONDS), pytest.raises(requests.Timeout):
        HardSession().get(f"https{server.url[4:]}", timeout=TIMEOUT_SECONDS, verify=f"{certificate}.crt")


@pytest.mark.parametrize("name", ["status line", "headers", "body without length"])
def test_every_byte_counts_over_tls_with_certificates_of_its_own(tmp_path: Path, name: str) -> None:
    authority = Authority(tmp_path)
    tls = TlsFiles(authority.file, *authority.issue("client"))
    session = HardSession(adapter=HardAdapter(make_context(tls, read_pem(tls)[0])))
    talk = over_tls(dripping(*SLOW_ANSWERS[name]), authority.server(), clients=authority.file)
    with serving(talk) as server, no_longer_than(AT_MOST_SECONDS), pytest.raises(requests.Timeout):
        session.get(f"https{server.url[4:]}", timeout=TIMEOUT_SECONDS)


def test_over_tls_an_answer_arrives(certificate: Path) -> None:
    with serving(over_tls(answering(says(b"[1]")), certificate)) as server:
        answer = HardSession().get(f"https{server.url[4:]}", timeout=10, verify=f"{certificate}.crt")
    assert answer.json() == [1]


@pytest.mark.parametrize("drops", [b"", TLS_RECORD + b"\0" * 1000], ids=["nothing", "byte by byte"])
def test_a_tls_handshake_counts(drops: bytes) -> None:
    with serving(dripping(b"", drops)) as server, no_longer_than(AT_MOST_SECONDS), pytest.raises(requests.Timeout):
        HardSession().get(f"https{server.url[4:]}", timeout=TIMEOUT_SECONDS)


def test_a_body_that_is_not_taken_counts() -> None:
    def deaf(_: socket.socket, released: threading.Event) -> None:
        released.wait(60)

    with serving(deaf) as server, no_longer_than(AT_MOST_SECONDS), pytest.raises(requests.Timeout):
        HardSession().post(server.url, data=b"x" * (64 * 2**20), timeout=TIMEOUT_SECONDS)


def test_a_redirect_is_an_answer_and_not_followed() -> None:
    with serving(answering(AGAIN)) as server, HardSession() as session:
        assert session.get(server.url, timeout=10).status_code == 302
        assert session.get(server.url, timeout=10).status_code == 302
    assert server.connections == 1


def test_each_request_on_a_kept_connection_has_its_own_time() -> None:
    with serving(answering(says(b"[]"))) as server, HardSession() as session:
        assert session.get(server.url, timeout=1.0).json() == []
        time.sleep(1.0)  # until the first request's time is over
        assert session.get(server.url, timeout=10).json() == []
    assert server.connections == 1


def test_a_body_without_end_is_given_up_at_the_bound() -> None:
    session = HardSession()
    session.most_bytes = 2**20
    with serving(flooding) as server, pytest.raises(AnswerTooLargeError, match="more than 1 MiB"):
        session.get(server.url, timeout=60)


def test_a_bound_is_of_what_the_body_becomes() -> None:
    session = HardSession()
    session.most_bytes = 2**20
    body = gzip.compress(b" " * (8 * 2**20))
    answer = JSON + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    with serving(answering(answer)) as server, pytest.raises(AnswerTooLargeError):
        session.get(server.url, timeout=60)


def test_the_body_of_a_redirect_is_bounded_too() -> None:
    def talk(client: socket.socket, released: threading.Event) -> None:
        client.recv(65536)
        client.sendall(b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n")
        while not released.is_set():
            client.sendall(b" " * 65536)

    with serving(talk) as server, pytest.raises(AnswerTooLargeError):
        HardSession().get(server.url, timeout=60)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(OK + b"Content-Length: 9\r\n\r\nhalf", requests.ConnectionError, id="half a body"),
        pytest.param(CHUNKED + b"5\r\nhel", requests.ConnectionError, id="half a chunk"),
        pytest.param(CHUNKED + b"zz\r\n", requests.ConnectionError, id="no size of a chunk"),
        pytest.param(b"SSH-2.0-OpenSSH\r\n", requests.ConnectionError, id="no HTTP"),
        pytest.param(
            JSON + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nhalf",
            requests.exceptions.ContentDecodingError,
            id="no gzip",
        ),
    ],
)
def test_an_answer_that_breaks_off_is_an_error_of_requests(answer: bytes, error: type[Exception]) -> None:
    def talk(client: socket.socket, _: threading.Event) -> None:
        client.recv(65536)
        client.sendall(answer)

    with serving(talk) as server, pytest.raises(error) as failure:
        HardSession().get(server.url, timeout=10)
    assert not isinstance(failure.value, requests.Timeout)


class TestStream:
    """A stream has its headers in time, and no end after them."""

    def test_its_headers_count(self) -> None:
        slow = serving(dripping(*SLOW_ANSWERS["headers"]))
        with slow as server, no_longer_than(AT_MOST_SECONDS), pytest.raises(requests.Timeout):
            HardSession().get(server.url, timeout=(TIMEOUT_SECONDS, 60), stream=True)

    def test_it_goes_on_beyond_the_time_of_its_headers(self) -> None:
        with serving(dripping(CHUNKED, b"1\r\n.\r\n")) as server:
            answer = HardSession().get(server.url, timeout=(1.0, 60), stream=True)
            body = b"".join(answer.raw.read1(1) for _ in range(10))  # of 6 drops each
            answer.close()
        assert body == b"." * 10

    def test_it_ends_when_nothing_comes_for_too_long(self) -> None:
        with serving(dripping(CHUNKED + b"1\r\n.\r\n", b"")) as server, no_longer_than(AT_MOST_SECONDS):
            answer = HardSession().get(server.url, timeout=(10, 0.2), stream=True)
            assert answer.raw.read1(1) == b"."
            with pytest.raises(ReadTimeoutError):
                answer.raw.read1(1)


def test_a_deadline_is_over_at_its_instant() -> None:
    now = 100.0
    deadline = Deadline(monotonic=lambda: now)
    assert deadline.left() is None
    deadline.begin(2.0)
    now = 101.5
    assert deadline.left() == 0.5
    now = 102.0
    with pytest.raises(TimeoutError):
        deadline.left()
    deadline.limit_each_read(7.0)
    assert deadline.left() == 7.0


class TestLookups:
    """Nothing ends a lookup that hangs: it goes on in a thread of its own, one for each name."""

    def test_a_lookup_that_hangs_is_given_up_and_not_begun_again(self) -> None:
        released, begun = threading.Event(), []

        def hangs(host: str, *_: object, **__: object) -> list[Any]:
            begun.append(host)
            released.wait(60)
            return [(2, 1, 6, "", ("192.0.2.1", 0))]

        lookups = Lookups(hangs)
        for _ in range(5):
            with no_longer_than(AT_MOST_SECONDS), pytest.raises(TimeoutError):
                lookups.addresses("prometheus", 0.05)
        assert begun == ["prometheus"]
        released.set()
        assert lookups.addresses("prometheus", 10.0) == ["192.0.2.1"]

    def test_a_name_that_does_not_exist_is_an_error_each_time(self) -> None:
        def unknown(*_: object, **__: object) -> list[Any]:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        lookups = Lookups(unknown)
        for _ in range(2):
            with pytest.raises(socket.gaierror):
                lookups.addresses("nowhere", 10.0)

    def test_in_a_session_a_name_without_address_is_no_connection(self) -> None:
        with pytest.raises(requests.ConnectionError):
            HardSession().get("http://nowhere.invalid/", timeout=20)


@contextlib.contextmanager
def black_hole(address: str, like: SlowServer) -> Iterator[str]:
    """An address that answers no connection at that server's port: its queue is full."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.socket())
        server.bind((address, like.port))
        server.listen(0)
        for _ in range(3):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex((address, like.port))
        yield address


def connection_to(server: SlowServer, *addresses: str, timeout: float) -> _Connection:
    class Connection(_Connection):
        lookups = Lookups(lambda *_, **__: [(2, 1, 6, "", (address, 0)) for address in addresses])

    return Connection("name", server.port, timeout=timeout)


def test_an_address_that_does_not_answer_leaves_time_for_the_next() -> None:
    with serving(answering(says(b"[]"))) as server, black_hole("127.0.0.2", server) as hole:
        connection = connection_to(server, hole, "127.0.0.1", timeout=2.0)
        connection.request("GET", "/")
        assert connection.getresponse().data == b"[]"
        connection.close()


def test_all_addresses_together_have_one_timeout() -> None:
    with serving(answering(says(b"[]"))) as server, contextlib.ExitStack() as stack:
        holes = [stack.enter_context(black_hole(f"127.0.0.{number}", server)) for number in range(2, 42)]
        with no_longer_than(8), pytest.raises(ConnectTimeoutError):
            connection_to(server, *holes, timeout=0.3).connect()


def test_an_adapter_that_a_library_mounts_is_not_used() -> None:
    session = HardSession()
    session.mount("http://", requests.adapters.HTTPAdapter())
    assert isinstance(session.get_adapter("http://x/"), HardAdapter)
