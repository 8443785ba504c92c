"""How a client connects to a server: certificates, credentials and headers. The files are read by who connects."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """The certificates of a connection, as PEM; without `ca_file` the usual authorities are trusted."""

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    insecure_skip_verify: bool = False

    @property
    def usual(self) -> bool:
        return self == TlsFiles()


@dataclass(frozen=True, slots=True)
class Credentials:
    """At most one way to say who asks; `source` is where the operator wrote it."""

    source: str = ""
    username: SecretStr | None = None  # with a password; without one they are a bearer token
    value: SecretStr | None = None
    file: Path | None = None  # holds the value, and is read again for each request


@dataclass(frozen=True, slots=True)
class Connection:
    """What Prometheus' own configuration says about a client's connection."""

    tls: TlsFiles = TlsFiles()
    credentials: Credentials = Credentials()
    headers: Mapping[str, SecretStr] = field(default_factory=dict)
