"""Takes back replicas whose drain nobody goes on with; of those that are unhealthy, only they know which these are."""

from collections.abc import Container

from autoscaler.adapters.compose import labels as label
from autoscaler.adapters.compose.drain.marker import remove_marker
from autoscaler.adapters.compose.drain.progress import being_drained
from autoscaler.adapters.compose.healthcheck import looks_for_marker
from autoscaler.adapters.compose.replicas import Replica
from autoscaler.adapters.docker.engine import Engine


class Drained:
    """Remembers whom it has asked in vain, as long as they stay unhealthy; one caller at a time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._asked: set[str] = set()

    def forget(self, unhealthy: Container[str]) -> None:
        """Drop what is remembered of those that are not among the unhealthy ones any more."""
        self._asked = {container for container in self._asked if container in unhealthy}

    def take_back(self, replica: Replica) -> bool:
        """Take the marker away, if there is one; return whether there was.

        Our own probe says so in the health log. What somebody else wrote does not, and has to be asked, once.

        Raises:
            EngineError, TargetUnavailable: the engine refuses, or does not answer.
        """
        container = self._engine.inspect(replica.id)
        if label.HEALTHCHECK in replica.labels and not being_drained(container):
            return False
        if not looks_for_marker(container["Config"].get("Healthcheck")) or replica.id in self._asked:
            return False
        code = remove_marker(self._engine, replica)
        if code is not None:  # it has answered
            self._asked.add(replica.id)
        return code == 0
