"""The snapshot of a target: every service that runs, at one instant."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from autoscaler.errors import TargetRefused, TargetUnavailable

COMPOSE = "compose"


@dataclass(frozen=True, slots=True, order=True)
class ServiceRef:
    """A service of any target. `group` is its Compose project or Swarm stack; `kind` names the target.

    Without a group its name must be unique among the services of its kind.
    """

    name: str
    group: str | None = None
    kind: str = COMPOSE

    def __str__(self) -> str:
        return self.name if self.group is None else f"{self.group}/{self.name}"

    @property
    def lease_key(self) -> str:
        """The lease that covers the service: one for each group of a kind. Compose's has its project's name alone."""
        key = self.name if self.group is None else self.group
        return key if self.kind == COMPOSE else f"{self.kind}.{key}"

    @property
    def without_group(self) -> "ServiceRef":
        """The same service, as a policy without a group names it."""
        return replace(self, group=None)

    def names(self, other: "ServiceRef") -> bool:
        """Return whether a policy for this reference applies to the other service."""
        return self in {other, other.without_group}


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the target can do with a service; control asks for these, never for the kind."""

    overlapping_starts: bool = False  # an operation that adds may begin while another one adds
    take_back: bool = False  # a replica that is being drained can be kept, until it is stopped
    drains: bool = False  # a replica gets no new requests before it is stopped


@dataclass(frozen=True, slots=True)
class ServiceState:
    """One service of a snapshot. `ref.group` is always set here."""

    ref: ServiceRef
    current: int  # replicas that exist and are meant to run
    ready: int  # running, and healthy where there is a healthcheck
    traefik_service: str | None = None  # e.g. userservice@docker, from the replicas' labels
    labels: Mapping[str, str] = field(default_factory=dict)  # the replicas' labels `autoscaler.*`
    capabilities: Capabilities = Capabilities()
    further_traefik_services: tuple[str, ...] = ()  # if the labels define several: their loads are summed
    unmeasured: str | None = None  # why its gateway does not count its requests, by the replicas' labels


@dataclass(frozen=True, slots=True)
class Fleet:
    """All services at one instant, by full reference.

    `unavailable` has the reason for each kind that has no answer, `unknown` for each service that the answer of its
    kind leaves unknown.
    """

    services: Mapping[ServiceRef, ServiceState] = field(default_factory=dict)
    unavailable: Mapping[str, str] = field(default_factory=dict)
    unknown: Mapping[ServiceRef, str] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether what is not in `services` is not there."""
        return not self.unavailable and not self.unknown

    def hides(self, ref: ServiceRef) -> bool:
        """Return whether a service that is not in `services` may be there."""
        return ref.kind in self.unavailable or ref in self.unknown

    def find(self, ref: ServiceRef) -> ServiceState:
        """Return the state of a service.

        Raises:
            TargetUnavailable: the target of its kind does not answer, or leaves it unknown.
            TargetRefused: no such service, or several groups have one of that name.
        """
        if ref.kind in self.unavailable:
            raise TargetUnavailable(self.unavailable[ref.kind])
        if ref in self.services:
            return self.services[ref]
        for unknown, why in self.unknown.items():
            if ref.names(unknown):
                raise TargetUnavailable(why)
        matches = [state for known, state in self.services.items() if ref.names(known)]
        if len(matches) == 1:
            return matches[0]
        raise TargetRefused(_not_found(ref, self) if not matches else _ambiguous(ref, matches))


def _not_found(ref: ServiceRef, fleet: Fleet) -> str:
    known = ", ".join(sorted(str(known) for known in fleet.services if known.kind == ref.kind)) or "none"
    return f"no {ref.kind.capitalize()} service {ref} on this engine; start it first. Services seen: {known}"


def _ambiguous(ref: ServiceRef, matches: list[ServiceState]) -> str:
    projects = ", ".join(sorted(str(state.ref.group) for state in matches))
    return f"{ref.kind.capitalize()} service {ref} exists in several projects ({projects}): name one as target.project"
