"""The schema of a connection, with the names of Prometheus' own configuration."""

import re
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from autoscaler.config.connection import Connection, Credentials, TlsFiles
from autoscaler.config.fields import Model
from autoscaler.config.sizes import MOST_ENTRIES

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
_OURS = frozenset(
    {"authorization", "host", "connection", "content-length", "content-type", "transfer-encoding", "accept-encoding"}
)


def _header_name(name: str) -> str:
    if not _NAME.fullmatch(name) or name.lower() in _OURS:
        raise ValueError("must be the name of a header that the autoscaler does not set itself, such as X-Scope-OrgID")
    return name


def _header_value(value: SecretStr) -> SecretStr:
    if not _VALUE.fullmatch(value.get_secret_value()):
        raise ValueError("must be printable ASCII without blanks around it")
    return value


FileName = Annotated[str, Field(min_length=1)]
HeaderName = Annotated[str, AfterValidator(_header_name)]
HeaderValue = Annotated[SecretStr, AfterValidator(_header_value)]


class BasicAuthModel(Model):
    username: Annotated[str, Field(pattern=r"^[^:]*$")]
    password_file: FileName | None = None


class ConnectionModel(Model):
    ca_file: FileName | None = None
    cert_file: FileName | None = None
    key_file: FileName | None = None
    insecure_skip_verify: bool = False
    basic_auth: BasicAuthModel | None = None
    bearer_token_file: FileName | None = None
    headers: Annotated[dict[HeaderName, HeaderValue], Field(max_length=MOST_ENTRIES)] = Field(default={})

    @model_validator(mode="after")
    def _certificate_and_key(self) -> Self:
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("`cert_file` and `key_file` belong together; name both")
        return self

    def check_credentials(self, of_url: tuple[str, str] | None) -> None:
        """Raise ValueError if there are several, the user of the URL among them."""
        if sum(each is not None for each in (of_url, self.basic_auth, self.bearer_token_file)) > 1:
            raise ValueError("`basic_auth`, `bearer_token_file` and a user in `url` exclude each other; keep one")


def make_connection(model: ConnectionModel, directory: Path) -> Connection:
    """Return the connection; files are relative to the directory of the policy file."""

    def file(name: str | None) -> Path | None:
        return None if name is None else directory / name

    tls = TlsFiles(file(model.ca_file), file(model.cert_file), file(model.key_file), model.insecure_skip_verify)
    return Connection(tls, _credentials(model, file(model.bearer_token_file), directory), model.headers)


def _credentials(model: ConnectionModel, token: Path | None, directory: Path) -> Credentials:
    if token is not None:
        return Credentials(f"the token in prometheus.bearer_token_file ({token})", file=token)
    if model.basic_auth is None:
        return Credentials()
    user, name = SecretStr(model.basic_auth.username), model.basic_auth.password_file
    file = None if name is None else directory / name
    password = "no password" if file is None else f"the password in {file}"
    return Credentials(f"prometheus.basic_auth ({password})", username=user, file=file)
