"""Traefik's entry points, as published on this machine."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from autoscaler.adapters.compose import labels as label
from autoscaler.adapters.docker.engine import Engine

_IMAGE = re.compile(r"(?:.*/)?traefik(?:[:@].*)?")
_ADDRESS = re.compile(r"--entrypoints\.([^.=]+)\.address=[^=]*?:(\d{1,5})(?:/tcp)?", re.IGNORECASE)
_VARIABLE = re.compile(r"TRAEFIK_ENTRYPOINTS_([^=]+)_ADDRESS=.*:(\d{1,5})(?:/tcp)?", re.IGNORECASE)
_USUAL = {"web": (80, 8000), "websecure": (443, 8443)}  # without flags: a configuration file may have others


@dataclass(frozen=True, slots=True)
class GatewayPorts:
    """The known ports inside Traefik by entry point, and where each is published."""

    inside: Mapping[str, int] = field(default_factory=dict)
    published: Mapping[int, tuple[str, int]] = field(default_factory=dict)  # address and port of this machine

    def url(self, entry_points: Sequence[str], *, tls: bool) -> str | None:
        """Return the URL of the first published one of these entry points, or else of the usual ones."""
        for name in [each.lower() for each in entry_points] or (["websecure", "web"] if tls else ["web", "websecure"]):
            wanted = [self.inside[name]] if name in self.inside else _USUAL.get(name, ())
            for port in wanted:
                if port in self.published:
                    address, outside = self.published[port]
                    secure = tls or "secure" in name.lower()
                    return f"http{'s' if secure else ''}://{address}:{outside}"
        return None


def gateway_ports(engine: Engine, containers: Iterable[Mapping[str, Any]], project: str | None) -> GatewayPorts:
    """Return the ports of the project's own Traefik, or else of the only one."""
    found = [each for each in containers if _IMAGE.fullmatch(str(each.get("Image"))) and each["State"] == "running"]
    own = [each for each in found if each["Labels"].get(label.PROJECT) == project]
    chosen = own or found
    if len(chosen) != 1:
        return GatewayPorts()
    config = engine.inspect(chosen[0]["Id"])["Config"]
    words = [*(config.get("Entrypoint") or ()), *(config.get("Cmd") or ()), *(config.get("Env") or ())]
    matches = [match for word in words if (match := _ADDRESS.fullmatch(word) or _VARIABLE.fullmatch(word))]
    return GatewayPorts({match.group(1).lower(): int(match.group(2)) for match in matches}, _published(chosen[0]))


def _published(container: Mapping[str, Any]) -> dict[int, tuple[str, int]]:
    published: dict[int, tuple[str, int]] = {}
    for port in container.get("Ports") or ():
        if port.get("PublicPort") and port.get("Type") == "tcp":
            bound = port.get("IP") or ""
            address = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(bound, bound)
            published.setdefault(port["PrivatePort"], (address, port["PublicPort"]))
    return published
