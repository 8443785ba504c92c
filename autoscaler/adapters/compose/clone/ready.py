"""Waits until started clones are ready; one that fails is removed, and its last output reported."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from autoscaler.adapters.compose.clone.failures import Failure, given_up, last_output
from autoscaler.adapters.compose.healthcheck import has_own_test
from autoscaler.adapters.compose.listing import inspected
from autoscaler.adapters.compose.replicas import Replica
from autoscaler.adapters.compose.timing import ComposeTiming
from autoscaler.adapters.docker.engine import Engine
from autoscaler.adapters.docker.errors import EngineError, NotFound
from autoscaler.core.model import Direction
from autoscaler.errors import MalformedAnswer, ScaleFailed
from autoscaler.events import ReplicaChanged
from autoscaler.ports.fleet import ServiceRef
from autoscaler.ports.observers import Emit
from autoscaler.ports.order import Pause

LOG_LINES = 5


@dataclass(slots=True)
class Started:
    """A clone that runs and is not ready yet. Times in monotonic seconds."""

    name: str
    at: float = field(default_factory=time.monotonic)
    restarts: int = 0  # by the engine, as its restart policy says
    steady_since: float = field(default_factory=time.monotonic)
    ended_at: float | None = None  # seen for the first time


@dataclass(frozen=True, slots=True)
class Waiting:
    """Waits for the clones that one call has started, by id. `relist` returns all containers of the service."""

    engine: Engine
    ref: ServiceRef
    relist: Callable[[], list[Replica]]
    emit: Emit
    pause: Pause
    being_changed: Callable[[], bool]  # whether a foreign change is under way
    limit_seconds: float
    timing: ComposeTiming
    started: dict[str, Started]
    failures: list[Failure] = field(default_factory=list)

    def wait(self) -> list[Failure]:
        """Return the failures once all other clones are ready, or the operation ends.

        Raises:
            ScaleFailed: a clone that failed cannot be removed.
        """
        while self.started:
            by_id = {replica.id: replica for replica in self.relist()}
            for container in list(self.started):
                self._look_at(container, by_id.get(container))
            if self.started and self.pause(self.timing.ready_poll_seconds):
                break
        return self.failures

    def _look_at(self, container: str, replica: Replica | None) -> None:
        started = self.started[container]
        waited_seconds = time.monotonic() - started.at
        if replica is not None and replica.ready and self._works(started, replica):
            del self.started[container]
            self.emit(ReplicaChanged(self.ref.name, Direction.UP, started.name, waited_seconds))
        elif replica is None or not replica.alive:
            self._has_ended(container, replica)
        elif replica.health == "unhealthy":
            self._give_up(container, f"is unhealthy{self._last_output(container)}")
        elif waited_seconds > self.limit_seconds:
            self._give_up(container, f"was not ready within {self.limit_seconds:g} s{self._last_output(container)}")

    def _has_ended(self, container: str, replica: Replica | None) -> None:
        """Give it up, unless a foreign change has ended it: that is no failure."""
        started, now = self.started[container], time.monotonic()
        started.ended_at = now if started.ended_at is None else started.ended_at
        if self.being_changed():
            del self.started[container]
        elif now < started.ended_at + self.timing.event_lag_seconds:
            return
        elif replica is None:
            self._give_up(container, "was removed, not by the autoscaler")
        else:
            self._give_up(container, f"exited at once{self._last_output(container)}")

    def _works(self, started: Started, replica: Replica) -> bool:
        """Return whether its healthcheck is good; without one, whether it has run for a while without a restart."""
        if replica.health is not None and has_own_test(replica.labels):
            return True
        if time.monotonic() - started.steady_since < self.timing.proven_seconds:
            return False
        restarts = self._restarts(replica)
        if restarts == started.restarts:
            return True
        started.restarts, started.steady_since = restarts, time.monotonic()
        return False

    def _restarts(self, replica: Replica) -> int:
        try:
            return int(inspected(self.engine, replica.id).get("RestartCount") or 0)
        except EngineError as error:
            if isinstance(error, NotFound):
                return -1  # the next list shows it
            raise ScaleFailed("ready", f"{self.ref}: {error}") from error

    def _give_up(self, container: str, why: str) -> None:
        name = self.started.pop(container).name
        self.failures.append(given_up(name, f"{why}; it was removed"))
        try:
            self.engine.remove(container, force=True)
        except EngineError as error:
            raise ScaleFailed("remove", f"{name} {why}, and cannot be removed: {error}") from error

    def _last_output(self, container: str) -> str:
        try:
            return last_output(inspected(self.engine, container), self.engine.last_lines(container, LOG_LINES))
        except (EngineError, MalformedAnswer):
            return ""
