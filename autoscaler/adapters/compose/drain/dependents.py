"""Replicas that another container depends on: it uses their network, names or volumes."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from autoscaler.adapters.compose.replicas import Replica
from autoscaler.adapters.docker.engine import Engine, Inspect
from autoscaler.adapters.docker.errors import EngineError, NotFound

_OTHERS = "container:"


def with_dependents(replicas: Iterable[Replica], others: Iterable[Inspect]) -> frozenset[str]:
    """Return the ids of the replicas that one of the other inspected containers refers to.

    Links within a network do not count: they are names, which lead to the remaining replicas.
    """
    references = {reference for other in others for reference in _references(other["HostConfig"])}
    return frozenset(replica.id for replica in replicas if not references.isdisjoint({replica.id, replica.name}))


def ids_with_dependents(engine: Engine, replicas: Collection[Replica]) -> frozenset[str]:
    """Return the ids of the replicas with dependents: the engine has to inspect every other container.

    Raises:
        EngineError, TargetUnavailable: the engine refuses, or does not answer.
    """
    own = {replica.id for replica in replicas}
    others = [container["Id"] for container in engine.containers({}) if container["Id"] not in own]
    inspected = (_inspected(engine, container) for container in others)
    return with_dependents(replicas, [inspect for inspect in inspected if inspect is not None])


def _inspected(engine: Engine, container: str) -> Inspect | None:
    try:
        return engine.inspect(container)
    except EngineError as error:
        if isinstance(error, NotFound):
            return None
        raise


def _references(host: Mapping[str, Any]) -> Iterable[str]:
    """Yield ids and names, as written in the host configuration."""
    for mode in ("NetworkMode", "IpcMode", "PidMode"):
        value = str(host.get(mode) or "")
        if value.startswith(_OTHERS):
            yield value.removeprefix(_OTHERS)
    for source in host.get("VolumesFrom") or []:
        yield source.partition(":")[0]
    for link in host.get("Links") or []:
        yield link.partition(":")[0].lstrip("/")
