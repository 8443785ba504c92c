"""Puts right what an interrupted operation has left behind: of a daemon that was killed, or of an engine that hung."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import assert_never

from autoscaler.adapters.compose.recovery.drained import Drained
from autoscaler.adapters.compose.recovery.leftovers import (
    LeftoverKind,
    Limits,
    Suspects,
    left_over,
    suspects,
)
from autoscaler.adapters.compose.replicas import LEAVING, Replica
from autoscaler.adapters.compose.timing import USUAL
from autoscaler.adapters.docker.engine import Engine
from autoscaler.adapters.docker.errors import Conflict, EngineError
from autoscaler.control.service_locks import ServiceLocks
from autoscaler.errors import TargetUnavailable
from autoscaler.events import Recovered
from autoscaler.ports.fleet import ServiceRef
from autoscaler.ports.observers import Emit

# Where the policy has no `start_timeout`; a healthcheck calls a replica unhealthy long before.
LONGEST_START_SECONDS = 600.0


class Recovery:
    """Looks at all services now and then, beside the cycle; one caller at a time.

    `relist` returns all containers of all states, `troubled` says of a service whether somebody else is at work on it.
    """

    def __init__(
        self,
        engine: Engine,
        service_locks: ServiceLocks,
        relist: Callable[[], list[Replica]],
        troubled: Callable[[ServiceRef], bool],
        emit: Emit,
        *,
        settle_seconds: float = USUAL.leftover_seconds,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._service_locks = service_locks
        self._relist = relist
        self._troubled = troubled
        self._emit = emit
        self._settle_seconds = settle_seconds
        self._monotonic = monotonic
        self._suspects: Suspects = {}
        self._drained = Drained(engine)

    def look(
        self, leads: Callable[[ServiceRef], bool], start_seconds: Callable[[ServiceRef], float | None] = lambda _: None
    ) -> None:
        """Look once, and put right what is left over of the services that the daemon leads.

        `start_seconds` is how long a replica may take until it is ready, where the policy says so.
        """
        limits = Limits(self._settle_seconds, lambda ref: start_seconds(ref) or LONGEST_START_SECONDS)
        try:
            self._look(leads, limits)
        except TargetUnavailable:
            return  # the cycle says that the engine does not answer; the next look comes soon

    def _look(self, leads: Callable[[ServiceRef], bool], limits: Limits) -> None:
        replicas, now = self._relist(), self._monotonic()
        self._suspects = suspects(self._suspects, replicas, now, self._busy)
        self._drained.forget(self._suspects)
        for replica in left_over(self._suspects, replicas, now, limits):
            if leads(replica.ref):
                with suppress(EngineError):  # what the engine refuses about one must not keep the others waiting
                    self._put_right(replica, self._suspects[replica.id].matter)

    def _busy(self, ref: ServiceRef) -> bool:
        return self._service_locks.busy(ref) or self._troubled(ref)

    def _put_right(self, replica: Replica, matter: LeftoverKind) -> None:
        """Do it while no operation of the service can begin."""
        with self._service_locks.idle(replica.ref) as idle:
            if not idle or self._troubled(replica.ref):
                return
            became = self._mended(replica, matter)
        if became is not None:
            self._emit(Recovered(replica.ref.name, replica.name, f"{became}: {matter}"))

    def _mended(self, replica: Replica, matter: LeftoverKind) -> str | None:
        """Do what the matter asks for, and return in a word what was done, if anything was."""
        match matter:
            case LeftoverKind.DRAINED:
                return "taken back" if self._drained.take_back(replica) else None
            case LeftoverKind.LEAVING:
                self._engine.rename(replica.id, replica.name.removesuffix(LEAVING))
                self._engine.own_actions.leaves(replica.id)
                return "named as before"
            case LeftoverKind.NEVER_STARTED | LeftoverKind.EXITED | LeftoverKind.NEVER_READY:
                return "removed" if self._remove(replica) else None
            case _:
                assert_never(matter)

    def _remove(self, replica: Replica) -> bool:
        """Remove it; one that was to have ended and runs by now is refused by the engine, and stays."""
        try:
            self._engine.remove(replica.id, force=replica.alive or replica.state == "dead")
        except EngineError as error:
            if not isinstance(error, Conflict):
                raise
            return False
        return True
