"""An engine over TLS with client certificates, as the docker CLI reaches it: the real one, and what goes wrong."""

from pathlib import Path

import pytest

from autoscaler.adapters.compose.target import ComposeTarget
from autoscaler.adapters.docker.engine import Engine
from autoscaler.config.connection import TlsFiles
from autoscaler.config.engine_address import EngineAddress, engine_address
from autoscaler.errors import TargetUnavailable
from autoscaler.ports.observers import discard
from tests.support.authority import Authority
from tests.support.compose_project import Project
from tests.support.relay import unix_socket
from tests.support.slow_server import SlowServer, Talk, answering, over_tls, relaying, says, serving

ENGINE = answering(lambda request: says(b'{"ApiVersion": "1.41"}' if b"/version" in request else b"[]"))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Path:
    """A directory as DOCKER_CERT_PATH names it."""
    directory = tmp_path_factory.mktemp("docker")
    certificate, key = authority.issue("client")
    for name, file in (("ca", authority.file), ("cert", certificate), ("key", key)):
        (directory / f"{name}.pem").write_bytes(file.read_bytes())
    return directory


def guarded(authority: Authority, talk: Talk) -> Talk:
    return over_tls(talk, authority.server(), clients=authority.file)


def address(server: SlowServer, certificates: Path, variable: str = "DOCKER_TLS_VERIFY") -> EngineAddress:
    return engine_address(f"tcp://127.0.0.1:{server.port}", {"DOCKER_CERT_PATH": str(certificates), variable: "1"})


def engine(address: EngineAddress) -> Engine:
    return Engine(address, timeout_seconds=10.0, emit=discard)


def problem(address: EngineAddress) -> str:
    with pytest.raises(TargetUnavailable) as failure:
        engine(address).containers({})
    return str(failure.value)


@pytest.mark.parametrize("variable", ["DOCKER_TLS_VERIFY", "DOCKER_TLS"])
def test_an_engine_is_asked_with_the_certificates_of_the_directory(
    authority: Authority, certificates: Path, variable: str
) -> None:
    with serving(guarded(authority, ENGINE)) as server:
        assert engine(address(server, certificates, variable)).containers({}).entries == []


def test_an_engine_of_another_authority_is_not_asked(tmp_path: Path, authority: Authority, certificates: Path) -> None:
    other = Authority(tmp_path / "other")
    with serving(over_tls(ENGINE, other.server())) as server:
        found = problem(address(server, certificates))
        assert f"the Docker engine at tcp://127.0.0.1:{server.port} has a certificate that is not trusted" in found
        assert "check its port, DOCKER_TLS_VERIFY and DOCKER_CERT_PATH" in found
        assert engine(address(server, certificates, "DOCKER_TLS")).containers({}).entries == []


def test_an_engine_that_wants_a_certificate_says_so(authority: Authority) -> None:
    with serving(guarded(authority, ENGINE)) as server:
        without = EngineAddress(f"tcp://127.0.0.1:{server.port}", TlsFiles(ca_file=authority.file))
        assert "refuses the client's certificate, or wants one" in problem(without)


def test_an_engine_without_tls_is_named_as_such(certificates: Path) -> None:
    with serving(ENGINE) as server:
        assert "does not speak TLS; check its port, DOCKER_TLS_VERIFY" in problem(address(server, certificates))


def test_a_missing_certificate_is_named(tmp_path: Path) -> None:
    with serving(ENGINE) as server:
        found = problem(address(server, tmp_path))
    assert (
        f"was not asked: {tmp_path}/ca.pem cannot be read: No such file or directory; check DOCKER_CERT_PATH" in found
    )


@pytest.mark.engine
def test_the_real_engine_is_scaled_over_tls(authority: Authority, certificates: Path, plain: Project) -> None:
    with serving(guarded(authority, relaying(lambda: unix_socket(plain.engine_url)))) as server:
        target = ComposeTarget(address(server, certificates), timeout_seconds=20.0, emit=discard, timing=plain.timing)
        target.watch()
        try:
            assert plain.scale(2, target=target) == 2
            assert target.observe().find(plain.ref()).current == 2
            assert plain.scale(1, target=target) == 1
        finally:
            target.close()
