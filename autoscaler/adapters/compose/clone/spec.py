"""An inspected container -> the body that creates another replica like it, as Compose would. Pure."""

import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from autoscaler.adapters.compose import labels as label

Json = dict[str, Any]

ALL_NETWORKS_AT_CREATE = (1, 44)  # older engines take one network at creation, the others by connect
_ANONYMOUS = re.compile(r"[0-9a-f]{64}")
_KEPT_OF_ENDPOINT = ("IPAMConfig", "Links", "DriverOpts", "GwPriority")


@dataclass(frozen=True, slots=True)
class CloneSpec:
    """The body to create, and further networks to connect before the start."""

    name: str
    body: Json
    connect: Mapping[str, Json] = field(default_factory=dict)


def clone_spec(template: Json, number: int, image: Json | None, api_version: tuple[int, ...]) -> CloneSpec:
    """Return replica `number` of the template's service.

    `image` is what the template's image name means now (None: gone). A name that has moved is replaced by the
    template's image id, so that all replicas run the same program.
    """
    name = clone_name(template, number)
    body = {
        **_config(template, number, image),
        "HostConfig": _host_config(template),
    }
    endpoints = _endpoints(template, name)
    now, later = _split(endpoints, template, api_version)
    body["NetworkingConfig"] = {"EndpointsConfig": now}
    return CloneSpec(name, body, later)


def clone_name(template: Json, number: int) -> str:
    """Return the name of another replica, with the separator of the template's name."""
    name = str(template["Name"]).lstrip("/")
    return name.removesuffix(template["Config"]["Labels"][label.NUMBER]) + str(number)


def _config(template: Json, number: int, image: Json | None) -> Json:
    config: Json = deepcopy(template["Config"])
    config["Labels"] = _labels(template, number)
    if image is None or image["Id"] != template["Image"]:
        config["Image"] = template["Image"]
    _forget_own_hostname(config, template)
    config.pop("MacAddress", None)
    if not config.get("Entrypoint"):
        config["Entrypoint"] = [""]  # for the engine: none, not the image's
    return config


def _labels(template: Json, number: int) -> Json:
    labels = dict(template["Config"]["Labels"])
    labels.pop(label.REPLACE, None)
    labels[label.NUMBER] = str(number)
    labels[label.CLONE_OF] = str(template["Name"]).lstrip("/")
    return labels


def _forget_own_hostname(config: Json, template: Json) -> None:
    """Drop a hostname that the engine made of the id, and every one in a shared namespace."""
    host = template["HostConfig"]
    shared = host["NetworkMode"].startswith("container:") or host.get("UTSMode")
    if shared:
        config.pop("Domainname", None)
    if shared or config.get("Hostname") == template["Id"][:12]:
        config.pop("Hostname", None)


def _host_config(template: Json) -> Json:
    host = deepcopy(template["HostConfig"])
    host.pop("ContainerIDFile", None)
    host["Links"] = [_link(link) for link in host.get("Links") or []] or None
    host["Mounts"] = [_fresh_mount(mount) for mount in host.get("Mounts") or []] or None
    host["Binds"] = [_fresh_bind(bind) for bind in host.get("Binds") or []] or None
    return {key: value for key, value in host.items() if value is not None}


def _link(link: str) -> str:
    """Rewrite `/source:/this/alias` of inspect to `source:alias` for create."""
    source, _, alias = link.partition(":")
    return f"{source.lstrip('/')}:{alias.rpartition('/')[2]}"


def _fresh_mount(mount: Json) -> Json:
    """Give each replica its own anonymous volume; a recreated container names the one that it inherited."""
    if mount.get("Type") == "volume" and _ANONYMOUS.fullmatch(mount.get("Source") or ""):
        return {**mount, "Source": ""}
    return mount


def _fresh_bind(bind: str) -> str:
    source, _, rest = bind.partition(":")
    return rest.partition(":")[0] if _ANONYMOUS.fullmatch(source) else bind


def _endpoints(template: Json, name: str) -> dict[str, Json]:
    mode = template["HostConfig"]["NetworkMode"]
    if mode in {"host", "none", "bridge", "default"} or mode.startswith("container:"):
        return {}
    networks = template["NetworkSettings"].get("Networks") or {}
    return {network: _endpoint(endpoint, template, name) for network, endpoint in networks.items()}


def _endpoint(endpoint: Json, template: Json, name: str) -> Json:
    own = {template["Id"][:12], template["Config"].get("Hostname"), str(template["Name"]).lstrip("/")}
    aliases = [alias for alias in endpoint.get("Aliases") or [] if alias not in own]
    service = template["Config"]["Labels"][label.SERVICE]
    wanted = dict.fromkeys([name, service, *aliases])
    kept = {key: endpoint[key] for key in _KEPT_OF_ENDPOINT if endpoint.get(key)}
    return {**kept, "Aliases": list(wanted)}


def _split(
    endpoints: dict[str, Json], template: Json, api_version: tuple[int, ...]
) -> tuple[dict[str, Json], dict[str, Json]]:
    """Split the networks into those of the create call and those to connect afterwards."""
    if api_version >= ALL_NETWORKS_AT_CREATE:
        return endpoints, {}
    primary, networks = template["HostConfig"]["NetworkMode"], template["NetworkSettings"]["Networks"]
    now = {name: endpoint for name, endpoint in endpoints.items() if primary in {name, networks[name].get("NetworkID")}}
    return now, {network: endpoint for network, endpoint in endpoints.items() if network not in now}
