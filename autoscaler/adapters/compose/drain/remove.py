"""Removes replicas: chooses who goes, drains them side by side, and lets each go as long as the order allows it."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from autoscaler.adapters.compose.drain.drainer import Drainer
from autoscaler.adapters.compose.drain.drains import Drains
from autoscaler.adapters.compose.drain.stop import Stopping
from autoscaler.adapters.compose.drain.victims import victims
from autoscaler.adapters.compose.replicas import Replica
from autoscaler.adapters.compose.timing import ComposeTiming
from autoscaler.adapters.docker.engine import Engine
from autoscaler.adapters.docker.errors import EngineError
from autoscaler.config.compose_options import Drain
from autoscaler.errors import ScaleFailed
from autoscaler.ports.fleet import ServiceRef
from autoscaler.ports.order import Order


@dataclass(slots=True)
class Removing:
    """One scale-down under way. `relist` returns the service's containers of all states.

    `leaned_on` returns the ids of those that another container leans on.
    """

    engine: Engine
    ref: ServiceRef
    relist: Callable[[], list[Replica]]
    order: Order
    drain: Drain
    timing: ComposeTiming
    leaned_on: Callable[[], Collection[str]] = frozenset
    _drains: Drains = field(init=False)
    _going: Stopping = field(init=False)
    _undrained: list[Replica] = field(default_factory=list)  # they serve until they are stopped, one after the other
    _next_stop_at: float = 0.0

    def __post_init__(self) -> None:
        drainer = Drainer(self.engine, self.drain, self.timing)
        self._drains = Drains(drainer, self.ref.name, self.order, self.timing.take_back_retry_seconds)
        self._going = Stopping(self.engine, self.ref, self.order.emit, self.timing.before_removal_seconds)

    def remove(self) -> None:
        """Remove what the order has too many, but never the last ready one; end early when the daemon goes down.

        Raises:
            ScaleFailed: a replica could not be drained, stopped or removed; what was being drained is taken back.
            TargetUnavailable: the engine does not answer; what was being drained is taken back as soon as it does.
        """
        try:
            self._begin()
            while (self._drains or self._undrained) and not self.order.pause(self.timing.drain_poll_seconds):
                self._look()
        except EngineError as error:
            raise ScaleFailed("drain", f"{self.ref}: {error}") from error
        finally:
            self._end()

    def _begin(self) -> None:
        """Ask all who shall go at once; who does not serve need not be asked."""
        for victim in victims(self.relist(), self.order.surplus, self.leaned_on()):
            if self.order.pause(0.0):
                return
            if not victim.ready:
                self._stop(victim)
            elif not (self.drain.enabled and self._drains.begin(victim)):
                self._undrained.append(victim)

    def _look(self) -> None:
        replicas = self.relist()
        self._keep(replicas)
        for draining in self._drains.look({replica.id: replica for replica in replicas}):
            if self._drains.release(draining):
                self._going.start(draining.replica)
        if self._undrained and time.monotonic() >= self._next_stop_at:
            self._stop(self._undrained.pop(0))
            self._next_stop_at = time.monotonic() + self.timing.stop_gap_seconds

    def _keep(self, replicas: list[Replica]) -> None:
        """Keep those that are wanted again, and all if no other is ready any more: first who would go last."""
        going = len(self._drains.retractable) + len(self._undrained)
        staying = [replica for replica in replicas if replica.alive and self._stays(replica)]
        count, why = going - self.order.surplus, "it is wanted again"
        if self.order.replicas - len(staying) > count:
            count, why = min(going, self.order.replicas - len(staying)), "others have gone meanwhile"
        if not any(replica.ready for replica in staying):
            count, why = going, "no other replica is ready"
        kept = self._undrained[-count:] if count > 0 else []
        self._undrained = self._undrained[: len(self._undrained) - len(kept)]
        self._drains.take_back(count - len(kept), why)

    def _stays(self, replica: Replica) -> bool:
        return replica not in self._undrained and replica not in self._drains and replica not in self._going

    def _stop(self, replica: Replica) -> None:
        if self.order.release():
            self._going.start(replica)

    def _end(self) -> None:
        """Leave nothing drained: take back what can be, and let go of what cannot."""
        try:
            self._drains.take_back(len(self._drains.retractable), "the operation ends")
            for draining in self._drains.under_way:
                self._drains.release(draining)
                self._going.start(draining.replica)
        finally:
            self._going.wait()
