"""The Compose target: sees all services by one list call, and brings one of them to a count."""

from autoscaler.adapters.compose import labels as label
from autoscaler.adapters.compose.add import Adding
from autoscaler.adapters.compose.engine import Engine, EngineError
from autoscaler.adapters.compose.remove import Removing
from autoscaler.adapters.compose.replicas import Replica, fleet, parse
from autoscaler.errors import ScaleFailed, TargetUnavailable
from autoscaler.fleet import Fleet, ServiceRef
from autoscaler.ports import Pause, Tell


class ComposeTarget:
    """Fulfils ports.ReplicaTarget on one engine; thread-safe, one operation of a service at a time."""

    def __init__(
        self, base_url: str, *, timeout_seconds: float, tell: Tell, start_timeout_seconds: float = 60.0
    ) -> None:
        self._engine = Engine(base_url, timeout_seconds=timeout_seconds, tell=tell)
        self._start_timeout_seconds = start_timeout_seconds

    def observe(self) -> Fleet:
        """Return all Compose services.

        Raises:
            TargetUnavailable: the engine does not answer, or refuses the list.
        """
        return fleet(self._list({label.PROJECT: None}))

    def scale(self, ref: ServiceRef, replicas: int, *, tell: Tell, pause: Pause) -> int:
        """Bring a service to that count; return the count reached.

        Raises:
            TargetUnavailable, TargetRefused, ScaleFailed: nothing is left half made.
        """
        ref = self.observe().find(ref).ref
        self._tidy(ref)
        present = self._members(ref)
        missing = replicas - sum(replica.alive for replica in present)
        if missing > 0:
            adding = Adding(self._engine, ref, lambda: self._members(ref), tell, pause, self._start_timeout_seconds)
            adding.add(present, missing)
        elif missing < 0:
            Removing(self._engine, ref, lambda: self._members(ref), tell, pause).remove(-missing)
        return sum(replica.alive for replica in self._members(ref))

    def _tidy(self, ref: ServiceRef) -> None:
        """Remove clones of ours that an interrupted operation left over: Compose would start them some day."""
        for replica in self._members(ref):
            if replica.left_over:
                try:
                    self._engine.remove(replica.id, force=True)
                except EngineError as error:
                    raise ScaleFailed("remove", f"cannot remove the left-over {replica.name}: {error}") from error

    def _members(self, ref: ServiceRef) -> list[Replica]:
        return self._list({label.PROJECT: ref.project, label.SERVICE: ref.service})

    def _list(self, labels: dict[str, str | None]) -> list[Replica]:
        try:
            return parse(self._engine.containers(labels))
        except EngineError as error:
            raise TargetUnavailable(f"cannot list the containers: {error}") from error
