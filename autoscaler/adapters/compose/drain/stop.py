"""Stops and removes replicas side by side, each within its grace period, with its anonymous volumes."""

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from autoscaler.adapters.compose.listing import inspected
from autoscaler.adapters.compose.replicas import LEAVING, Replica
from autoscaler.adapters.docker.engine import Engine
from autoscaler.adapters.docker.errors import EngineError, NotFound
from autoscaler.core.model import Direction
from autoscaler.errors import ScaleFailed
from autoscaler.events import ReplicaChanged
from autoscaler.ports.fleet import ServiceRef
from autoscaler.ports.observers import Emit

DEFAULT_GRACE_SECONDS = 10  # the engine's own default


class BackgroundCall:
    """Runs a call in a thread of its own, which does not keep the process from ending."""

    def __init__(self, call: Callable[[], None]) -> None:
        self._call = call
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def wait(self) -> Exception | None:
        """Wait for its end, and return its error."""
        self._thread.join()
        return self._error

    def _run(self) -> None:
        try:
            self._call()
        except Exception as error:  # noqa: BLE001  `wait` returns it
            self._error = error


@dataclass(slots=True)
class Stopping:
    """The replicas that are being stopped."""

    engine: Engine
    ref: ServiceRef
    emit: Emit
    before_removal_seconds: float
    _calls: dict[str, BackgroundCall] = field(default_factory=dict)

    def __contains__(self, replica: Replica) -> bool:
        return replica.id in self._calls

    def start(self, replica: Replica) -> None:
        self._calls[replica.id] = BackgroundCall(lambda: self._remove(replica))

    def wait(self) -> None:
        """Return when all are removed.

        Raises:
            ScaleFailed, TargetUnavailable: one could not be stopped or removed; the others may have been.
        """
        failures = [failure for call in self._calls.values() if (failure := call.wait())]
        if failures:
            raise failures[0]

    def _remove(self, replica: Replica) -> None:
        started, stage = time.monotonic(), "stop"
        try:
            self._mark_leaving(replica)
            self.engine.stop(replica.id, self._grace_seconds(replica))
            stage = "remove"
            time.sleep(self.before_removal_seconds)
            self.engine.remove(replica.id)
        except EngineError as error:
            if not isinstance(error, NotFound):
                raise ScaleFailed(stage, f"cannot {stage} {replica.name}: {error}") from error
        finally:
            self.engine.own_actions.done(replica.id)
        self.emit(ReplicaChanged(self.ref.name, Direction.DOWN, replica.name, time.monotonic() - started))

    def _mark_leaving(self, replica: Replica) -> None:
        """Rename one of Compose's own, so that the recovery recognises it if the daemon is killed now."""
        if not replica.clone and not replica.leaving:
            with contextlib.suppress(EngineError):  # an older guard may forbid it
                self.engine.rename(replica.id, replica.name + LEAVING)

    def _grace_seconds(self, replica: Replica) -> int:
        grace = inspected(self.engine, replica.id)["Config"].get("StopTimeout")
        return DEFAULT_GRACE_SECONDS if grace is None else int(grace)
