"""The labels by which Compose recognises its containers, and the one by which we recognise our clones."""

import re
from collections.abc import Mapping

PROJECT = "com.docker.compose.project"
SERVICE = "com.docker.compose.service"
NUMBER = "com.docker.compose.container-number"
CONFIG_HASH = "com.docker.compose.config-hash"
ONEOFF = "com.docker.compose.oneoff"
HOOK = "com.docker.compose.hook"
REPLACE = "com.docker.compose.replace"
SWARM_TASK = "com.docker.swarm.task.id"
CLONE_OF = "io.traefik-autoscaler.clone-of"
ROLE = "io.traefik-autoscaler.role"  # of our own image: daemon
HEALTHCHECK = "io.traefik-autoscaler.healthcheck"  # what a clone's own was before we wrapped it, as JSON

_TRAEFIK_SERVICE = re.compile(r"traefik\.http\.services\.([^.]+)\.", re.IGNORECASE)
_ROUTED = re.compile(r"traefik\.(http|tcp|udp)\.(routers|services)\.", re.IGNORECASE)
_NOT_ALPHANUMERIC = re.compile(r"[^0-9a-zA-Z]+")


def is_replica(labels: Mapping[str, str]) -> bool:
    """Tell whether Compose counts such a container among the replicas of a service."""
    return (
        PROJECT in labels
        and SERVICE in labels
        and CONFIG_HASH in labels
        and labels.get(ONEOFF, "False") == "False"
        and HOOK not in labels
        and labels.get(NUMBER, "").isdecimal()
    )


def served_by_traefik(labels: Mapping[str, str]) -> bool:
    """Tell whether labels make Traefik route to such a container."""
    return any(_ROUTED.match(name) for name in labels) or labels.get("traefik.enable", "").lower() == "true"


def traefik_service(labels: Mapping[str, str]) -> str:
    """Return the service's name in Traefik's metrics.

    It is the one that its labels define (of several the first by name), or else Traefik's default: the Compose names
    with each run of other characters as one dash.
    """
    names = sorted({found.group(1) for label in labels if (found := _TRAEFIK_SERVICE.match(label))})
    if names:
        return f"{names[0]}@docker"
    words = _NOT_ALPHANUMERIC.sub("-", f"{labels[SERVICE]}_{labels[PROJECT]}")
    return f"{words.strip('-')}@docker"
