"""Which services cannot be cloned, and why: each template is inspected once."""

from collections.abc import Iterable, Mapping
from itertools import groupby
from operator import attrgetter

from autoscaler.adapters.compose.clone.obstacles import obstacle, update_under_way
from autoscaler.adapters.compose.healthcheck import unwrapped
from autoscaler.adapters.compose.listing import inspected
from autoscaler.adapters.compose.replicas import Replica, choose_template
from autoscaler.adapters.docker.engine import Engine, Inspect
from autoscaler.adapters.docker.errors import EngineError
from autoscaler.ports.fleet import ServiceRef


class ObstacleCache:
    """Remembers the obstacle of each template; only its name can change. One caller at a time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._services: Mapping[ServiceRef, list[Replica]] = {}
        self._known: dict[tuple[str, str], str | None] = {}  # by id and name

    def take_snapshot(self, replicas: Iterable[Replica]) -> None:
        """Take in a snapshot, by service."""
        self._services = {ref: list(members) for ref, members in groupby(replicas, key=attrgetter("ref"))}
        present = {_key(replica) for members in self._services.values() for replica in members}
        self._known = {key: why for key, why in self._known.items() if key in present}

    def of(self, ref: ServiceRef) -> str | None:
        """Return why a service cannot be scaled, or None: it can, or it is being updated, or that is unknown now.

        Raises:
            TargetUnavailable: the engine does not answer.
        """
        chosen = self._chosen(ref)
        if chosen is None:
            return None
        if _key(chosen) not in self._known:
            template = self._inspected(chosen)
            if template is None:
                return None
            self._known[_key(chosen)] = obstacle(template)
        return self._known[_key(chosen)]

    def template(self, ref: ServiceRef) -> Inspect | None:
        """Return the container to clone, as Compose creates it, or None.

        Raises:
            TargetUnavailable: the engine does not answer.
        """
        chosen = self._chosen(ref)
        return None if chosen is None else self._inspected(chosen)

    def _chosen(self, ref: ServiceRef) -> Replica | None:
        replicas = self._services.get(ref, [])
        return None if update_under_way(replicas) is not None else choose_template(replicas)

    def _inspected(self, replica: Replica) -> Inspect | None:
        try:
            return unwrapped(inspected(self._engine, replica.id))
        except EngineError:
            return None  # gone or refused: the next call asks again


def _key(replica: Replica) -> tuple[str, str]:
    return replica.id, replica.name
