"""What two replicas have in common: all that the engine says of a container, but for what must differ."""

import json
import re
from typing import Any

from autoscaler.adapters.compose.healthcheck import unwrapped

# Everything that inspect says is compared, but for these, and for the probe around a clone's healthcheck: that is taken
# off first, with its tmpfs and its label. A star is any one key; a path covers all below it.
EXEMPT = {
    "Created": "a time",
    "State": "times, process ids, probes",
    "RestartCount": "counts crashes, and crashes differ",
    "ExecIDs": "who happens to look into it now",
    "GraphDriver.Data": "paths of its own layer",
    "Config.Labels.com.docker.compose.container-number": "its number",
    "Config.Labels.io.traefik-autoscaler.clone-of": "our own label",
    "NetworkSettings.SandboxID": "an id",
    "NetworkSettings.SandboxKey": "an id",
    "NetworkSettings.Ports": "ephemeral host ports; what was asked for is HostConfig.PortBindings",
    **{f"NetworkSettings.{field}": "an address" for field in ("EndpointID", "IPAddress", "MacAddress")},
    **{
        f"NetworkSettings.Networks.*.{field}": "an address"
        for field in ("EndpointID", "IPAddress", "GlobalIPv6Address", "MacAddress")
    },
}
# Compose keeps these in maps, so their order is by chance.
UNORDERED = ("Config.Env", "HostConfig.Binds", "HostConfig.ExtraHosts", "HostConfig.Mounts", "HostConfig.Ulimits")
UNORDERED_OF_NETWORK = ("Aliases", "DNSNames", "Links")

# An empty list of these means that nothing is masked, and none at all the engine's own list.
EMPTY_IS_SET = ("HostConfig.MaskedPaths", "HostConfig.ReadonlyPaths")

Flat = dict[str, Any]
_UNSET: tuple[object, ...] = (None, [], {})  # the engine says now one, now another
_NUMBER = re.compile(r"-[0-9]+$")  # Compose numbers a link's aliases like the replica that has it
_ANONYMOUS = re.compile(r"\b[0-9a-f]{64}\b")


def essence(inspect: dict[str, Any]) -> Flat:
    """Return path -> value, without what is exempt or unset; ids and names of its own are placeholders."""
    flat = _flat("", _sorted(_anonymised(unwrapped(inspect))))
    return {
        path: value
        for path, value in flat.items()
        if (value not in _UNSET or (value == [] and path in EMPTY_IS_SET)) and not _exempt(path)
    }


def _anonymised(inspect: dict[str, Any]) -> dict[str, Any]:
    """Put placeholders for the container's id and name, and for the ids of volumes that it has for itself."""
    text = json.dumps(inspect)
    for mount in inspect["Mounts"]:
        if mount["Type"] == "volume" and _ANONYMOUS.fullmatch(mount["Name"]):
            text = text.replace(mount["Name"], "(anonymous)")
    names = {inspect["Id"]: "(id)", inspect["Id"][:12]: "(short id)", inspect["Name"].lstrip("/"): "(name)"}
    for name, placeholder in names.items():
        text = re.sub(rf"(?<![\w.-]){re.escape(name)}(?![\w.])", placeholder, text)
    found: dict[str, Any] = json.loads(text)
    return found


def differences(ours: Flat, theirs: Flat) -> dict[str, tuple[Any, Any]]:
    """Return path -> what the one and the other says, where they differ."""
    return {
        path: (ours.get(path), theirs.get(path))
        for path in sorted(ours.keys() | theirs.keys())
        if ours.get(path) != theirs.get(path)
    }


def _sorted(inspect: dict[str, Any]) -> dict[str, Any]:
    owners = [(inspect, path.split(".")) for path in UNORDERED] + [
        (endpoint, [field])
        for endpoint in inspect["NetworkSettings"]["Networks"].values()
        for field in UNORDERED_OF_NETWORK
    ]
    for endpoint in inspect["NetworkSettings"]["Networks"].values():
        endpoint["Links"] = [_NUMBER.sub("-N", link) for link in endpoint.get("Links") or []]
    for owner, (*way, field) in owners:
        for key in way:
            owner = owner[key]  # noqa: PLW2901
        if isinstance(owner.get(field), list):
            owner[field] = sorted(owner[field], key=json.dumps)
    inspect["Mounts"] = {mount["Destination"]: mount for mount in inspect["Mounts"]}
    return inspect


def _flat(path: str, value: Any) -> Flat:
    if not isinstance(value, dict) or not value:
        return {path: value}
    if all(child in ({}, None) for child in value.values()):  # a set, such as ExposedPorts
        return {path: sorted(value)}
    return {
        below: found
        for key, child in value.items()
        for below, found in _flat(f"{path}.{key}" if path else key, child).items()
    }


_PATTERNS = [re.compile(re.escape(path).replace(r"\*", ".+?") + r"(\..*)?") for path in EXEMPT]


def _exempt(path: str) -> bool:
    return any(pattern.fullmatch(path) for pattern in _PATTERNS)
