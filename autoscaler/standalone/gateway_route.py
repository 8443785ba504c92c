"""The URL of a load test: from the options, and from the labels that the engine knows."""

import ipaddress
from urllib.parse import urlsplit

from autoscaler.config.load import load
from autoscaler.config.settings import Settings
from autoscaler.errors import ConfigError, TargetRefused, TargetUnavailable
from autoscaler.loadtest.entrance import Aim, Entrance
from autoscaler.ports.fleet import ServiceRef
from autoscaler.wiring import find_entrance

_BY_HAND = "name the gateway and the path with --url, such as --url https://127.0.0.1/api/users"
_NOTHING = Entrance((), 0, None, None, (), None)


def entrance_of(settings: Settings, service: str, url: str | None) -> Entrance:
    """Return the service's entrance as the engine knows it; an empty one without an engine, if a URL is given.

    Raises:
        ConfigError: the policy file is wrong. TargetUnavailable, TargetRefused: the service was not found.
    """
    try:
        return find_entrance(settings, _ref(settings, service))
    except (TargetUnavailable, TargetRefused):
        if url is None:
            raise
        return _NOTHING


def _ref(settings: Settings, service: str) -> ServiceRef:
    if settings.config.exists():
        services = load(settings.config, settings).services
        if service in services:
            return services[service].target
    return ServiceRef(service, settings.compose_project)


def aim_at(entrance: Entrance, url: str | None, path: str | None) -> tuple[str, str | None]:
    """Return the URL to load, and the Host header if it differs.

    Raises:
        ConfigError: the labels do not say, and an option is needed.
    """
    if path is not None and not path.startswith("/"):
        raise ConfigError(f"--path must begin with a slash, such as /api/users, not {path!r}")
    gateway = entrance.gateway if url is None else url
    if gateway is None:
        raise ConfigError(f"{_unknown(entrance)}; {_BY_HAND}")
    parts, aim = urlsplit(gateway), entrance.aim or Aim()
    base = f"{parts.scheme}://{parts.netloc}"
    own = (parts.path + (f"?{parts.query}" if parts.query else "")) if parts.path.strip("/") or parts.query else ""
    return base + (path or own or aim.path), aim.host if _is_address(parts.hostname or "") else None


def _unknown(entrance: Entrance) -> str:
    if entrance.aim is not None:
        return "no Traefik was found on this engine that publishes the router's entry point on this machine"
    if entrance.rules:
        return f"the rule {entrance.rules[0]} asks for more than a host and a path"
    return "the service has no label traefik.http.routers.NAME.rule"


def _is_address(host: str) -> bool:
    """Return whether a host names a machine rather than a site."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    return True
