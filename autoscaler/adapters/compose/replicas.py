"""Containers of the list call -> replicas and services. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any

from autoscaler.adapters.compose import labels as label
from autoscaler.config.labels import own_labels
from autoscaler.ports.fleet import Capabilities, Fleet, ServiceRef, ServiceState

_HEALTH = re.compile(r"\((?:health: )?(healthy|unhealthy|starting)\)")
_EXIT_CODE = re.compile(r"^Exited \(([0-9]{1,9})\)")
_ALIVE = frozenset({"running", "restarting", "paused"})
_CAPABILITIES = Capabilities(overlapping_starts=True, take_back=True, drains=True)
LEAVING = ".leaving"  # the suffix of the name of a replica that is being removed


@dataclass(frozen=True, slots=True)
class Replica:
    """One container of a service, in any state."""

    ref: ServiceRef
    id: str
    name: str
    number: int
    state: str  # running, exited, created, ...
    health: str | None  # healthy, unhealthy, starting; None without a healthcheck
    image: str  # image id
    labels: Mapping[str, str]
    exit_code: int | None = None

    @property
    def alive(self) -> bool:
        """Whether it is meant to run: not stopped, and started at least once."""
        return self.state in _ALIVE

    @property
    def ready(self) -> bool:
        """Whether Traefik routes to it: running, and healthy where there is a healthcheck."""
        return self.state == "running" and self.health in {None, "healthy"}

    @property
    def kind(self) -> tuple[str | None, str]:
        """The configuration and the image, which all replicas of a service have in common after `docker compose up`."""
        return self.labels.get(label.CONFIG_HASH), self.image

    @property
    def clone(self) -> bool:
        return label.CLONE_OF in self.labels

    @property
    def leaving(self) -> bool:
        """Whether its removal has begun: one of Compose's own is renamed before it is stopped."""
        return self.name.endswith(LEAVING)

    @property
    def never_started(self) -> bool:
        """Whether it is a clone that was never started, because an operation was interrupted."""
        return self.clone and self.state == "created"


def parse(containers: Iterable[Mapping[str, Any]]) -> list[Replica]:
    """Return the containers that Compose counts as replicas, by service and number.

    They are of the shape that `adapters.docker` checks.
    """
    found = [_replica(container) for container in containers if label.is_replica(container["Labels"])]
    return sorted(found, key=lambda replica: (replica.ref, replica.number, replica.id))


def _replica(container: Mapping[str, Any]) -> Replica:
    labels, status = container["Labels"], container["Status"]
    health, exited = _HEALTH.search(status), _EXIT_CODE.match(status)
    return Replica(
        ref=ServiceRef(labels[label.SERVICE], labels[label.PROJECT]),
        id=container["Id"],
        name=(container["Names"] or ["/?"])[0].lstrip("/"),
        number=int(labels[label.NUMBER]),
        state=container["State"],
        health=None if health is None else health.group(1),
        image=container["ImageID"],
        labels=labels,
        exit_code=None if exited is None else int(exited.group(1)),
    )


def fleet(replicas: Iterable[Replica]) -> Fleet:
    groups = groupby(replicas, key=attrgetter("ref"))
    return Fleet({ref: _state(ref, list(members)) for ref, members in groups})


def _state(ref: ServiceRef, members: list[Replica]) -> ServiceState:
    labels = (choose_template(members) or members[0]).labels
    names = label.traefik_services(labels)
    return ServiceState(
        capabilities=_CAPABILITIES,
        ref=ref,
        current=sum(replica.alive for replica in members),
        ready=sum(replica.ready for replica in members),
        traefik_service=names[0],
        further_traefik_services=names[1:],
        unmeasured=label.unmeasured(labels),
        labels=own_labels(labels),
    )


def removal_order(replicas: Iterable[Replica]) -> list[Replica]:
    """Return running replicas, first to remove first: unready, then clones, then the highest number."""
    alive = [replica for replica in replicas if replica.alive]
    return sorted(alive, key=lambda replica: (replica.ready, not replica.clone, -replica.number))


def choose_template(replicas: Iterable[Replica]) -> Replica | None:
    """Return the replica to clone: a ready one, not a leaving one, rather Compose's own, the lowest number."""
    alive = [replica for replica in replicas if replica.alive]
    return min(alive, key=lambda each: (not each.ready, each.leaving, each.clone, each.number), default=None)
