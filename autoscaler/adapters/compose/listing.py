"""The containers of the engine's list call as replicas, and a replica as the engine inspects it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from autoscaler.adapters.compose import labels as label
from autoscaler.adapters.compose.replicas import Replica, fleet, parse
from autoscaler.adapters.docker.answers import MalformedEntry, shown_key
from autoscaler.adapters.docker.engine import Engine, Inspect
from autoscaler.adapters.docker.errors import EngineError
from autoscaler.errors import MalformedAnswer, TargetUnavailable
from autoscaler.ports.fleet import Fleet, ServiceRef


@dataclass(frozen=True, slots=True)
class Listing:
    """The replicas of all services, and why some services are unknown: the entry of one of their containers is."""

    replicas: list[Replica]
    unknown: Mapping[ServiceRef, str] = field(default_factory=dict)

    @property
    def fleet(self) -> Fleet:
        return replace(fleet(self.replicas), unknown=self.unknown)


def every(engine: Engine) -> Listing:
    """Return the replicas of all Compose services, in all states, without those of unknown services.

    Raises:
        TargetUnavailable: the engine does not answer, refuses the list, or lists a container of an unknown service:
            no count is certain then.
    """
    return _listed(engine, {label.PROJECT: None})


def members(engine: Engine, ref: ServiceRef) -> list[Replica]:
    """Return the replicas of one service.

    Raises:
        TargetUnavailable: as `every` does, or the service is unknown.
    """
    listing = _listed(engine, {label.PROJECT: ref.group, label.SERVICE: ref.name})
    for why in listing.unknown.values():
        raise MalformedAnswer(why)
    return listing.replicas


def inspected(engine: Engine, replica: str) -> Inspect:
    """Inspect a replica, given by its id; raise what the engine raises.

    Raises:
        MalformedAnswer: the answer has not the labels of a replica.
    """
    found = engine.inspect(replica)
    if not label.is_replica(found["Config"]["Labels"]):
        raise MalformedAnswer(
            f"the Docker engine inspects {shown_key(found['Name'])} without the labels that it lists it with"
        )
    return found


def _listed(engine: Engine, labels: dict[str, str | None]) -> Listing:
    try:
        found = engine.containers(labels)
    except EngineError as error:
        raise TargetUnavailable(f"cannot list the containers: {error}") from error
    unknown = unknown_services(found.malformed)
    for entry in found.entries:
        if not _has(entry["Labels"], labels):
            raise MalformedAnswer(
                f"the Docker engine lists container {shown_key(entry['Id'][:12])} without the labels asked for"
            )
    return Listing([replica for replica in parse(found.entries) if replica.ref not in unknown], unknown)


def _has(found: Mapping[str, str], wanted: Mapping[str, str | None]) -> bool:
    return all(name in found and value in {None, found[name]} for name, value in wanted.items())


def unknown_services(malformed: Iterable[MalformedEntry]) -> dict[ServiceRef, str]:
    """Return the services of these containers, each with the reason why its replicas are unknown.

    Raises:
        MalformedAnswer: a container may be of any service.
    """
    unknown: dict[ServiceRef, str] = {}
    for entry in malformed:
        readable = {name: value for name, value in entry.labels.items() if isinstance(value, str)}
        if label.PROJECT in readable and len(readable) == len(entry.labels) and not label.is_replica(readable):
            continue  # of `docker compose run`, for example
        project, service = readable.get(label.PROJECT), readable.get(label.SERVICE)
        container = shown_key((entry.id or "?")[:12])
        what = f"the Docker engine lists container {container} in another shape than an engine does"
        if project is None or service is None:
            raise MalformedAnswer(f"{what}, and its service is unknown, so no count is certain: {entry.why}")
        ref = ServiceRef(service, project)
        unknown.setdefault(ref, f"{what}, so the replicas of {shown_key(str(ref))} are unknown: {entry.why}")
    return unknown
