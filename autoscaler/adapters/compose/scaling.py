"""One call that brings a service to a count, in turn with the service's other calls, and safe from foreign changes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from autoscaler.adapters.compose.clone.add import Adding
from autoscaler.adapters.compose.clone.injected_files import InjectedFiles
from autoscaler.adapters.compose.drain.dependents import ids_with_dependents
from autoscaler.adapters.compose.drain.patience import Patience
from autoscaler.adapters.compose.drain.remove import Removing
from autoscaler.adapters.compose.foreign.cleanup import Cleanup
from autoscaler.adapters.compose.foreign.foreign_changes import ForeignChangeTracker
from autoscaler.adapters.compose.listing import every, members
from autoscaler.adapters.compose.replicas import Replica
from autoscaler.adapters.compose.shells import ShellCache
from autoscaler.adapters.compose.timing import ComposeTiming
from autoscaler.adapters.compose.traefik_view import TraefikView
from autoscaler.adapters.docker.engine import Engine, Inspect
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
        shells: ShellCache,
        timing: ComposeTiming,
        *,
        view: TraefikView | None = None,
    ) -> None:
        self._engine = engine
        self._foreign = foreign
        self._service_locks = service_locks
        self._shells = shells
        self._timing = timing
        self._view = view
        self._injected_files = InjectedFiles(engine)
        self._patience: dict[ServiceRef, Patience] = {}
        self._port_ranges = threading.Lock()  # of all services: their ranges may overlap

    def scale(self, ref: ServiceRef, order: Order) -> int:
        """Bring a service to the order's count; return the count reached, without the replicas of overlapping calls.

        One call of a service at a time counts replicas and starts missing ones. A call removes nothing beside another.

        Raises:
            TargetUnavailable, TargetRefused, ScaleFailed: nothing is left half made.
        """
        engine = self._engine.fenced(order.may_finish)
        ref = every(engine).fleet.find(ref).ref
        options = compose_options(order.options)
        relist = partial(members, engine, ref)
        adding = Adding(
            engine,
            self._injected_files,
            ref,
            relist,
            order.emit,
            order.pause,
            self._timing,
            options.start_timeout_seconds,
            port_ranges=self._port_ranges,
            being_changed=lambda: self._foreign.unsettled(ref) is not None,
            wraps=lambda template: options.drain.enabled and self._needs_probe(template),
        )
        with self._service_locks.entered(ref) as service_lock, self._cleaning_up(engine, adding):
            with service_lock.turn:
                self._check_unchanged(ref)
                alone, present = (
                    service_lock.alone,
                    self._without_leftovers(engine, ref) if service_lock.alone else members(engine, ref),
                )
                count = sum(replica.alive for replica in present)
                missing = order.replicas - count
                service_lock.removes = missing < 0 and alone and not order.only_adds
                if missing > 0:
                    adding.start(present, missing)
            if missing > 0:
                adding.wait()
            elif missing < 0 and not alone:
                return order.replicas  # another call adds replicas
            elif missing < 0 and order.only_adds:
                return count  # a foreign change has added some since the decision
            elif missing < 0:
                order.begin_removal(count)  # the order may have been raised by now
                depended_on = partial(ids_with_dependents, engine, ref, present)
                patience = self._patience.setdefault(ref, Patience(self._timing.patience_seconds))
                try:
                    Removing(
                        *(engine, ref, relist, order, options.drain, self._timing, patience),
                        depended_on,
                        self._view,
                    ).remove()
                finally:
                    service_lock.removes = False
        ours = adding.made | {replica.id for replica in present}
        return sum(replica.alive and replica.id in ours for replica in members(engine, ref))

    def _needs_probe(self, template: Inspect) -> bool:
        """Return whether clones get the probe: not where Traefik's view drains them, nor without a shell."""
        return (self._view is None or not self._view.knows(template["Id"])) and self._shells.has(template)

    def _check_unchanged(self, ref: ServiceRef) -> None:
        """Check that no foreign change is under way: it may have begun after the decision.

        Raises:
            TargetRefused: there is one.
        """
        why = self._foreign.unsettled(ref, members(self._engine, ref))
        if why is not None:
            raise TargetRefused(f"{ref} is not scaled: {why}")

    @contextmanager
    def _cleaning_up(self, engine: Engine, adding: Adding) -> Iterator[None]:
        """Clean up at the end if a foreign change has begun."""
        try:
            yield
        finally:
            try:
                poll_seconds = self._timing.cleanup_poll_seconds
                Cleanup(engine, adding.relist, adding.being_changed, adding.pause, poll_seconds).settle(adding.made)
            finally:
                for container in adding.made:
                    self._foreign.own_actions.done(container)

    def _without_leftovers(self, engine: Engine, ref: ServiceRef) -> list[Replica]:
        """Remove clones that were never started; the recovery handles the other left-overs."""
        for replica in members(engine, ref):
            if replica.never_started:
                try:
                    engine.remove(replica.id)
                except EngineError as error:
                    raise ScaleFailed("remove", f"cannot remove the left-over {replica.name}: {error}") from error
                finally:
                    engine.own_actions.done(replica.id)
        return members(engine, ref)


def compose_options(options: object) -> ComposeOptions:
    """Return the options of a Compose service; the defaults where an order has none."""
    return options if isinstance(options, ComposeOptions) else ComposeOptions()
