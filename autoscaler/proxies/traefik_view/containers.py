"""The engine's answers about containers: what the view reads in them, and the little that Traefik gets. Pure.

An unexpected type counts as nothing there: a field that cannot be read hides nothing.
"""

import re
import signal
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from autoscaler.proxies.traefik_view.visibility import Container

Json = dict[str, Any]

PROJECT, SERVICE = "com.docker.compose.project", "com.docker.compose.service"
OUR_LABELS = "io.traefik-autoscaler."  # one of them holds a healthcheck, which is none of Traefik's business
DEFAULT_GRACE_SECONDS = 10.0  # the engine's own default
TERM, KILL = signal.SIGTERM, signal.SIGKILL

_HEALTH = re.compile(r"\((?:health: )?(healthy|unhealthy|starting)\)")
_KNOWN_TO_TRAEFIK = re.compile(
    r"traefik\.((?:http|tcp|udp)\.(?:routers|services|middlewares|serverstransports)\.[^.]+)\.", re.IGNORECASE
)
_SERVER_PORT = re.compile(r"traefik\.(?:http|tcp)\.services\.[^.]+\.loadbalancer\.server\.port", re.IGNORECASE)
_NETWORK = re.compile(r"traefik\.(?:docker\.)?network", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class StopSettings:
    """How a container is stopped."""

    signals: frozenset[int]
    grace_seconds: float


def containers(answer: object, projects: frozenset[str]) -> list[Container]:
    """Return the running ones of a list call's answer; `projects` limits them to these of Compose, if there are any."""
    return [_container(each) for each in visible(answer, projects) if each.get("State", "running") == "running"]


def visible(answer: object, projects: frozenset[str]) -> list[Json]:
    """Return the entries of a list call's answer that have an id and belong to the projects.

    Raises:
        ValueError: it is no list.
    """
    if not isinstance(answer, list):
        raise ValueError("the engine's list of containers is no list")  # noqa: TRY004  as for what is no JSON
    found = [each for each in answer if isinstance(each, dict) and isinstance(each.get("Id"), str)]
    return [each for each in found if not projects or _labels(each.get("Labels")).get(PROJECT) in projects]


def listed_for_traefik(entry: Json, *, hidden: bool) -> Json:
    """Return an entry of the list as Traefik gets it."""
    return {
        "Id": entry["Id"],
        "Names": _texts(entry.get("Names")),
        "State": "exited" if hidden else _text(entry.get("State")),
        "Status": "Exited (0)" if hidden else _text(entry.get("Status")),
    }


def inspected_for_traefik(container: Json, *, hidden: bool) -> Json:
    """Return an inspected container as Traefik gets it. A hidden one looks as if it had been stopped."""
    state, settings = _mapping(container.get("State")), _mapping(container.get("NetworkSettings"))
    health = state.get("Health")
    shown_state: Json = {"Status": _text(state.get("Status")), "Running": state.get("Running") is True}
    if isinstance(health, dict):
        shown_state["Health"] = {"Status": _text(health.get("Status"))}
    if hidden:
        shown_state |= {"Status": "exited", "Running": False}
    return {
        "Id": _text(container.get("Id")),
        "Name": _text(container.get("Name")),
        "State": shown_state,
        "Config": {"Labels": _shown_labels(_mapping(container.get("Config")).get("Labels"))},
        "HostConfig": {"NetworkMode": _text(_mapping(container.get("HostConfig")).get("NetworkMode"))},
        "NetworkSettings": {
            "Ports": {
                _text(port): None if not isinstance(bindings, list) else [_binding(each) for each in bindings]
                for port, bindings in _mapping(settings.get("Ports")).items()
            },
            "Networks": {
                name: {field: _text(network.get(field)) for field in ("NetworkID", "IPAddress", "GlobalIPv6Address")}
                for name, network in _mapping(settings.get("Networks")).items()
                if isinstance(network, dict)
            },
        },
    }


def project(container: Json) -> str | None:
    """Return the Compose project of an inspected container."""
    return _labels(_mapping(container.get("Config")).get("Labels")).get(PROJECT)


def server_addresses(container: Json) -> list[tuple[str, int]]:
    """Return where Traefik would send requests for an inspected container; nothing if that cannot be found out.

    Of several networks Traefik takes the labelled one, or else any: all of them are returned.
    """
    labels = _labels(_mapping(container.get("Config")).get("Labels"))
    settings = _mapping(container.get("NetworkSettings"))
    port = _port(labels, _mapping(settings.get("Ports")))
    wanted = next((value for name, value in labels.items() if _NETWORK.fullmatch(name)), None)
    networks = {name: each for name, each in _mapping(settings.get("Networks")).items() if isinstance(each, dict)}
    chosen = [networks[wanted]] if wanted in networks else list(networks.values())
    addresses = [_text(each.get("IPAddress")) or _text(each.get("GlobalIPv6Address")) for each in chosen]
    return [] if port is None else [(address, port) for address in addresses if address]


def stop_settings(container: Json) -> StopSettings:
    """Return how an inspected container is stopped: by its own signal, and by those that end nearly every program."""
    config = _mapping(container.get("Config"))
    own, grace = signal_number(config.get("StopSignal")), config.get("StopTimeout")
    known = isinstance(grace, int | float) and not isinstance(grace, bool) and grace >= 0
    signals = frozenset({TERM, KILL} if own is None else {TERM, KILL, own})
    return StopSettings(signals, float(grace or 0) if known else DEFAULT_GRACE_SECONDS)


def signal_number(value: object) -> int | None:
    """Return the number of a signal that is written as a number or a name; None if it is none."""
    text = str(value).upper().removeprefix("SIG")
    if text.isdecimal():
        return int(text)
    if found := re.fullmatch(r"RT(MIN|MAX)([+-]\d+)?", text):
        return signal.Signals[f"SIGRT{found.group(1)}"] + int(found.group(2) or 0)
    return signal.Signals.__members__.get(f"SIG{text}")


def keys(labels: Mapping[str, str], name: str) -> frozenset[str]:
    """Return what Traefik makes of a container: the routers, services, ... of its labels, and its default service."""
    named = {found.group(1).lower() for label in labels if (found := _KNOWN_TO_TRAEFIK.match(label))}
    compose = [labels.get(PROJECT), labels.get(SERVICE)]
    return frozenset({*named, f"compose {compose}" if None not in compose else f"container {name}"})


def _container(entry: Json) -> Container:
    health = _HEALTH.search(_text(entry.get("Status")))
    name = next(iter(_texts(entry.get("Names"))), entry["Id"])
    return Container(
        id=entry["Id"],
        routable=health is None or health.group(1) == "healthy",
        has_healthcheck=health is not None,
        keys=keys(_labels(entry.get("Labels")), name),
    )


def _port(labels: Mapping[str, str], exposed: Mapping[str, object]) -> int | None:
    named = [value for name, value in labels.items() if _SERVER_PORT.fullmatch(name)]
    numbers = named or [port.partition("/")[0] for port in exposed if not port.endswith("/udp")]
    found = [int(number) for number in numbers if number.isdecimal() and 0 < int(number) < 1 << 16]
    return min(found, default=None)


def _binding(value: object) -> Json:
    return {field: _text(_mapping(value).get(field)) for field in ("HostIp", "HostPort")}


def _shown_labels(value: object) -> dict[str, str]:
    return {name: text for name, text in _labels(value).items() if not name.startswith(OUR_LABELS)}


def _labels(value: object) -> dict[str, str]:
    return {name: text for name, text in _mapping(value).items() if isinstance(text, str)}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> list[str]:
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


def hidden_entries(entries: Iterable[Json], hidden: Mapping[str, object], *, stopped_too: bool) -> list[Json]:
    """Return the list as Traefik gets it: hidden containers are stopped ones, which it may ask for or not."""
    return [
        listed_for_traefik(each, hidden=each["Id"] in hidden)
        for each in entries
        if stopped_too or each["Id"] not in hidden
    ]
