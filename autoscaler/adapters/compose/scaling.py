"""One call that brings a service to a count, in turn with others of its kind, and beside whoever else is at work."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from autoscaler.adapters.compose.clone.add import Adding
from autoscaler.adapters.compose.clone.injected_files import Carrying
from autoscaler.adapters.compose.drain.dependents import ids_leaned_on
from autoscaler.adapters.compose.drain.remove import Removing
from autoscaler.adapters.compose.foreign.cleanup import Cleanup
from autoscaler.adapters.compose.foreign.foreign_changes import ForeignChangeTracker
from autoscaler.adapters.compose.listing import every, members
from autoscaler.adapters.compose.replicas import Replica, fleet
from autoscaler.adapters.compose.shells import Shells
from autoscaler.adapters.compose.timing import ComposeTiming
from autoscaler.adapters.docker.engine import Engine
from autoscaler.adapters.docker.errors import EngineError
from autoscaler.config.compose_options import ComposeOptions
from autoscaler.control.service_locks import ServiceLocks
from autoscaler.errors import ScaleFailed, TargetRefused
from autoscaler.ports.fleet import ServiceRef
from autoscaler.ports.order import Order


class Scaling:
    """Adds and removes replicas; thread-safe. Calls of one service may overlap while they add."""

    def __init__(
        self,
        engine: Engine,
        foreign: ForeignChangeTracker,
        service_locks: ServiceLocks,
        shells: Shells,
        timing: ComposeTiming,
    ) -> None:
        self._engine = engine
        self._foreign = foreign
        self._service_locks = service_locks
        self._shells = shells
        self._timing = timing
        self._carrying = Carrying(engine)
        self._port_ranges = threading.Lock()  # of all services: their ranges may overlap

    def scale(self, ref: ServiceRef, order: Order) -> int:
        """Bring a service to the order's count; return the count reached, without what another call adds beside it.

        What is there is counted, and what is missing started, by one call of a service at a time. Nothing is removed
        beside another call.

        Raises:
            TargetUnavailable, TargetRefused, ScaleFailed: nothing is left half made.
        """
        ref = fleet(every(self._engine)).find(ref).ref
        options = compose_options(order.options)
        relist = partial(members, self._engine, ref)
        adding = Adding(
            self._engine,
            self._carrying,
            ref,
            relist,
            order.emit,
            order.pause,
            self._timing,
            options.start_timeout_seconds,
            port_ranges=self._port_ranges,
            troubled=lambda: self._foreign.unsettled(ref) is not None,
            wraps=lambda template: options.drain.enabled and self._shells.has(template),
        )
        with self._service_locks.entered(ref) as service_lock, self._beside_others(adding):
            with service_lock.turn:
                self._leave_alone(ref)
                alone, present = (
                    service_lock.alone,
                    self._tidied(ref) if service_lock.alone else members(self._engine, ref),
                )
                count = sum(replica.alive for replica in present)
                missing = order.replicas - count
                if missing > 0:
                    adding.start(present, missing)
            if missing > 0:
                adding.wait()
            elif missing < 0 and not alone:
                return order.replicas  # another call has been asked for more
            elif missing < 0 and order.only_adds:
                return count  # somebody else has added some since that was decided
            elif missing < 0:
                order.removes_from(count)  # by now it may have been raised
                leaned_on = partial(ids_leaned_on, self._engine, present)
                Removing(self._engine, ref, relist, order, options.drain, self._timing, leaned_on).remove()
        ours = adding.made | {replica.id for replica in present}
        return sum(replica.alive and replica.id in ours for replica in members(self._engine, ref))

    def _leave_alone(self, ref: ServiceRef) -> None:
        """Begin nothing while somebody else is at work on the service: the decision was made before that was known.

        Raises:
            TargetRefused: somebody is.
        """
        why = self._foreign.unsettled(ref, members(self._engine, ref))
        if why is not None:
            raise TargetRefused(f"{ref} is left alone: {why}")

    @contextmanager
    def _beside_others(self, adding: Adding) -> Iterator[None]:
        """Notice when somebody else begins to change the service, and let go of what was made at the end."""
        try:
            yield
        finally:
            try:
                poll_seconds = self._timing.cleanup_poll_seconds
                Cleanup(self._engine, adding.relist, adding.troubled, adding.pause, poll_seconds).settle(adding.made)
            finally:
                for container in adding.made:
                    self._foreign.own_actions.leaves(container)

    def _tidied(self, ref: ServiceRef) -> list[Replica]:
        """Remove clones that we have made and never started; whatever else is left over, the recovery looks after."""
        for replica in members(self._engine, ref):
            if replica.never_started:
                try:
                    self._engine.remove(replica.id)
                except EngineError as error:
                    raise ScaleFailed("remove", f"cannot remove the left-over {replica.name}: {error}") from error
        return members(self._engine, ref)


def compose_options(options: object) -> ComposeOptions:
    """Return the options of a Compose service; the defaults where an order has none."""
    return options if isinstance(options, ComposeOptions) else ComposeOptions()
