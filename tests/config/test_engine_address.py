"""The Docker engine's address, with TLS as the docker CLI takes it from the same variables."""

from pathlib import Path

import pytest

from autoscaler.config.connection import TlsFiles
from autoscaler.config.engine_address import engine_address
from autoscaler.errors import ConfigError

FAR = "tcp://engine:2376"
ALL = ("ca.pem", "cert.pem", "key.pem")


def made(url: str, directory: Path, files: tuple[str, ...], **variables: str) -> TlsFiles | None:
    for name in files:
        (directory / name).touch()
    found = engine_address(url, {"DOCKER_CERT_PATH": str(directory), **variables})
    assert found.url == url
    return found.tls


@pytest.mark.parametrize(
    ("url", "variables"),
    [
        ("unix:///var/run/docker.sock", {"DOCKER_TLS_VERIFY": "1"}),
        (FAR, {}),
        (FAR, {"DOCKER_TLS_VERIFY": "", "DOCKER_TLS": ""}),
        ("http://guard:2375", {"DOCKER_TLS_VERIFY": "1"}),
    ],
    ids=["a socket", "not asked for", "empty is unset", "http is http"],
)
def test_without_tls(tmp_path: Path, url: str, variables: dict[str, str]) -> None:
    assert made(url, tmp_path, ALL, **variables) is None


@pytest.mark.parametrize("said", ["1", "0", "yes"])
def test_any_text_asks_for_tls_with_a_verified_engine(tmp_path: Path, said: str) -> None:
    ca, certificate, key = (tmp_path / name for name in ALL)
    assert made(FAR, tmp_path, ALL, DOCKER_TLS_VERIFY=said) == TlsFiles(ca, certificate, key)


def test_docker_tls_alone_asks_for_tls_with_any_engine(tmp_path: Path) -> None:
    own = tmp_path / "cert.pem", tmp_path / "key.pem"
    assert made(FAR, tmp_path, ALL, DOCKER_TLS="1") == TlsFiles(None, *own, insecure_skip_verify=True)
    assert made(FAR, tmp_path, ALL, DOCKER_TLS="1", DOCKER_TLS_VERIFY="1") == TlsFiles(tmp_path / "ca.pem", *own)


def test_a_certificate_of_its_own_is_used_where_there_is_one(tmp_path: Path) -> None:
    assert made(FAR, tmp_path, ("ca.pem",), DOCKER_TLS_VERIFY="1") == TlsFiles(tmp_path / "ca.pem")


def test_https_is_tls(tmp_path: Path) -> None:
    assert made("https://engine:2376", tmp_path, ()) == TlsFiles()
    assert made("https://engine:2376", tmp_path, ("ca.pem",)) == TlsFiles(tmp_path / "ca.pem")


def test_without_a_directory_it_is_that_of_docker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    verify = {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": ""}
    assert engine_address(FAR, verify).tls == TlsFiles(tmp_path / ".docker/ca.pem")
    assert engine_address(FAR, {**verify, "DOCKER_CONFIG": "/etc/d"}).tls == TlsFiles(Path("/etc/d/ca.pem"))


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("ssh://me@host", "ssh://host cannot be used: over ssh no call has a time limit. Forward its socket (ssh -NL"),
        ("npipe:////./pipe/docker_engine", "must begin with unix:// or tcp://, not 'npipe:////./pipe/docker_engine'"),
        ("tcp://me:planted@host:2375", "tcp://host:2375 must have no user and password: the engine takes none"),
    ],
)
def test_what_cannot_be_used_is_refused_with_what_to_do(url: str, why: str) -> None:
    with pytest.raises(ConfigError) as failure:
        engine_address(url, {})
    assert why in str(failure.value)
    assert "planted" not in str(failure.value)
