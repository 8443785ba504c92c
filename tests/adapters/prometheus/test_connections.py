"""Prometheus behind TLS, credentials and tenants: asked as its own configuration would, with files as they are now."""

import base64
import os
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from autoscaler.adapters.prometheus.client import PrometheusClient
from autoscaler.adapters.prometheus.faults import FaultKind, PrometheusFault
from autoscaler.config.connection import Connection, Credentials, TlsFiles
from autoscaler.ports.observers import discard
from tests.support.authority import Authority
from tests.support.builders import NOW
from tests.support.slow_server import SlowServer, answering, over_tls, says, serving

GOOD = says(b'{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[%d,"5"]}]}}' % NOW)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def certificate(authority: Authority) -> Path:
    return authority.server()


def client(url: str, connection: Connection | None = None) -> PrometheusClient:
    return PrometheusClient(url, timeout_seconds=10.0, emit=discard, connection=connection)


def over(server: SlowServer) -> str:
    return server.url.replace("http:", "https:")


def value(asked: PrometheusClient) -> float:
    return asked.ask("up", NOW)[0].value


def fault(asked: PrometheusClient) -> PrometheusFault:
    with pytest.raises(PrometheusFault) as failure:
        asked.ask("up", NOW)
    return failure.value


def refusing(status: bytes, body: bytes = b"") -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body


def test_a_server_with_an_own_authority_is_asked_over_tls(authority: Authority, certificate: Path) -> None:
    trusting = Connection(TlsFiles(ca_file=authority.file))
    with serving(over_tls(answering(GOOD), certificate)) as server:
        asked = client(over(server), trusting)
        assert [value(asked), value(asked)] == [5.0, 5.0]
    assert server.connections == 1


def test_a_server_that_no_usual_authority_has_certified_is_not_asked(certificate: Path) -> None:
    with serving(over_tls(answering(GOOD), certificate)) as server:
        found = fault(client(over(server)))
    assert found.kind is FaultKind.REFUSED
    assert "has a certificate that is not trusted (unable to get local issuer certificate)" in str(found)
    assert "name its authority as prometheus.ca_file" in str(found)


def test_a_server_under_another_name_is_not_asked(authority: Authority) -> None:
    other = authority.server("other", "DNS:prometheus")
    with serving(over_tls(answering(GOOD), other)) as server:
        found = fault(client(over(server), Connection(TlsFiles(ca_file=authority.file))))
    assert "IP address mismatch, certificate is not valid for '127.0.0.1'" in str(found)


def test_insecure_skip_verify_asks_any_server(certificate: Path) -> None:
    with serving(over_tls(answering(GOOD), certificate)) as server:
        assert value(client(over(server), Connection(TlsFiles(insecure_skip_verify=True)))) == 5.0


def test_a_client_certificate_is_shown(authority: Authority, certificate: Path) -> None:
    own = TlsFiles(authority.file, *authority.issue("client"))
    with serving(over_tls(answering(GOOD), certificate, clients=authority.file)) as server:
        assert value(client(over(server), Connection(own))) == 5.0
        found = fault(client(over(server), Connection(TlsFiles(ca_file=authority.file))))
    assert "refuses the client's certificate, or wants one; check prometheus.cert_file" in str(found)


def test_renewed_certificates_are_used_from_the_next_query_on(tmp_path: Path, authority: Authority) -> None:
    new = Authority(tmp_path / "new")
    (file := tmp_path / "ca.pem").write_bytes(authority.file.read_bytes())
    with serving(over_tls(answering(GOOD), new.server())) as server:
        asked = client(over(server), Connection(TlsFiles(ca_file=file)))
        assert "is not trusted" in str(fault(asked))
        file.write_bytes(new.file.read_bytes())
        assert value(asked) == 5.0


def test_a_server_without_tls_is_named_as_such() -> None:
    with serving(answering(GOOD)) as server:
        assert "does not speak TLS; check whether prometheus.url should begin with http://" in str(
            fault(client(over(server)))
        )
    says_so = refusing(b"400 Bad Request", b"Client sent an HTTP request to an HTTPS server.\n")
    with serving(answering(says_so)) as server:
        assert "it speaks TLS: prometheus.url must begin with https://" in str(fault(client(server.url)))


def basic(text: str) -> str:
    return f"Basic {base64.b64encode(text.encode()).decode()}"


class Asked:
    """A server that wants this Authorization header, and notes every header that it gets."""

    def __init__(self, wanted: str) -> None:
        self.wanted = wanted
        self.seen = ""

    def __call__(self, request: bytes) -> bytes:
        self.seen = request.decode()
        return GOOD if f"Authorization: {self.wanted}\r\n" in self.seen else refusing(b"401 Unauthorized")

    def serving(self) -> AbstractContextManager[SlowServer]:
        return serving(answering(self))


@pytest.mark.parametrize("url", ["http://me:s%40cret@", "http://"], ids=["in the URL", "in a file"])
def test_a_user_is_named_with_the_password(tmp_path: Path, url: str) -> None:
    (file := tmp_path / "password").write_text("s@cret\n", encoding="utf-8")
    named = Credentials("prometheus.basic_auth", username=SecretStr("me"), file=file)
    asked = Asked(basic("me:s@cret"))
    with asked.serving() as server:
        where = server.url.replace("http://", url)
        assert value(client(where, Connection(credentials=named if "@" not in url else Credentials()))) == 5.0
    assert "s@cret" not in asked.seen.replace(asked.wanted, "")
    assert "Host: 127.0.0.1" in asked.seen


def test_the_user_of_the_url_goes_before_a_token() -> None:
    with Asked(basic("me:secret")).serving() as server:
        token = Connection(credentials=Credentials(value=SecretStr("t0ken")))
        assert value(client(server.url.replace("http://", "http://me:secret@"), token)) == 5.0


def test_a_token_that_was_renewed_is_sent_from_the_next_query_on(tmp_path: Path) -> None:
    (file := tmp_path / "token").write_text("old", encoding="utf-8")
    with Asked("Bearer n3w").serving() as server:
        asked = client(server.url, Connection(credentials=Credentials(f"the token in {file}", file=file)))
        assert f"HTTP status 401; check the token in {file}" in str(fault(asked))
        file.write_text("n3w\n", encoding="utf-8")
        assert value(asked) == 5.0


def test_a_tenant_is_named_in_each_query() -> None:
    asked = Asked("Bearer t")
    who = Credentials(value=SecretStr("t"))
    with asked.serving() as server:
        value(client(server.url, Connection(credentials=who, headers={"X-Scope-OrgID": SecretStr("team")})))
    assert "X-Scope-OrgID: team\r\n" in asked.seen


ANYONE, TOKEN = Credentials(), Credentials("the token in /token", value=SecretStr("t"))


@pytest.mark.parametrize(
    ("status", "body", "who", "hint"),
    [
        (b"401 Unauthorized", b"", ANYONE, "wants credentials: set prometheus.basic_auth or prometheus.bearer_token"),
        (b"401 Unauthorized", b"", TOKEN, "check the token in /token"),
        (
            b"401 Unauthorized",
            b"no org id\n",
            ANYONE,
            "name yours as prometheus.headers, such as {X-Scope-OrgID: team}",
        ),
        (b"403 Forbidden", b"", ANYONE, "it may not be queried without rights"),
        (b"403 Forbidden", b"", TOKEN, "the token in /token may not query: check prometheus.basic_auth"),
    ],
)
def test_a_refusal_says_what_to_set(status: bytes, body: bytes, who: Credentials, hint: str) -> None:
    with serving(answering(refusing(status, body))) as server:
        assert hint in str(fault(client(server.url, Connection(credentials=who))))


def _missing(file: Path) -> None:
    file.unlink()


def _fifo(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def _large(file: Path) -> None:
    file.write_bytes(b"x" * (2**20 + 1))


def _odd(file: Path) -> None:
    file.write_bytes(b"planted secret\r\nX: y")


FILES: dict[str, Callable[[Path], Connection]] = {
    "ca": lambda file: Connection(TlsFiles(ca_file=file)),
    "cert": lambda file: Connection(TlsFiles(cert_file=file, key_file=file)),
    "password": lambda file: Connection(credentials=Credentials("here", username=SecretStr("me"), file=file)),
    "token": lambda file: Connection(credentials=Credentials("here", file=file)),
}


SPOILT: list[tuple[Callable[[Path], None], str]] = [
    (_missing, "cannot be read: No such file"),
    (_fifo, "cannot be read: it is a FIFO, not a regular file"),
    (_large, "cannot be read: it is larger than"),
    (_odd, "holds no certificate as PEM|must be a certificate and its key|must hold one token"),
]


@pytest.mark.parametrize(
    ("kind", "spoil", "why"),
    [(kind, *each) for kind in FILES for each in SPOILT if (kind, each[0]) != ("password", _odd)],
)
def test_a_file_that_cannot_be_used_is_named_and_not_quoted(
    tmp_path: Path, kind: str, spoil: Callable[[Path], None], why: str
) -> None:
    (file := tmp_path / "file").touch()
    spoil(file)
    found = fault(client("https://127.0.0.1:9", FILES[kind](file)))
    assert (found.kind, str(file) in str(found), "planted" in str(found)) == (FaultKind.REFUSED, True, False)
    assert any(each in str(found) for each in why.split("|"))


def test_a_key_that_wants_a_passphrase_is_refused_without_a_prompt(tmp_path: Path, authority: Authority) -> None:
    certificate, key = authority.issue("locked")
    locked = tmp_path / "key"
    words = ["openssl", "pkcs8", "-topk8", "-in", str(key), "-out", str(locked), "-passout", "pass:planted"]
    subprocess.run(words, check=True, capture_output=True)
    tls = replace(TlsFiles(cert_file=certificate), key_file=locked)
    assert "its key without a passphrase" in str(fault(client("https://127.0.0.1:9", Connection(tls))))
