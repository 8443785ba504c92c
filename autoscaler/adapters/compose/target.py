"""The Compose target: sees all services by one list call, and brings one of them to a count."""

from functools import partial

from autoscaler.adapters.compose.clone.obstacle_cache import Refusals
from autoscaler.adapters.compose.clone.warnings import warnings
from autoscaler.adapters.compose.drain.method import drain_warnings
from autoscaler.adapters.compose.foreign.foreign_changes import ForeignChanges
from autoscaler.adapters.compose.listing import every
from autoscaler.adapters.compose.recovery.leftovers import Limits
from autoscaler.adapters.compose.recovery.recover import Recovery
from autoscaler.adapters.compose.replicas import fleet
from autoscaler.adapters.compose.scaling import Scaling
from autoscaler.adapters.compose.shells import Shells
from autoscaler.adapters.docker.engine import Engine
from autoscaler.control.service_locks import ServiceLocks
from autoscaler.ports.fleet import Fleet, ServiceRef
from autoscaler.ports.observers import Emit
from autoscaler.ports.order import Order, ScaleOptions

BRIEF_SECONDS = 5.0


class ComposeTarget:
    """Fulfils ports.ReplicaTarget on one engine; thread-safe. Calls of one service may overlap while they add."""

    def __init__(
        self, base_url: str, *, timeout_seconds: float, emit: Emit, foreign: ForeignChanges | None = None
    ) -> None:
        self._foreign = foreign or ForeignChanges()
        own = self._foreign.own_actions
        self._engine = Engine(base_url, timeout_seconds=timeout_seconds, emit=emit, own_actions=own)
        # What is done beside the cycle is done again soon, and must not hold up the daemon's end.
        brief_seconds = min(timeout_seconds, BRIEF_SECONDS)
        self._brief_engine = Engine(base_url, timeout_seconds=brief_seconds, emit=emit, own_actions=own)
        self._service_locks = ServiceLocks()
        self._refusals = Refusals(self._engine)
        self._shells = Shells(self._engine)
        self._scaling = Scaling(self._engine, self._foreign, self._service_locks, self._shells)

    def observe(self) -> Fleet:
        """Return all Compose services; one caller at a time.

        Raises:
            TargetUnavailable: the engine does not answer, or refuses the list.
        """
        began = self._foreign.now()
        replicas = every(self._engine)
        self._foreign.look(replicas, began)
        self._refusals.look(replicas)
        return fleet(replicas)

    def refusal(self, ref: ServiceRef) -> str | None:
        """Return why a service of the last `observe` cannot be scaled as it is, or None; by the same caller.

        Raises:
            TargetUnavailable: the engine does not answer.
        """
        return self._refusals.why(ref)

    def warnings(self, ref: ServiceRef, most: int, options: ScaleOptions) -> list[str]:
        """Return what an operator should know of a service of the last `observe` that may have up to `most` replicas.

        Raises:
            TargetUnavailable: the engine does not answer.
        """
        template = self._refusals.template(ref)
        if template is None:
            return []
        drains = drain_warnings(template, options.drain, has_shell=self._shells.has(template))
        return [*warnings(template, most), *drains]

    def recovery(self, emit: Emit, limits: Limits | None = None) -> Recovery:
        """Return what puts right what interrupted operations have left behind, beside the operations of this target."""
        return Recovery(
            self._brief_engine,
            self._service_locks,
            relist=partial(every, self._brief_engine),
            troubled=lambda ref: self._foreign.unsettled(ref) is not None,
            emit=emit,
            limits=limits,
        )

    def scale(self, ref: ServiceRef, order: Order) -> int:
        """Bring a service to the order's count; return the count reached, without what another call adds beside it.

        Raises:
            TargetUnavailable, TargetRefused, ScaleFailed: nothing is left half made.
        """
        return self._scaling.scale(ref, order)
