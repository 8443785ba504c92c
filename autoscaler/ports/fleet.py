"""What a target sees: every service that runs, at one instant, and how to find one of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from autoscaler.errors import TargetRefused


@dataclass(frozen=True, slots=True, order=True)
class ServiceRef:
    """A Compose service as the operator names it; without a project it must be unique on the engine."""

    service: str
    project: str | None = None

    def __str__(self) -> str:
        return self.service if self.project is None else f"{self.project}/{self.service}"


@dataclass(frozen=True, slots=True)
class ServiceState:
    """One service as it stands. `ref.project` is always set here."""

    ref: ServiceRef
    current: int  # replicas that exist and are meant to run
    ready: int  # running, and healthy where there is a healthcheck
    traefik_service: str | None = None  # e.g. userservice@docker, from the containers' labels
    labels: Mapping[str, str] = field(default_factory=dict)  # the containers' labels `autoscaler.*`


@dataclass(frozen=True, slots=True)
class Fleet:
    """All services of the engine, by their full reference."""

    services: Mapping[ServiceRef, ServiceState] = field(default_factory=dict)

    def find(self, ref: ServiceRef) -> ServiceState:
        """The state of that service.

        Raises:
            TargetRefused: no such service, or several projects have one of that name.
        """
        if ref in self.services:
            return self.services[ref]
        matches = [state for known, state in self.services.items() if _names(ref, known)]
        if len(matches) == 1:
            return matches[0]
        raise TargetRefused(_not_found(ref, self) if not matches else _ambiguous(ref, matches))


def _names(ref: ServiceRef, known: ServiceRef) -> bool:
    return ref.project is None and ref.service == known.service


def _not_found(ref: ServiceRef, fleet: Fleet) -> str:
    known = ", ".join(sorted(str(known) for known in fleet.services)) or "none"
    return f"no Compose service {ref} on this engine; start it with docker compose up. Services seen: {known}"


def _ambiguous(ref: ServiceRef, matches: list[ServiceState]) -> str:
    projects = ", ".join(sorted(str(state.ref.project) for state in matches))
    return f"Compose service {ref} exists in several projects ({projects}): name one as target.project"
