"""Removes replicas one by one: stop within the container's own grace, then remove it with its anonymous volumes."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from autoscaler.adapters.compose.engine import NOT_FOUND, Engine, EngineError
from autoscaler.adapters.compose.replicas import Replica, removal_order
from autoscaler.core.model import Direction
from autoscaler.errors import ScaleFailed
from autoscaler.events import ReplicaChanged
from autoscaler.fleet import ServiceRef
from autoscaler.order import Order

DEFAULT_GRACE_SECONDS = 10  # the engine's own default
# Traefik learns of a stop by the container's end, and applies changes at most every 2 s by default: with two replicas
# gone at once, a request that is retried may meet the other one.
SETTLE_SECONDS = 2.5


@dataclass(frozen=True, slots=True)
class Removing:
    """One scale-down under way. `relist` returns the service's containers of all states."""

    engine: Engine
    ref: ServiceRef
    relist: Callable[[], list[Replica]]
    order: Order

    def remove(self) -> None:
        """Remove what the order has too many, but never the last ready one; end early when the daemon goes down.

        Raises:
            ScaleFailed: a replica could not be stopped or removed.
        """
        settle_seconds = 0.0
        while not self.order.pause(settle_seconds):
            victim = next(iter(removal_order(self.relist())), None)
            if victim is None or self._is_last_ready(victim) or not self.order.let_go():
                return
            self._remove_one(victim)
            settle_seconds = SETTLE_SECONDS

    def _is_last_ready(self, victim: Replica) -> bool:
        return victim.ready and sum(replica.ready for replica in self.relist()) == 1

    def _remove_one(self, victim: Replica) -> None:
        started, stage = time.monotonic(), "stop"
        try:
            self.engine.stop(victim.id, self._grace_seconds(victim))
            stage = "remove"
            self.engine.remove(victim.id)
        except EngineError as error:
            if error.status != NOT_FOUND:
                raise ScaleFailed(stage, f"cannot {stage} {victim.name}: {error}") from error
        self.order.tell(ReplicaChanged(self.ref.service, Direction.DOWN, victim.name, time.monotonic() - started))

    def _grace_seconds(self, victim: Replica) -> int:
        grace = self.engine.inspect(victim.id)["Config"].get("StopTimeout")
        return DEFAULT_GRACE_SECONDS if grace is None else int(grace)
