"""Containers that scaling itself depends on: the autoscaler, Traefik, and those with the engine's socket. Pure."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from autoscaler.adapters.compose import labels as label

_DAEMON = "daemon"
_TITLE = "org.opencontainers.image.title"
_SOCKETS = frozenset({"docker.sock", "podman.sock", "containerd.sock"})


def role(template: Mapping[str, Any]) -> str | None:
    """Return why the inspected container must not be scaled, or None."""
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
    return next((source for source in sources if PurePosixPath(source).name in _SOCKETS), None)
