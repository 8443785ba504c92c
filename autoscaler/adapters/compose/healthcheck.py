"""The healthcheck of a clone: the service's own, wrapped so that a marker makes it unhealthy at once. Pure."""

import json
import math
from collections.abc import Mapping
from copy import deepcopy
from importlib.resources import files
from typing import Any

from autoscaler.adapters.compose import labels as label
from autoscaler.adapters.compose.timing import USUAL, ComposeTiming
from autoscaler.adapters.docker.answers import Healthcheck, Json, MalformedShape, checked

DIRECTORY = "/run/traefik-autoscaler"  # a clone's own tmpfs; a stop empties it
MARKER = f"{DIRECTORY}/drain"
TMPFS = "rw,noexec,nosuid,nodev,size=64k,mode=1777"

SHELL = "/bin/sh"
START_INTERVAL_SINCE = (1, 44)
# The probe itself kills an own test that takes too long; the engine must not be faster.
MARGIN_SECONDS = 5.0
LEAST_START_SECONDS, MOST_START_SECONDS = 60.0, 600.0
STARTING_SECONDS = 10.0  # without an own test there is nothing to wait for

_SECOND = 1_000_000_000  # the engine counts nanoseconds; 0 means its default
_DEFAULTS = {"Interval": 30 * _SECOND, "Timeout": 30 * _SECOND, "StartInterval": 5 * _SECOND, "Retries": 3}


def _script() -> str:
    lines = files(__package__).joinpath("probe.sh").read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if line and not line.startswith("#"))


SCRIPT = _script()


def wrapped(body: Json, api_version: tuple[int, ...], timing: ComposeTiming = USUAL) -> Json:
    """Return the body that creates the same container with the probe around its healthcheck.

    A body that cannot be wrapped, or tests the marker itself, is returned unchanged.
    """
    if looks_for_marker(body.get("Healthcheck")) or _taken(body["HostConfig"]):
        return body
    original, host = body.get("Healthcheck"), body["HostConfig"]
    return {
        **body,
        "Healthcheck": _probe(original or {}, body.get("Shell") or [SHELL, "-c"], api_version, timing),
        "HostConfig": {**host, "Tmpfs": {**(host.get("Tmpfs") or {}), DIRECTORY: TMPFS}},
        "Labels": {**body["Labels"], label.HEALTHCHECK: json.dumps(original)},
    }


def unwrapped(container: Mapping[str, Any]) -> Json:
    """Return an inspected container without the probe, as Compose creates it."""
    found = deepcopy(dict(container))
    config, host = found["Config"], found["HostConfig"]
    if label.HEALTHCHECK not in config["Labels"]:
        return found
    original = _kept(config["Labels"].pop(label.HEALTHCHECK))
    config.pop("Healthcheck", None)
    if original is not None:
        config["Healthcheck"] = original
    mounts = {path: options for path, options in (host.pop("Tmpfs", None) or {}).items() if path != DIRECTORY}
    return found if not mounts else {**found, "HostConfig": {**host, "Tmpfs": mounts}}


def has_own_test(labels: Mapping[str, str]) -> bool:
    """Return whether a container with a healthcheck has a test of its own, besides the probe for the marker."""
    return label.HEALTHCHECK not in labels or has_test(_kept(labels[label.HEALTHCHECK]))


def has_test(healthcheck: Mapping[str, Any] | None) -> bool:
    return bool(_own_test(healthcheck or {}, [SHELL]))


def looks_for_marker(healthcheck: Mapping[str, Any] | None) -> bool:
    """Return whether a healthcheck looks for the marker: the probe, or an operator's own."""
    return any(DIRECTORY in word for word in (healthcheck or {}).get("Test") or [])


def notices_within_seconds(healthcheck: Mapping[str, Any]) -> float:
    """Return how long the engine may take to call a healthy container unhealthy."""
    each_seconds = _seconds(healthcheck, "Interval") + _seconds(healthcheck, "Timeout")
    return _number(healthcheck, "Retries") * each_seconds


def starts_within_seconds(healthcheck: Mapping[str, Any] | None) -> float:
    """Return how long the engine may take to call a starting container unhealthy; 0 without a test."""
    if healthcheck is None or not has_test(healthcheck):
        return 0.0
    return _seconds(healthcheck, "StartPeriod") + notices_within_seconds(healthcheck)


def start_limit_seconds(template: Mapping[str, Any], wanted_seconds: float | None) -> float:
    """Return the policy's limit for a start, or else the longest time of the healthcheck, within 1 and 10 minutes."""
    if wanted_seconds is not None:
        return wanted_seconds
    seconds = starts_within_seconds(template["Config"].get("Healthcheck"))
    return min(max(LEAST_START_SECONDS, seconds), MOST_START_SECONDS)


def _kept(text: str) -> Json | None:
    """Return the own healthcheck that a label keeps; None if there is none, or the label is not of our making."""
    try:
        found: Json | None = checked(Healthcheck | None, json.loads(text))
    except (ValueError, RecursionError, MalformedShape):
        return None
    return found


def _taken(host: Mapping[str, Any]) -> bool:
    """Return whether something else is mounted at the directory of the marker."""
    mounts = [mount.get("Target") for mount in host.get("Mounts") or []]
    binds = [part for bind in host.get("Binds") or [] for part in bind.split(":")]
    return DIRECTORY in {*mounts, *binds, *(host.get("Tmpfs") or {})}


def _probe(original: Mapping[str, Any], shell: list[str], api: tuple[int, ...], timing: ComposeTiming) -> Json:
    own, timeout_seconds = _own_test(original, shell), _seconds(original, "Timeout")
    retries = _number(original, "Retries")
    every_seconds = _seconds(original, "Interval")
    numbers = [math.ceil(timeout_seconds), math.floor(every_seconds), retries]
    starting_seconds = _seconds(original, "StartPeriod") + retries * every_seconds if own else STARTING_SECONDS
    return {
        "Test": ["CMD", SHELL, "-c", SCRIPT, "probe", *map(str, numbers), *own],
        "Timeout": round((math.ceil(timeout_seconds) + MARGIN_SECONDS) * _SECOND),
        "StartPeriod": round(starting_seconds * _SECOND),
        "Retries": 1,
        **_intervals(original, every_seconds if own else math.inf, api, timing),
    }


def _own_test(original: Mapping[str, Any], shell: list[str]) -> list[str]:
    """Return the arguments that the engine would run; none without a test."""
    match original.get("Test"):
        case ["CMD", *words]:
            return words
        case ["CMD-SHELL", *words]:
            return [*shell, *words]
        case _:
            return []


def _intervals(original: Mapping[str, Any], every_seconds: float, api: tuple[int, ...], timing: ComposeTiming) -> Json:
    """Return how often to probe: an even part of the own interval, so that the own test keeps its interval."""
    since = api >= START_INTERVAL_SINCE
    rest_seconds = timing.probe_rest_seconds if since else timing.probe_only_seconds
    if every_seconds < math.inf:
        rest_seconds = every_seconds / math.ceil(every_seconds / rest_seconds)
    intervals = {"Interval": round(rest_seconds * _SECOND)}
    if since:
        start_seconds = min(timing.probe_start_seconds, _seconds(original, "StartInterval"), rest_seconds)
        intervals["StartInterval"] = round(start_seconds * _SECOND)
    return intervals


def _seconds(healthcheck: Mapping[str, Any], name: str) -> float:
    return _number(healthcheck, name) / _SECOND


def _number(healthcheck: Mapping[str, Any], name: str) -> int:
    return healthcheck.get(name) or _DEFAULTS.get(name, 0)
