"""Removes replicas: chooses them, drains them side by side, and stops each unless the order wants it again."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from autoscaler.adapters.compose.drain.drainer import Drainer
from autoscaler.adapters.compose.drain.drains import Drains
from autoscaler.adapters.compose.drain.patience import Patience
from autoscaler.adapters.compose.drain.stop import Stopping
from autoscaler.adapters.compose.drain.victims import victims
from autoscaler.adapters.compose.replicas import Replica
from autoscaler.adapters.compose.timing import ComposeTiming
from autoscaler.adapters.compose.traefik_view import TraefikView
from autoscaler.adapters.docker.engine import Engine
from autoscaler.adapters.docker.errors import EngineError
from autoscaler.config.compose_options import Drain
from autoscaler.errors import ScaleFailed
from autoscaler.ports.fleet import ServiceRef
from autoscaler.ports.order import Order


@dataclass(slots=True)
class Removing:
    """One operation that removes. `relist` returns the service's containers of all states.

    `depended_on` returns the ids of the replicas that another container depends on.
    """

    engine: Engine
    ref: ServiceRef
    relist: Callable[[], list[Replica]]
    order: Order
    drain: Drain
    timing: ComposeTiming
    patience: Patience
    depended_on: Callable[[], Collection[str]] = frozenset
    view: TraefikView | None = None
    _drains: Drains = field(init=False)
    _stopping: Stopping = field(init=False)
    _undrained: list[Replica] = field(default_factory=list)  # they serve until they are stopped, one by one
    _next_stop_at: float = 0.0

    def __post_init__(self) -> None:
        drainer = Drainer(self.engine, self.drain, self.timing, self.view)
        self._drains = Drains(drainer, self.ref.name, self.order, self.timing.take_back_retry_seconds)
        self._stopping = Stopping(self.engine, self.ref, self.order.emit, self.timing.before_removal_seconds)

    def remove(self) -> None:
        """Remove the order's surplus, but never the last ready replica; stop early when the operation ends.

        Raises:
            ScaleFailed: a replica could not be drained, stopped or removed; replicas in a drain are taken back.
            TargetUnavailable: the engine does not answer; replicas in a drain are taken back as soon as it does.
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
        """Begin all drains at once; a replica that is not ready is drained where another one serves.

        It may have been taken back just now, and be healthy again before it is stopped.
        """
        replicas = self.relist()
        drains = self.drain.enabled and any(replica.ready for replica in replicas)
        for victim in victims(replicas, self.order.surplus, self.depended_on()):
            if self.order.pause(0.0):
                return
            if drains and self._drains.begin(victim):
                continue
            if victim.ready:
                self._undrained.append(victim)
            else:
                self._stop(victim)

    def _look(self) -> None:
        replicas = self.relist()
        if self._keep(replicas):
            return
        for draining in self._drains.look({replica.id: replica for replica in replicas}):
            if self._drains.release(draining):
                self._stopping.start(draining.replica)
                self.patience.rewarded()
        if self._undrained and time.monotonic() >= self._next_stop_at:
            self._stop(self._undrained.pop(0))
            self._next_stop_at = time.monotonic() + self.timing.stop_gap_seconds

    def _keep(self, replicas: list[Replica]) -> bool:
        """Keep the replicas that are wanted again, or all if no other is ready: the last to be removed first.

        Return whether to stop none now, since no other is ready, but may be soon.
        """
        removable = len(self._drains.retractable) + len(self._undrained)
        staying = [replica for replica in replicas if replica.alive and self._stays(replica)]
        count, why = removable - self.order.surplus, "it is wanted again"
        if self.order.replicas - len(staying) > count:
            count, why = min(removable, self.order.replicas - len(staying)), "others have gone meanwhile"
        ready, now = any(replica.ready for replica in staying), time.monotonic()
        waits = self.patience.lasts(now, ready=ready)
        if removable and not ready and not waits:
            count, why = removable, "no other replica is ready"
            self.patience.in_vain(now)
        kept = self._undrained[-count:] if count > 0 else []
        self._undrained = self._undrained[: len(self._undrained) - len(kept)]
        self._drains.take_back(count - len(kept), why)
        return waits

    def _stays(self, replica: Replica) -> bool:
        return replica not in self._undrained and replica not in self._drains and replica not in self._stopping

    def _stop(self, replica: Replica) -> None:
        if self.order.release():
            self._stopping.start(replica)

    def _end(self) -> None:
        """End every drain: take it back, or stop the replica if it cannot be taken back."""
        try:
            self._drains.take_back(len(self._drains.retractable), "the operation ends")
            for draining in self._drains.under_way:
                self._drains.release(draining)
                self._stopping.start(draining.replica)
        finally:
            self._stopping.wait()
