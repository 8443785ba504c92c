"""Stops and removes replicas side by side, each within its own grace, with its anonymous volumes."""

import contextlib
import time
from dataclasses import dataclass, field

from autoscaler.adapters.compose.drain.background import Errand
from autoscaler.adapters.compose.replicas import LEAVING, Replica
from autoscaler.adapters.docker.engine import Engine
from autoscaler.adapters.docker.errors import EngineError, NotFound
from autoscaler.core.model import Direction
from autoscaler.errors import ScaleFailed
from autoscaler.events import ReplicaChanged
from autoscaler.ports.fleet import ServiceRef
from autoscaler.ports.observers import Emit

DEFAULT_GRACE_SECONDS = 10  # the engine's own default


@dataclass(slots=True)
class Stopping:
    """The replicas that have been let go."""

    engine: Engine
    ref: ServiceRef
    emit: Emit
    before_removal_seconds: float
    _errands: dict[str, Errand] = field(default_factory=dict)

    def __contains__(self, replica: Replica) -> bool:
        return replica.id in self._errands

    def start(self, replica: Replica) -> None:
        """Begin to stop it."""
        self._errands[replica.id] = Errand(lambda: self._remove(replica))

    def wait(self) -> None:
        """Return when all are gone.

        Raises:
            ScaleFailed, TargetUnavailable: one could not be stopped or removed; those after it may have been.
        """
        failures = [failure for errand in self._errands.values() if (failure := errand.wait())]
        if failures:
            raise failures[0]

    def _remove(self, replica: Replica) -> None:
        started, stage = time.monotonic(), "stop"
        try:
            self._note(replica)
            self.engine.stop(replica.id, self._grace_seconds(replica))
            stage = "remove"
            time.sleep(self.before_removal_seconds)
            self.engine.remove(replica.id)
        except EngineError as error:
            if not isinstance(error, NotFound):
                raise ScaleFailed(stage, f"cannot {stage} {replica.name}: {error}") from error
        finally:
            self.engine.own_actions.leaves(replica.id)
        self.emit(ReplicaChanged(self.ref.name, Direction.DOWN, replica.name, time.monotonic() - started))

    def _note(self, replica: Replica) -> None:
        """Leave word of what is meant, in case we are killed: one of Compose's own that has exited does not say why."""
        if not replica.clone and not replica.leaving:
            with contextlib.suppress(EngineError):  # an older guard may forbid it; then only that word is missing
                self.engine.rename(replica.id, replica.name + LEAVING)

    def _grace_seconds(self, replica: Replica) -> int:
        grace = self.engine.inspect(replica.id)["Config"].get("StopTimeout")
        return DEFAULT_GRACE_SECONDS if grace is None else int(grace)
