"""Clones that were started during a foreign change: they stay only if they are of the service's new kind."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from autoscaler.adapters.compose.replicas import Replica
from autoscaler.adapters.docker.engine import Engine
from autoscaler.adapters.docker.errors import EngineError
from autoscaler.errors import ScaleFailed
from autoscaler.ports.order import Pause


@dataclass(frozen=True, slots=True)
class Cleanup:
    """Cleans up at the end of an operation during which a foreign change began.

    `docker compose down` and `up` list the containers when they begin: a later clone is not on the list, and would be
    left behind, or stay of the old kind.
    """

    engine: Engine
    relist: Callable[[], list[Replica]]
    being_changed: Callable[[], bool]
    pause: Pause
    poll_seconds: float

    def settle(self, made: Collection[str]) -> None:
        """Wait until the foreign change has settled; then remove the `made` clones that are of another kind.

        If the service has no other container left, remove them at once.

        Raises:
            ScaleFailed: a clone could not be removed.
        """
        if not made or not self.being_changed():
            return
        while self.being_changed() and any(replica.id not in made for replica in self.relist()):
            if self.pause(self.poll_seconds):
                return
        for replica in strangers(self.relist(), made):
            try:
                self.engine.remove(replica.id, force=True)
            except EngineError as error:
                raise ScaleFailed("remove", f"cannot remove {replica.name}: {error}") from error


def strangers(replicas: Collection[Replica], made: Collection[str]) -> list[Replica]:
    """Return the `made` clones that are of another kind than all other running replicas."""
    kinds = {replica.kind for replica in replicas if replica.alive and replica.id not in made}
    return [replica for replica in replicas if replica.id in made and replica.kind not in kinds]
