"""Why a service cannot be cloned, and what to change. Pure."""

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from autoscaler.adapters.compose import labels as label
from autoscaler.adapters.compose.replicas import Replica
from autoscaler.formats import one_line

_DAEMON = "daemon"
_TITLE = "org.opencontainers.image.title"
_SOCKETS = frozenset({"docker.sock", "podman.sock", "containerd.sock"})
_RECREATING = re.compile(r"^[0-9a-f]{12}_")


def update_under_way(replicas: Iterable[Replica]) -> str | None:
    """Return a sentence if Compose is replacing replicas: a clone might be of the old kind."""
    alive = [replica for replica in replicas if replica.alive]
    if any(being_recreated(replica) for replica in alive):
        return "Compose is recreating a replica; waiting until it is done"
    return kinds_differ(alive)


def kinds_differ(replicas: Iterable[Replica]) -> str | None:
    """Return a sentence if the running replicas differ in configuration or image."""
    kinds = {replica.kind for replica in replicas if replica.alive}
    if len(kinds) > 1:
        return "its replicas differ in configuration or image; run docker compose up so that all are the same"
    return None


def being_recreated(replica: Replica) -> bool:
    """Return whether Compose has created it in place of another, and not renamed it yet."""
    return _RECREATING.match(replica.name) is not None


def obstacle(template: Mapping[str, Any]) -> str | None:
    """Return why the inspected container cannot be cloned, or None."""
    return next((found for found in (check(template) for check in _CHECKS) if found), None)


def _protected(template: Mapping[str, Any]) -> str | None:
    """Refuse containers that scaling itself depends on: the autoscaler, Traefik, and those with the engine's socket."""
    if template["Config"]["Labels"].get(label.ROLE) == _DAEMON:
        return "it is the autoscaler itself; remove it from the policy"
    if _is_traefik(template):
        return "it is Traefik, which scaling depends on; remove it from the policy"
    socket = _socket(template)
    if socket is None:
        return None
    return (
        f"it has the engine's socket {socket}, and with it the whole host, as socket guards have; "
        "let it reach the engine by TCP through a guard, or remove it from the policy"
    )


def _is_traefik(template: Mapping[str, Any]) -> bool:
    """Return whether the image has Traefik's title, or the program is Traefik, alone or behind an entrypoint script."""
    program, arguments = template.get("Path") or "", template.get("Args") or []
    words = [program, *arguments[:1]]
    titled = str(template["Config"]["Labels"].get(_TITLE, "")).lower() == "traefik"
    return titled or any(PurePosixPath(word).name == "traefik" for word in words)


def _socket(template: Mapping[str, Any]) -> str | None:
    """Return the host path of the engine's socket, if it is mounted under any name."""
    sources = (str(mount.get("Source") or "") for mount in template.get("Mounts") or [])
    return next((one_line(source) for source in sources if PurePosixPath(source).name in _SOCKETS), None)


def _name(template: Mapping[str, Any]) -> str | None:
    labels, name = template["Config"]["Labels"], str(template["Name"]).lstrip("/")
    project, service, number = (re.escape(labels[key]) for key in (label.PROJECT, label.SERVICE, label.NUMBER))
    if re.fullmatch(f"{project}(?P<separator>[-_]){service}(?P=separator){number}", name):
        return None
    return f"the container is called {name}; remove container_name from the Compose file, names must be unique"


def _fixed_port(template: Mapping[str, Any]) -> str | None:
    for port, bindings in (template["HostConfig"].get("PortBindings") or {}).items():
        for binding in bindings or []:
            first, _, last = binding.get("HostPort", "").partition("-")
            if first not in {"", "0"} and last in {"", first}:
                return f"it publishes {port} on the fixed host port {first}; publish a range, or nothing"
    return None


def _shared_network(template: Mapping[str, Any]) -> str | None:
    """Refuse a service that listens on a shared address: only its first replica would get the port."""
    mode, exposed = template["HostConfig"]["NetworkMode"], template["Config"].get("ExposedPorts") or {}
    if mode != "host" and not mode.startswith("container:"):
        return None
    serves = f"exposes {', '.join(sorted(exposed))}" if exposed else "is served by Traefik"
    if not exposed and not label.served_by_traefik(template["Config"]["Labels"]):
        return None
    shared = "network_mode: host" if mode == "host" else "the network of another container"
    return f"it {serves} and has {shared}, where all replicas would share one address; give it a network of its own"


def _static_address(template: Mapping[str, Any]) -> str | None:
    for network, endpoint in (template["NetworkSettings"].get("Networks") or {}).items():
        wanted = endpoint.get("IPAMConfig") or {}
        address = wanted.get("IPv4Address") or wanted.get("IPv6Address")
        if address:
            return f"it has the static address {address} in network {network}; let the engine choose one"
    return None


def _static_mac(template: Mapping[str, Any]) -> str | None:
    address = template["Config"].get("MacAddress")
    return f"it has the fixed MAC address {address}; let the engine choose one" if address else None


def _auto_remove(template: Mapping[str, Any]) -> str | None:
    return "it is removed when it stops; start it without --rm" if template["HostConfig"].get("AutoRemove") else None


def _swarm_task(template: Mapping[str, Any]) -> str | None:
    return (
        "it is a task of a Swarm service; scale that service instead"
        if label.SWARM_TASK in template["Config"]["Labels"]
        else None
    )


_CHECKS = (
    _protected,
    _swarm_task,
    _name,
    _fixed_port,
    _shared_network,
    _static_address,
    _static_mac,
    _auto_remove,
)
