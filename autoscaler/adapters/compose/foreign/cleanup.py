"""Replicas that were made beside somebody else's work: they stay only if they are what the service is afterwards."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from autoscaler.adapters.compose.replicas import Replica
from autoscaler.adapters.docker.engine import Engine
from autoscaler.adapters.docker.errors import EngineError
from autoscaler.errors import ScaleFailed
from autoscaler.ports.order import Pause


@dataclass(frozen=True, slots=True)
class Cleanup:
    """Ends an operation in the middle of which somebody else began to change the service.

    `docker compose down` and `up` have their list of containers from when they began: what was cloned a moment later
    is not on it, and would stay behind, or be of the old kind for ever.
    """

    engine: Engine
    relist: Callable[[], list[Replica]]
    troubled: Callable[[], bool]
    pause: Pause
    poll_seconds: float

    def settle(self, made: Collection[str]) -> None:
        """Wait until the others are done; then remove what was made, if the service is stopped or of another kind.

        Where nothing else of the service is left, it goes at once.

        Raises:
            ScaleFailed: one could not be removed.
        """
        if not made or not self.troubled():
            return
        while self.troubled() and any(replica.id not in made for replica in self.relist()):
            if self.pause(self.poll_seconds):
                return
        for replica in strangers(self.relist(), made):
            try:
                self.engine.remove(replica.id, force=True)
            except EngineError as error:
                raise ScaleFailed("remove", f"cannot remove {replica.name}: {error}") from error


def strangers(replicas: Collection[Replica], made: Collection[str]) -> list[Replica]:
    """Return those of the made ones that no other replica is like, among those that are meant to run."""
    kinds = {replica.kind for replica in replicas if replica.alive and replica.id not in made}
    return [replica for replica in replicas if replica.id in made and replica.kind not in kinds]
