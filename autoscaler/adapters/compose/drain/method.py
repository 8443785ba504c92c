"""How a replica can be drained, and what to say where it cannot. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from autoscaler.adapters.compose import labels as label
from autoscaler.adapters.compose.healthcheck import MARKER, SHELL, looks_for_marker
from autoscaler.config.compose_options import Drain


class How(StrEnum):
    """What makes Traefik let a replica go."""

    HEALTHCHECK = "healthcheck"  # it looks for our marker
    COMMAND = "command"
    SIGNAL = "signal"
    HTTP = "http"
    NOT = "not"  # nothing does: it is only stopped


def how(container: Mapping[str, Any], drain: Drain) -> How:
    """Return how this inspected container is drained: by the marker where it can be, or else as the policy says."""
    if looks_for_marker(container["Config"].get("Healthcheck")):
        return How.HEALTHCHECK
    if drain.command:
        return How.COMMAND
    if drain.signal:
        return How.SIGNAL
    return How.HTTP if drain.http else How.NOT


def drain_warnings(container: Mapping[str, Any], drain: Drain, *, has_shell: bool) -> list[str]:
    """Return what an operator should know of how replicas like this inspected one go; nothing where all is well.

    `has_shell` is whether its image has /bin/sh: then clones can be drained, whatever can be done about the others.
    """
    if not drain.enabled or how(container, drain) is not How.NOT:
        return []
    name = str(container["Name"]).lstrip("/")
    remedies = (
        f"let its healthcheck begin with `[ ! -e {MARKER} ] &&`, or set drain.command, drain.signal or drain.http; "
        "Traefik's retry middleware makes up for most of it"
    )
    if not has_shell:
        return [f"{name}: its image has no {SHELL}, so neither it nor its clones can be drained: {remedies}"]
    if label.CLONE_OF in container["Config"]["Labels"]:
        return [f"{name}: it was cloned without a drain, and goes without one: {remedies}"]
    return [f"{name}: Compose made it, so that it goes without a drain when no clone is left to go: {remedies}"]
