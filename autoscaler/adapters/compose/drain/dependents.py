"""Replicas that another container depends on: it uses their network, names or volumes."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from autoscaler.adapters.compose import labels as label
from autoscaler.adapters.compose.replicas import Replica
from autoscaler.adapters.docker.engine import Engine, Inspect
from autoscaler.adapters.docker.errors import EngineError, NotFound
from autoscaler.errors import MalformedAnswer
from autoscaler.ports.fleet import ServiceRef

_OTHERS = "container:"


def with_dependents(replicas: Iterable[Replica], others: Iterable[Inspect]) -> frozenset[str]:
    """Return the ids of the replicas that one of the other inspected containers refers to.

    Links within a network do not count: they are names, which lead to the remaining replicas.
    """
    references = {reference for other in others for reference in _references(other["HostConfig"])}
    return frozenset(replica.id for replica in replicas if not references.isdisjoint({replica.id, replica.name}))


def ids_with_dependents(engine: Engine, ref: ServiceRef, replicas: Collection[Replica]) -> frozenset[str]:
    """Return the ids of the replicas with dependents: the engine has to inspect every other container.

    Raises:
        EngineError, TargetUnavailable: the engine refuses, does not answer, or leaves unknown what a container of the
            project, or of none, depends on.
    """
    own = {replica.id for replica in replicas}
    listed = engine.containers({})
    projects = {each["Id"]: each["Labels"].get(label.PROJECT) for each in listed.entries}
    for entry in listed.malformed:
        if entry.id is None:
            raise MalformedAnswer(f"the Docker engine lists a container without an id, which may depend on {ref}")
        projects[entry.id] = None
    others = [_inspected(engine, each, ref, project) for each, project in projects.items() if each not in own]
    return with_dependents(replicas, [inspect for inspect in others if inspect is not None])


def _inspected(engine: Engine, container: str, ref: ServiceRef, project: str | None) -> Inspect | None:
    try:
        return engine.inspect(container)
    except EngineError as error:
        if isinstance(error, NotFound):
            return None
        raise
    except MalformedAnswer:
        if project not in {None, ref.group}:
            return None  # it harms its own project only
        raise


def _references(host: Mapping[str, Any]) -> Iterable[str]:
    """Yield ids and names, as written in the host configuration."""
    for mode in ("NetworkMode", "IpcMode", "PidMode"):
        value = host.get(mode) or ""
        if value.startswith(_OTHERS):
            yield value.removeprefix(_OTHERS)
    for source in host.get("VolumesFrom") or []:
        yield source.partition(":")[0]
    for link in host.get("Links") or []:
        yield link.partition(":")[0].lstrip("/")
