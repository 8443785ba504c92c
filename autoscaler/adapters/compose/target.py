"""The Compose target: sees all services by one list call, and brings one of them to a count."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from autoscaler.adapters.compose import labels as label
from autoscaler.adapters.compose.clone.add import Adding
from autoscaler.adapters.compose.clone.carry import Carrying
from autoscaler.adapters.compose.clone.refusals import Refusals
from autoscaler.adapters.compose.clone.warnings import warnings
from autoscaler.adapters.compose.drain.how import drain_warnings
from autoscaler.adapters.compose.drain.leaning import ids_leaned_on
from autoscaler.adapters.compose.drain.remove import Removing
from autoscaler.adapters.compose.engine import Engine, EngineError
from autoscaler.adapters.compose.lanes import Lanes
from autoscaler.adapters.compose.peace.follow import Following
from autoscaler.adapters.compose.peace.peace import Peace
from autoscaler.adapters.compose.recovery.leftovers import Limits
from autoscaler.adapters.compose.recovery.recover import Recovery
from autoscaler.adapters.compose.replicas import Replica, fleet, parse
from autoscaler.adapters.compose.shells import Shells
from autoscaler.errors import ScaleFailed, TargetRefused, TargetUnavailable
from autoscaler.fleet import Fleet, ServiceRef
from autoscaler.order import Order, ScaleOptions
from autoscaler.ports import Tell

BRIEF_SECONDS = 5.0


class ComposeTarget:
    """Fulfils ports.ReplicaTarget on one engine; thread-safe. Calls of one service may overlap while they add."""

    def __init__(self, base_url: str, *, timeout_seconds: float, tell: Tell, peace: Peace | None = None) -> None:
        self._peace = peace or Peace()
        self._engine = Engine(base_url, timeout_seconds=timeout_seconds, tell=tell, ours=self._peace.ours)
        # What is done beside the cycle is done again soon, and must not hold up the daemon's end.
        brief_seconds = min(timeout_seconds, BRIEF_SECONDS)
        self._brief_engine = Engine(base_url, timeout_seconds=brief_seconds, tell=tell, ours=self._peace.ours)
        self._lanes = Lanes()
        self._refusals = Refusals(self._engine)
        self._shells = Shells(self._engine)
        self._carrying = Carrying(self._engine)

    def observe(self) -> Fleet:
        """Return all Compose services; one caller at a time.

        Raises:
            TargetUnavailable: the engine does not answer, or refuses the list.
        """
        began = self._peace.now()
        replicas = self._list({label.PROJECT: None})
        self._peace.look(replicas, began)
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

    def recovery(self, tell: Tell, limits: Limits | None = None) -> Recovery:
        """Return what puts right what interrupted operations have left behind, beside the operations of this target."""
        return Recovery(
            self._brief_engine,
            self._lanes,
            relist=lambda: self._list({label.PROJECT: None}, self._brief_engine),
            troubled=lambda ref: self._peace.unsettled(ref) is not None,
            tell=tell,
            limits=limits,
        )

    def scale(self, ref: ServiceRef, order: Order) -> int:
        """Bring a service to the order's count; return the count reached, without what another call adds beside it.

        What is there is counted, and what is missing started, by one call of a service at a time. Nothing is removed
        beside another call.

        Raises:
            TargetUnavailable, TargetRefused, ScaleFailed: nothing is left half made.
        """
        ref = fleet(self._list({label.PROJECT: None})).find(ref).ref
        timeout_seconds = order.options.start_timeout_seconds
        relist = partial(self._members, ref)
        adding = Adding(self._engine, self._carrying, ref, relist, order.tell, order.pause, timeout_seconds)
        adding.port_ranges = self._lanes.port_ranges
        adding.wraps = lambda template: order.options.drain.enabled and self._shells.has(template)
        with self._lanes.entered(ref) as lane, self._beside_others(adding):
            with lane.turn:
                self._leave_alone(ref)
                alone, present = lane.alone, self._tidied(ref) if lane.alone else self._members(ref)
                count = sum(replica.alive for replica in present)
                missing = order.replicas - count
                if missing > 0:
                    adding.start(present, missing)
            if missing > 0:
                adding.wait()
            elif missing < 0 and not alone:
                return order.replicas  # another call has been asked for more
            elif missing < 0:
                order.removes_from(count)  # by now it may have been raised
                leaned_on = partial(ids_leaned_on, self._engine, present)
                Removing(self._engine, ref, relist, order, leaned_on).remove()
        ours = adding.made | {replica.id for replica in present}
        return sum(replica.alive and replica.id in ours for replica in self._members(ref))

    def _leave_alone(self, ref: ServiceRef) -> None:
        """Begin nothing while somebody else is at work on the service: the decision was made before that was known.

        Raises:
            TargetRefused: somebody is.
        """
        why = self._peace.unsettled(ref, self._members(ref))
        if why is not None:
            raise TargetRefused(f"{ref} is left alone: {why}")

    @contextmanager
    def _beside_others(self, adding: Adding) -> Iterator[None]:
        """Notice when somebody else begins to change the service, and let go of what was made at the end."""
        adding.troubled = lambda: self._peace.unsettled(adding.ref) is not None
        try:
            yield
        finally:
            try:
                Following(self._engine, adding.relist, adding.troubled, adding.pause).settle(adding.made)
            finally:
                for container in adding.made:
                    self._peace.ours.leaves(container)

    def _tidied(self, ref: ServiceRef) -> list[Replica]:
        """Remove clones that we have made and never started; whatever else is left over, the recovery looks after."""
        for replica in self._members(ref):
            if replica.never_started:
                try:
                    self._engine.remove(replica.id)
                except EngineError as error:
                    raise ScaleFailed("remove", f"cannot remove the left-over {replica.name}: {error}") from error
        return self._members(ref)

    def _members(self, ref: ServiceRef) -> list[Replica]:
        return self._list({label.PROJECT: ref.project, label.SERVICE: ref.service})

    def _list(self, labels: dict[str, str | None], engine: Engine | None = None) -> list[Replica]:
        try:
            return parse((engine or self._engine).containers(labels))
        except EngineError as error:
            raise TargetUnavailable(f"cannot list the containers: {error}") from error
