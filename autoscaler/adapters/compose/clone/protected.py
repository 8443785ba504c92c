"""Containers on which scaling itself rests: the autoscaler, Traefik, and what holds the engine's socket. Pure."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from autoscaler.adapters.compose import labels as label

_DAEMON = "daemon"
_TITLE = "org.opencontainers.image.title"
_SOCKETS = frozenset({"docker.sock", "podman.sock", "containerd.sock"})


def role(template: Mapping[str, Any]) -> str | None:
    """Say which of them the inspected container is, as the reason not to scale it, or None."""
    if template["Config"]["Labels"].get(label.ROLE) == _DAEMON:
        return "it is the autoscaler itself; remove it from the policy"
    if _is_traefik(template):
        return "it is Traefik, whose metrics and routes all scaling rests on; remove it from the policy"
    socket = _socket(template)
    if socket is None:
        return None
    return (
        f"it has the engine's socket {socket}, and with it the whole host, as socket guards have; "
        "let it reach the engine by TCP through a guard, or remove it from the policy"
    )


def _is_traefik(template: Mapping[str, Any]) -> bool:
    """Go by the official image's title, or by the program: alone, or behind the image's entrypoint script."""
    program, arguments = template.get("Path") or "", template.get("Args") or []
    words = [program, *arguments[:1]]
    titled = str(template["Config"]["Labels"].get(_TITLE, "")).lower() == "traefik"
    return titled or any(PurePosixPath(word).name == "traefik" for word in words)


def _socket(template: Mapping[str, Any]) -> str | None:
    """Return where on the host the engine's socket is that is mounted, under whatever name."""
    sources = (str(mount.get("Source") or "") for mount in template.get("Mounts") or [])
    return next((source for source in sources if PurePosixPath(source).name in _SOCKETS), None)
