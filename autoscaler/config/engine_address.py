"""Where the Docker engine is, and the TLS of its address, as the docker CLI takes them from its variables."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from autoscaler.config.connection import TlsFiles
from autoscaler.errors import ConfigError
from autoscaler.formats import without_credentials

SOCKET = "unix:///var/run/docker.sock"
_FORWARD = "ssh -NL /run/user/engine.sock:/var/run/docker.sock HOST"


@dataclass(frozen=True, slots=True)
class EngineAddress:
    """The URL of an engine; `tls` is None without TLS."""

    url: str
    tls: TlsFiles | None = None


def engine_address(url: str, environment: Mapping[str, str] = os.environ) -> EngineAddress:
    """Return the address; over TCP with the certificates of DOCKER_CERT_PATH, if TLS is asked for.

    As for the docker CLI, any text in DOCKER_TLS_VERIFY asks for TLS with a verified engine, and one in DOCKER_TLS for
    TLS with any engine; certificate and key are used where they exist.

    Raises:
        ConfigError: the engine cannot be reached so.
    """
    shown = without_credentials(url)
    scheme = urlsplit(url).scheme if "://" in url else "tcp"
    if scheme == "ssh":
        raise ConfigError(
            f"the Docker engine's address {shown} cannot be used: over ssh no call has a time limit. Forward its "
            f"socket ({_FORWARD}) and set AUTOSCALER_DOCKER_URL=unix:///run/user/engine.sock, or use tcp:// with "
            "DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH"
        )
    if scheme not in {"unix", "http+unix", "tcp", "http", "https"}:
        raise ConfigError(f"the Docker engine's address must begin with unix:// or tcp://, not {shown!r}")
    if scheme in {"unix", "http+unix"}:
        return EngineAddress(url)
    if "@" in url:
        raise ConfigError(
            f"the Docker engine's address {shown} must have no user and password: the engine takes none; it knows "
            "clients by certificates (DOCKER_TLS_VERIFY, DOCKER_CERT_PATH)"
        )
    verify, any_engine = bool(environment.get("DOCKER_TLS_VERIFY")), bool(environment.get("DOCKER_TLS"))
    if scheme == "http" or (scheme == "tcp" and not verify and not any_engine):
        return EngineAddress(url)
    return EngineAddress(url, _tls(environment, verify=verify or scheme == "https"))


def _tls(environment: Mapping[str, str], *, verify: bool) -> TlsFiles:
    stated = environment.get("DOCKER_CERT_PATH") or environment.get("DOCKER_CONFIG")
    directory = Path(stated) if stated else Path.home() / ".docker"
    authorities, certificate, key = (directory / name for name in ("ca.pem", "cert.pem", "key.pem"))
    own = (certificate, key) if certificate.exists() or key.exists() else (None, None)
    wanted = verify and (bool(environment.get("DOCKER_TLS_VERIFY")) or authorities.exists())
    return TlsFiles(authorities if wanted else None, own[0], own[1], insecure_skip_verify=not verify)
