"""The real Prometheus with its own TLS, client certificates and users, by the keys that it names itself."""

import secrets
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from autoscaler.adapters.prometheus.client import PrometheusClient
from autoscaler.adapters.prometheus.faults import FaultKind, PrometheusFault
from autoscaler.config.load import load
from autoscaler.config.settings import Settings
from autoscaler.ports.observers import discard
from deploy.lab import images
from deploy.lab.ports import free_ports
from deploy.lab.shell import run
from tests.support.authority import Authority

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("prometheus")]

# The hash is of the password `s@cret`.
WEB = """\
tls_server_config:
  cert_file: server.pem
  key_file: server-key.pem
  client_ca_file: ca.pem
  client_auth_type: RequireAndVerifyClientCert
basic_auth_users:
  autoscaler: $2b$04$gfkAGF8DtKg/3ocuSGzATeboQbJpsa.tNKlsTwVrY.OzoUKQIVGti
"""
FLAGS = ("--config.file=/data/prometheus.yaml", "--web.config.file=/data/web.yaml", "--storage.tsdb.path=/tmp/tsdb")


@pytest.fixture(scope="module")
def guarded(engine_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Its address, and a directory with the files of a client."""
    if images.ensure([images.PROMETHEUS]):
        pytest.skip(f"{images.PROMETHEUS} is not to be had here")
    directory, (port,) = tmp_path_factory.mktemp("guarded"), free_ports(1)
    authority = Authority(directory)
    authority.issue("server")
    authority.issue("client")
    (directory / "prometheus.yaml").write_text("global: {}\n", encoding="utf-8")
    (directory / "web.yaml").write_text(WEB, encoding="utf-8")
    (directory / "password").write_text("s@cret\n", encoding="utf-8")
    name = f"autoscaler-test-prometheus-{secrets.token_hex(3)}"
    options = ["--user", "0:0", "--volume", f"{directory}:/data:ro", "--publish", f"127.0.0.1:{port}:9090"]
    run(["docker", "run", "--detach", "--name", name, *options, images.PROMETHEUS, *FLAGS], "start Prometheus")
    try:
        yield f"127.0.0.1:{port}", directory
    finally:
        run(["docker", "rm", "--force", "--volumes", name], "remove Prometheus")


def client(directory: Path, keys: str) -> PrometheusClient:
    (file := directory / "policy.yaml").write_text(f"prometheus: {{{keys}}}\n", encoding="utf-8")
    found = load(file, Settings(config=file)).prometheus
    return PrometheusClient(found.url, timeout_seconds=10.0, emit=discard, connection=found.connection)


def answered(asked: PrometheusClient) -> float:
    """Ask until it has started."""
    deadline = time.monotonic() + 120
    while True:
        try:
            return asked.ask("vector(5)", time.time())[0].value
        except PrometheusFault as fault:
            if fault.kind is not FaultKind.REFUSED or time.monotonic() > deadline:
                raise
            time.sleep(0.1)


TLS = "ca_file: ca.pem, cert_file: client.pem, key_file: client-key.pem"


@pytest.mark.parametrize("user", ["", "autoscaler:s%40cret@"], ids=["basic_auth", "the URL"])
def test_it_answers_whoever_has_certificate_and_password(guarded: tuple[str, Path], user: str) -> None:
    address, directory = guarded
    named = "" if user else ", basic_auth: {username: autoscaler, password_file: password}"
    assert answered(client(directory, f'url: "https://{user}{address}", {TLS}{named}')) == 5.0


@pytest.mark.parametrize(
    ("url", "keys", "hint"),
    [
        ("https://", TLS, "HTTP status 401; it wants credentials: set prometheus.basic_auth"),
        ("https://autoscaler:x@", TLS, "HTTP status 401; check the user and password in the URL"),
        ("https://", "cert_file: client.pem, key_file: client-key.pem", "name its authority as prometheus.ca_file"),
        ("http://", "", "it speaks TLS: prometheus.url must begin with https://"),
    ],
)
def test_what_is_missing_is_named(guarded: tuple[str, Path], url: str, keys: str, hint: str) -> None:
    address, directory = guarded
    answered(client(directory, f'url: "https://autoscaler:s%40cret@{address}", {TLS}'))
    with pytest.raises(PrometheusFault) as failure:
        client(directory, f'url: "{url}{address}"{", " if keys else ""}{keys}').ask("vector(5)", time.time())
    assert hint in str(failure.value)
