"""The settings of the view: variables, and its secret from a file."""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from autoscaler.errors import ConfigError
from autoscaler.formats import format_duration, parse_duration, shared_secret

PREFIX = "AUTOSCALER_TRAEFIK_VIEW_"
SECRET_FILE = "/run/secrets/autoscaler_traefik_view_secret"  # noqa: S105  a path
HIGHEST_PORT = 65535
_LEAST_START_SECONDS, _MOST_START_SECONDS = 0.0, 600.0
_NAMES = ("LISTEN", "CONTROL", "SECRET", "SECRET_FILE", "PROJECTS", "START_TIMEOUT", "URL")  # URL is the daemon's
_ENGINE = "unix:///var/run/docker.sock"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Settings:
    """What docs/settings.md describes for the view."""

    engine_url: str
    listen: tuple[str, int]
    control: tuple[str, int]
    secret: str | None
    projects: frozenset[str]
    start_seconds: float


def load(environment: Mapping[str, str]) -> Settings:
    """Read the settings. An empty variable counts as not set.

    Raises:
        ConfigError: a variable is unknown or wrong, or the secret cannot be read; one line each.
    """
    problems = [_unknown(name) for name in sorted(environment) if name.startswith(PREFIX) and not _known(name)]

    def read(name: str, default: str, parse: Callable[[str], T]) -> T:
        text = environment.get(PREFIX + name) or default
        try:
            return parse(text)
        except ValueError as error:
            problems.append(f"{PREFIX}{name}: {error}, not {text!r}")
            return parse(default)

    listen = read("LISTEN", "0.0.0.0:2375", _address)
    control = read("CONTROL", "0.0.0.0:9596", _address)
    start_seconds = read("START_TIMEOUT", "1m", _start_seconds)
    projects = frozenset(filter(None, (word.strip() for word in environment.get(f"{PREFIX}PROJECTS", "").split(","))))
    try:
        secret = _secret(environment)
    except (OSError, ValueError) as error:
        problems.append(f"{PREFIX}SECRET: {error}")
    engine_url = environment.get("AUTOSCALER_DOCKER_URL") or environment.get("DOCKER_HOST") or _ENGINE
    if engine_url.startswith("tcp:") and (environment.get("DOCKER_TLS_VERIFY") or environment.get("DOCKER_TLS")):
        problems.append("DOCKER_TLS_VERIFY: Traefik's view speaks no TLS; run it beside the engine's socket")
    if problems:
        raise ConfigError("\n".join(problems))
    return Settings(engine_url, listen, control, secret, projects, start_seconds)


def _known(name: str) -> bool:
    return name.removeprefix(PREFIX) in _NAMES


def _unknown(name: str) -> str:
    close = difflib.get_close_matches(name.removeprefix(PREFIX), _NAMES, n=1)
    hint = f"did you mean {PREFIX}{close[0]}?" if close else f"known are {', '.join(PREFIX + each for each in _NAMES)}"
    return f"{name}: unknown variable; {hint}"


def _address(text: str) -> tuple[str, int]:
    host, separator, port = text.rpartition(":")
    if not (host and separator and port.isdecimal() and 0 < int(port) <= HIGHEST_PORT):
        raise ValueError('must be an address and a port, such as "0.0.0.0:2375"')
    return host.strip("[]"), int(port)


def _start_seconds(text: str) -> float:
    seconds = parse_duration(text)
    if not _LEAST_START_SECONDS <= seconds <= _MOST_START_SECONDS:
        raise ValueError(f'must be at most "{format_duration(_MOST_START_SECONDS)}"')
    return seconds


def _secret(environment: Mapping[str, str]) -> str | None:
    file = environment.get(f"{PREFIX}SECRET_FILE") or (SECRET_FILE if Path(SECRET_FILE).exists() else None)
    text = environment.get(f"{PREFIX}SECRET", "") if file is None else Path(file).read_text(encoding="utf-8")
    return shared_secret(text)
