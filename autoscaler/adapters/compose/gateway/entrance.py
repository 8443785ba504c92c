"""Where a service is reached through Traefik: by its routers' labels, its replicas' addresses, Traefik's ports."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from autoscaler.adapters.compose.gateway.ports import GatewayPorts, gateway_ports
from autoscaler.adapters.compose.listing import every, inspected
from autoscaler.adapters.docker.engine import Engine
from autoscaler.adapters.docker.errors import EngineError
from autoscaler.errors import TargetRefused, TargetUnavailable
from autoscaler.loadtest.entrance import Entrance, aim_of
from autoscaler.loadtest.replicas import KnownReplica
from autoscaler.ports.fleet import ServiceRef

_ROUTER = re.compile(r"traefik\.http\.routers\.([^.]+)\.(rule|entrypoints|tls(?:\..+)?)", re.IGNORECASE)
_SERVER = re.compile(r"traefik\.http\.services\.[^.]+\.loadbalancer\.server\.(port|scheme)", re.IGNORECASE)
_COOKIE = re.compile(r"traefik\.http\.services\.[^.]+\.loadbalancer\.sticky\.cookie\.name", re.IGNORECASE)


def find_entrance(engine: Engine, ref: ServiceRef) -> Entrance:
    """Return where a service is reached.

    Raises:
        TargetUnavailable: the engine does not answer. TargetRefused: there is no such service.
    """
    try:
        listing = every(engine)
        state = listing.fleet.find(ref)
        ours = [each for each in listing.replicas if each.ref == state.ref and each.alive]
        found = [inspected(engine, each.id) for each in ours]
        ports = gateway_ports(engine, engine.containers({}).entries, state.ref.group)
    except EngineError as error:
        raise TargetUnavailable(f"cannot look at the containers: {error}") from error
    if not ours:
        raise TargetRefused(f"no replica of {ref} runs")
    return _entrance(dict(ours[0].labels), found, state.ready, ports)


def _entrance(
    labels: Mapping[str, str], replicas: Iterable[dict[str, Any]], ready: int, ports: GatewayPorts
) -> Entrance:
    routers = _routers(labels)
    aims = [(router, aim) for router in routers.values() if (aim := aim_of(router.get("rule", ""))) is not None]
    router, aim = aims[0] if aims else ({}, None)
    server = {found.group(1).lower(): value for name, value in labels.items() if (found := _SERVER.fullmatch(name))}
    return Entrance(
        replicas=tuple(_replica(each, server) for each in replicas),
        ready=ready,
        cookie=next((value for name, value in sorted(labels.items()) if _COOKIE.fullmatch(name)), None),
        aim=aim,
        rules=tuple(each["rule"] for each in routers.values() if "rule" in each),
        gateway=None if aim is None else ports.url(_entry_points(router), tls=any(key[:3] == "tls" for key in router)),
    )


def _routers(labels: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return the routers of the labels, by name, each with its options in lower case."""
    routers: dict[str, dict[str, str]] = {}
    for name, value in sorted(labels.items()):
        found = _ROUTER.fullmatch(name)
        if found is not None and value.lower() != "false":
            routers.setdefault(found.group(1), {})[found.group(2).lower()] = value
    return routers


def _entry_points(router: Mapping[str, str]) -> list[str]:
    return [name.strip() for name in router.get("entrypoints", "").split(",") if name.strip()]


def _replica(found: dict[str, Any], server: Mapping[str, str]) -> KnownReplica:
    """Return an inspected replica; Traefik's port is that of the labels, or else the lowest exposed one."""
    config, networks = found["Config"], found["NetworkSettings"]["Networks"].values()
    addresses = {address for network in networks if (address := network.get("IPAddress"))}
    exposed = sorted(int(port.partition("/")[0]) for port in config.get("ExposedPorts") or ())
    ports = [server["port"]] if "port" in server else [str(port) for port in exposed[:1]]
    scheme, name = server.get("scheme", "http"), str(found["Name"]).lstrip("/")
    marks = {name, found["Id"], found["Id"][:12], str(config.get("Hostname", "")), *addresses} - {""}
    urls = {f"{scheme}://{address}:{port}" for address in addresses for port in ports}
    return KnownReplica(name, frozenset(marks), frozenset(urls))
