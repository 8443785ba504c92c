"""The Compose target: observes all services by one list call, and brings one of them to a count."""

from collections.abc import Callable

from autoscaler.adapters.compose.clone.obstacle_cache import ObstacleCache
from autoscaler.adapters.compose.clone.warnings import warnings
from autoscaler.adapters.compose.drain.method import drain_warnings
from autoscaler.adapters.compose.foreign.foreign_changes import ForeignChangeTracker
from autoscaler.adapters.compose.foreign.watch import Watch
from autoscaler.adapters.compose.listing import every
from autoscaler.adapters.compose.recovery.recover import Recovery
from autoscaler.adapters.compose.scaling import Scaling, compose_options
from autoscaler.adapters.compose.shells import ShellCache
from autoscaler.adapters.compose.timing import USUAL, ComposeTiming
from autoscaler.adapters.compose.traefik_view import TraefikView
from autoscaler.adapters.docker.engine import Engine
from autoscaler.config.engine_address import EngineAddress
from autoscaler.control.service_locks import ServiceLocks
from autoscaler.errors import TargetUnavailable
from autoscaler.ports.fleet import COMPOSE, Fleet, ServiceRef
from autoscaler.ports.observers import Emit
from autoscaler.ports.order import Order

BRIEF_SECONDS = 5.0


class ComposeTarget:
    """Implements ports.targets.ReplicaTarget on one engine; thread-safe."""

    def __init__(
        self,
        engine: EngineAddress | str,
        *,
        timeout_seconds: float,
        emit: Emit,
        timing: ComposeTiming | None = None,
        view: TraefikView | None = None,
    ) -> None:
        timing = timing or USUAL
        self.foreign = ForeignChangeTracker(settle_seconds=timing.settle_seconds)
        own = self.foreign.own_actions
        self._engine = Engine(engine, timeout_seconds=timeout_seconds, emit=emit, own_actions=own)
        # Recovery is repeated soon, and must not delay the daemon's end.
        brief_engine = Engine(engine, timeout_seconds=min(timeout_seconds, BRIEF_SECONDS), emit=emit, own_actions=own)
        locks, self._shells = ServiceLocks(), ShellCache(self._engine)
        self._obstacles = ObstacleCache(self._engine)
        self._view = view
        self._scaling = Scaling(self._engine, self.foreign, locks, self._shells, timing, view=view)
        self._recovery = Recovery(
            brief_engine,
            locks,
            relist=lambda: every(brief_engine).replicas,
            being_changed=lambda ref: self.foreign.unsettled(ref) is not None,
            being_stopped=self.foreign.being_stopped,
            emit=emit,
            settle_seconds=timing.leftover_seconds,
        )
        self._watch = Watch(self._engine, self.foreign.take_event, emit)

    def observe(self) -> Fleet:
        began = self.foreign.now()
        try:
            listing = every(self._engine)
        except TargetUnavailable as error:
            return Fleet(unavailable={COMPOSE: str(error)})
        self.foreign.take_snapshot(listing.replicas, began, listing.unknown)
        self._obstacles.take_snapshot(listing.replicas)
        if self._view is not None:
            self._view.problem()  # asked now and then, so that a fault is reported before a replica is to go
        return listing.fleet

    def refusal(self, ref: ServiceRef) -> str | None:
        return self._obstacles.of(ref)

    def warnings(self, ref: ServiceRef, most: int, options: object) -> list[str]:
        template = self._obstacles.template(ref)
        if template is None:
            return []
        if self._view is not None and self._view.knows(template["Id"]):
            return [*warnings(template, most)]  # it drains every replica
        drains = drain_warnings(template, compose_options(options).drain, has_shell=self._shells.has(template))
        return [*warnings(template, most), *drains]

    def scale(self, ref: ServiceRef, order: Order) -> int:
        return self._scaling.scale(ref, order)

    def recover(self, leads: Callable[[ServiceRef], bool], options: Callable[[ServiceRef], object]) -> None:
        self._recovery.look(leads, lambda ref: compose_options(options(ref)).start_timeout_seconds)

    def watch(self) -> None:
        self._watch.start()

    def close(self) -> None:
        self._watch.stop()
