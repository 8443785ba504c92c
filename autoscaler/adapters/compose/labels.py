"""The labels of Compose's containers, and of the autoscaler's clones."""

import re
from collections.abc import Mapping

from autoscaler.formats import one_line

PROJECT = "com.docker.compose.project"
SERVICE = "com.docker.compose.service"
NUMBER = "com.docker.compose.container-number"
CONFIG_HASH = "com.docker.compose.config-hash"
ONEOFF = "com.docker.compose.oneoff"
HOOK = "com.docker.compose.hook"
REPLACE = "com.docker.compose.replace"
SWARM_TASK = "com.docker.swarm.task.id"
CLONE_OF = "io.traefik-autoscaler.clone-of"
ROLE = "io.traefik-autoscaler.role"  # of the autoscaler's own image: daemon
HEALTHCHECK = "io.traefik-autoscaler.healthcheck"  # a clone's own healthcheck, before the probe wraps it, as JSON

_NAME = re.compile(r"[a-zA-Z0-9._-]{1,255}")  # that Compose can give: a label may hold anything
_TRAEFIK_SERVICE = re.compile(r"traefik\.http\.services\.([^.]{1,255})\.", re.IGNORECASE)
_HIDDEN = re.compile(r"traefik\.http\.routers\.([^.]{1,255})\.observability\.metrics", re.IGNORECASE)
_ROUTED = re.compile(r"traefik\.(http|tcp|udp)\.(routers|services)\.", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]{1,9}")
_NOT_ALPHANUMERIC = re.compile(r"[^0-9a-zA-Z]+")


def is_replica(labels: Mapping[str, str]) -> bool:
    """Return whether Compose counts a container with these labels as a replica."""
    return (
        _NAME.fullmatch(labels.get(PROJECT, "")) is not None
        and _NAME.fullmatch(labels.get(SERVICE, "")) is not None
        and CONFIG_HASH in labels
        and labels.get(ONEOFF, "False") == "False"
        and HOOK not in labels
        and _NUMBER.fullmatch(labels.get(NUMBER, "")) is not None
    )


def served_by_traefik(labels: Mapping[str, str]) -> bool:
    """Return whether Traefik routes to a container with these labels."""
    return any(_ROUTED.match(name) for name in labels) or labels.get("traefik.enable", "").lower() == "true"


def unmeasured(labels: Mapping[str, str]) -> str | None:
    """Return why Traefik does not count the requests of a service with these labels, or None if it does."""
    hidden = sorted(
        found.group(1)
        for label, value in labels.items()
        if (found := _HIDDEN.match(label)) and value.strip().lower() in {"false", "0", "f"}
    )
    if hidden:
        name = f"traefik.http.routers.{one_line(hidden[0], 255)}.observability.metrics"
        return f"the label {name}=false keeps Traefik from counting requests: remove it, or use rules with a `query`"
    kinds = {found.group(1).lower() for label in labels if (found := _ROUTED.match(label))}
    if kinds and "http" not in kinds:
        kind = " and ".join(sorted(kinds)).upper()
        return f"Traefik routes {kind} to it, of which it counts no requests: use rules with a `query`"
    return None


def traefik_services(labels: Mapping[str, str]) -> tuple[str, ...]:
    """Return the service's names in Traefik's metrics, at least one.

    The labels define them; else it is Traefik's default: the Compose names, with each run of other characters as one
    dash.
    """
    found = (_TRAEFIK_SERVICE.match(label) for label in labels)
    names = sorted({each.group(1) for each in found if each is not None and each.group(1).isprintable()})
    if names:
        return tuple(f"{name}@docker" for name in names)
    words = _NOT_ALPHANUMERIC.sub("-", f"{labels[SERVICE]}_{labels[PROJECT]}")
    return (f"{words.strip('-')}@docker",)
