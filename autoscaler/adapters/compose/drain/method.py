"""How a replica is drained, and the warning where it cannot be. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from autoscaler.adapters.compose import labels as label
from autoscaler.adapters.compose.healthcheck import MARKER, SHELL, looks_for_marker
from autoscaler.config.compose_options import Drain


class DrainMethod(StrEnum):
    """What makes Traefik route no request to a replica."""

    VIEW = "view"  # Traefik's view leaves it out
    HEALTHCHECK = "healthcheck"  # it looks for the marker
    COMMAND = "command"
    SIGNAL = "signal"
    HTTP = "http"
    NOT = "not"  # it is only stopped


def drain_method(container: Mapping[str, Any], drain: Drain) -> DrainMethod:
    """Return how this inspected container is drained: by the marker if possible, or else by the policy."""
    if looks_for_marker(container["Config"].get("Healthcheck")):
        return DrainMethod.HEALTHCHECK
    if drain.command:
        return DrainMethod.COMMAND
    if drain.signal:
        return DrainMethod.SIGNAL
    return DrainMethod.HTTP if drain.http else DrainMethod.NOT


def drain_warnings(container: Mapping[str, Any], drain: Drain, *, has_shell: bool) -> list[str]:
    """Return why replicas like this inspected one cannot be drained, and what to do; nothing if they can.

    `has_shell` says whether its image has /bin/sh: then its clones can be drained.
    """
    if not drain.enabled or drain_method(container, drain) is not DrainMethod.NOT:
        return []
    name = str(container["Name"]).lstrip("/")
    remedies = (
        f"let its healthcheck begin with `[ ! -e {MARKER} ] &&`, or set drain.command, drain.signal or drain.http; "
        "Traefik's retry middleware makes up for most of it"
    )
    if not has_shell:
        return [f"{name}: its image has no {SHELL}, so neither it nor its clones can be drained: {remedies}"]
    if label.CLONE_OF in container["Config"]["Labels"]:
        return [f"{name}: this clone has no drain: {remedies}"]
    return [f"{name}: Compose made it, and without a drain it is removed once no clone is left: {remedies}"]
