"""Cleans up after operations that were interrupted because the daemon was killed or the engine hung."""

import time
from collections.abc import Callable, Container
from contextlib import suppress
from functools import partial
from typing import assert_never

from autoscaler.adapters.compose import labels as label
from autoscaler.adapters.compose.drain.marker import remove_marker
from autoscaler.adapters.compose.drain.progress import being_drained
from autoscaler.adapters.compose.healthcheck import looks_for_marker
from autoscaler.adapters.compose.listing import inspected
from autoscaler.adapters.compose.recovery.leftovers import LeftoverKind, Limits, Suspects, left_over, suspects
from autoscaler.adapters.compose.replicas import LEAVING, Replica
from autoscaler.adapters.compose.timing import USUAL
from autoscaler.adapters.docker.engine import Engine
from autoscaler.adapters.docker.errors import Conflict, EngineError
from autoscaler.control.service_locks import ServiceLocks
from autoscaler.errors import MalformedAnswer, TargetUnavailable
from autoscaler.events import Recovered
from autoscaler.ports.fleet import ServiceRef
from autoscaler.ports.observers import Emit

# Where the policy has no `start_timeout`; a healthcheck calls a replica unhealthy long before.
LONGEST_START_SECONDS = 600.0


class Recovery:
    """Looks at all services beside the cycle; one caller at a time.

    `relist` returns all containers of all states. `being_changed` returns whether a service has a foreign change under
    way, `being_stopped` whether that is about to end a container, given by its id.
    """

    def __init__(
        self,
        engine: Engine,
        service_locks: ServiceLocks,
        relist: Callable[[], list[Replica]],
        being_changed: Callable[[ServiceRef], bool],
        being_stopped: Callable[[ServiceRef, str], bool],
        *,
        emit: Emit,
        settle_seconds: float = USUAL.leftover_seconds,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._leads: Callable[[], bool] = lambda: False  # the service of the replica that is cleaned up
        self._engine = engine.fenced(self._still_leads)
        self._service_locks = service_locks
        self._relist = relist
        self._being_changed = being_changed
        self._being_stopped = being_stopped
        self._emit = emit
        self._settle_seconds = settle_seconds
        self._monotonic = monotonic
        self._suspects: Suspects = {}
        self._drained = DrainRecovery(self._engine)

    def look(
        self, leads: Callable[[ServiceRef], bool], start_seconds: Callable[[ServiceRef], float | None] = lambda _: None
    ) -> None:
        """Look once, and clean up the services that the daemon leads.

        `start_seconds` returns how long a replica may take until it is ready, by the policy; None: not set there.
        """
        limits = Limits(self._settle_seconds, lambda ref: start_seconds(ref) or LONGEST_START_SECONDS)
        try:
            self._look(leads, limits)
        except TargetUnavailable:
            return  # the cycle reports that the engine does not answer; the next look comes soon

    def _look(self, leads: Callable[[ServiceRef], bool], limits: Limits) -> None:
        replicas, now = self._relist(), self._monotonic()
        self._suspects = suspects(self._suspects, replicas, now, self._engine.own_actions.now().at_work)
        self._drained.forget(self._suspects)
        for replica in left_over(self._suspects, replicas, now, limits):
            self._leads = partial(leads, replica.ref)
            if self._leads():
                with suppress(EngineError, MalformedAnswer):  # for one replica: it must not stop the others
                    self._recover(replica, self._suspects[replica.id].kind)

    def _still_leads(self) -> bool:
        return self._leads()

    def _recover(self, replica: Replica, kind: LeftoverKind) -> None:
        """Clean up the replica while no operation of the service can begin, nor choose it."""
        with self._service_locks.between(replica.ref) as lock:
            if lock is None or replica.id in self._engine.own_actions.now().at_work:
                return
            if self._is_held(replica, kind) or (lock.removes and replica.alive):
                return  # an operation that removes begins with those that are not ready
            try:
                done = self._clean_up(replica, kind)
            finally:
                self._engine.own_actions.done(replica.id)
        if done is not None:
            self._emit(Recovered(replica.ref.name, replica.name, f"{done}: {kind}"))

    def _is_held(self, replica: Replica, kind: LeftoverKind) -> bool:
        """Return whether a foreign change holds it: one that drains may serve again meanwhile, unless it is to end."""
        if kind is LeftoverKind.DRAINED:
            return self._being_stopped(replica.ref, replica.id)
        return self._being_changed(replica.ref)

    def _clean_up(self, replica: Replica, kind: LeftoverKind) -> str | None:
        match kind:
            case LeftoverKind.DRAINED:
                return "taken back" if self._drained.take_back(replica) else None
            case LeftoverKind.LEAVING:
                self._engine.rename(replica.id, replica.name.removesuffix(LEAVING))
                return "renamed"
            case LeftoverKind.NEVER_STARTED | LeftoverKind.EXITED | LeftoverKind.NEVER_READY:
                return "removed" if self._remove(replica) else None
            case _:
                assert_never(kind)

    def _remove(self, replica: Replica) -> bool:
        """Remove it; the engine refuses one that had exited and runs again, and it stays."""
        try:
            self._engine.remove(replica.id, force=replica.alive or replica.state == "dead")
        except Conflict:
            return False
        return True


class DrainRecovery:
    """Takes back replicas whose drain was interrupted: of the unhealthy ones, those with the marker."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._asked: set[str] = set()  # replicas without a marker, as long as they are unhealthy

    def forget(self, unhealthy: Container[str]) -> None:
        self._asked = {container for container in self._asked if container in unhealthy}

    def take_back(self, replica: Replica) -> bool:
        """Remove the marker, if there is one; return whether there was.

        The health log of a clone's own probe shows it. A replica with another healthcheck is asked, once.

        Raises:
            EngineError, TargetUnavailable: the engine refuses, or does not answer.
        """
        container = inspected(self._engine, replica.id)
        if label.HEALTHCHECK in replica.labels and not being_drained(container):
            return False
        if not looks_for_marker(container["Config"].get("Healthcheck")) or replica.id in self._asked:
            return False
        code = remove_marker(self._engine, replica)
        if code is not None:
            self._asked.add(replica.id)
        return code == 0
