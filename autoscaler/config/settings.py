"""Settings of the process: AUTOSCALER_... variables, and secrets from files. Policies are in the policy file."""

import os
import re
import warnings
from enum import StrEnum
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError

from autoscaler.config.engine_address import SOCKET, EngineAddress, engine_address
from autoscaler.config.fields import AnyAddress, AnyDuration, between
from autoscaler.config.secrets import check_grafana_token, read_secret, unreadable_secrets
from autoscaler.config.settings_problems import PREFIX, problem, unknown_variables
from autoscaler.errors import ConfigError
from autoscaler.formats import Address, is_http_url, shared_secret

SECRETS_DIR = "/run/secrets"
DEFAULT_CONFIG = Path("/etc/autoscaler/autoscaler.yaml")
HIGHEST_PORT = 65535
_HOST = re.compile(r"\*|(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*")
_TOKENS = ("prometheus_token", "grafana_token", "api_token", "traefik_view_secret")


class LogFormat(StrEnum):
    AUTO = "auto"  # json, unless stdout is a terminal
    JSON = "json"
    CONSOLE = "console"


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def _docker_url() -> str:
    return os.environ.get("DOCKER_HOST") or SOCKET


class Settings(BaseSettings):
    """The settings of this process; docs/settings.md describes each field."""

    model_config: ClassVar[SettingsConfigDict] = SettingsConfigDict(
        env_prefix=PREFIX, extra="ignore", frozen=True, validate_default=True
    )

    config: Path = DEFAULT_CONFIG
    docker_url: str = Field(default_factory=_docker_url)
    # Defaults are validated like any other value.
    docker_timeout: Annotated[AnyDuration, between(0.5, 120.0)] = Field(default="10s")  # type: ignore[assignment]
    compose_project: str | None = None
    listen: str = "127.0.0.1:9595"
    allowed_hosts: Annotated[frozenset[str], NoDecode] = frozenset()
    prometheus_url: AnyAddress | None = None
    prometheus_token: SecretStr | None = None
    prometheus_token_file: Path | None = None
    api_token: SecretStr | None = None
    api_token_file: Path | None = None
    state_dir: Path | None = None
    url: AnyAddress | None = None
    grafana_url: AnyAddress | None = None
    grafana_token: SecretStr | None = None
    grafana_token_file: Path | None = None
    traefik_view_url: AnyAddress | None = None
    traefik_view_secret: SecretStr | None = None
    traefik_view_secret_file: Path | None = None
    dry_run: bool | None = None
    log_level: LogLevel = LogLevel.INFO
    log_format: LogFormat = LogFormat.AUTO
    stop_timeout: Annotated[AnyDuration, between(0.0, 600.0)] = Field(default="30s")  # type: ignore[assignment]

    @field_validator("api_token", "traefik_view_secret")
    @classmethod
    def _shared_secret(cls, value: SecretStr | None) -> SecretStr | None:
        secret = None if value is None else shared_secret(value.get_secret_value())
        return None if secret is None else SecretStr(secret)

    @field_validator("traefik_view_url")
    @classmethod
    def _traefik_view_url(cls, value: Address | None) -> Address | None:
        if value is not None and not is_http_url(value.whole):
            raise ValueError('must be a URL such as "http://traefik-view:9596"')
        return value

    @field_validator("url")
    @classmethod
    def _url(cls, value: Address | None) -> Address | None:
        if value is not None and not is_http_url(value.whole):
            raise ValueError('must be a URL such as "http://127.0.0.1:9595"')
        return value

    @field_validator("listen")
    @classmethod
    def _listen(cls, value: str) -> str:
        host, separator, port = value.rpartition(":")
        if not (host and separator and port.isdecimal() and 0 < int(port) <= HIGHEST_PORT):
            raise ValueError('must be an address and a port, such as "127.0.0.1:9595" or "0.0.0.0:9595"')
        return value

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _allowed_hosts(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        names = {name.strip().lower() for name in value.split(",")} - {""}
        if not all(_HOST.fullmatch(name) for name in names):
            raise ValueError("must be names without port, such as autoscaler.example.org,*.example.net, or * for all")
        return names

    @model_validator(mode="before")
    @classmethod
    def _token_from_file(cls, values: dict[str, object]) -> dict[str, object]:
        """Read the tokens from files. An empty text is unset: Compose passes `${VARIABLE:-}` as one."""
        values = {name: value for name, value in values.items() if value != ""}
        tokens = {name: read_secret(values, f"{name}_file") for name in _TOKENS}
        return values | {name: token for name, token in tokens.items() if token is not None}

    @model_validator(mode="after")
    def _grafana(self) -> "Settings":
        if self.grafana_url is None:
            return self
        if not is_http_url(self.grafana_url.whole):
            raise ValueError(
                f'AUTOSCALER_GRAFANA_URL must be a URL such as "http://grafana:3000", not {str(self.grafana_url)!r}'
            )
        check_grafana_token("" if self.grafana_token is None else self.grafana_token.get_secret_value())
        return self

    @model_validator(mode="after")
    def _traefik_view(self) -> "Settings":
        if self.traefik_view_url is not None and self.traefik_view_secret is None:
            raise ValueError(
                "AUTOSCALER_TRAEFIK_VIEW_URL needs a secret: name its file as AUTOSCALER_TRAEFIK_VIEW_SECRET_FILE"
            )
        return self

    @property
    def listen_address(self) -> tuple[str, int]:
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)

    @property
    def engine(self) -> EngineAddress:
        """Where the engine is. Raises ConfigError: it cannot be reached so."""
        return engine_address(self.docker_url)

    @property
    def docker_timeout_seconds(self) -> float:
        return self.docker_timeout

    @property
    def stop_timeout_seconds(self) -> float:
        return self.stop_timeout


def load_settings(secrets_dir: str = SECRETS_DIR) -> Settings:
    """Read the settings from the environment and from secret files.

    Raises:
        ConfigError: a variable is invalid or unknown, or a secret cannot be read; one line each.
    """
    problems = unknown_variables(Settings.model_fields)
    if unreadable := list(unreadable_secrets(secrets_dir, Settings.model_fields)):
        raise ConfigError("\n".join([*problems, *unreadable]))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a missing secrets directory is the usual case
            settings = Settings(_secrets_dir=secrets_dir)  # type: ignore[call-arg]
    except ValidationError as error:
        raise ConfigError("\n".join([*problems, *map(problem, error.errors())])) from error
    except SettingsError as error:
        raise ConfigError("\n".join([*problems, str(error)])) from error
    if problems:
        raise ConfigError("\n".join(problems))
    return settings
