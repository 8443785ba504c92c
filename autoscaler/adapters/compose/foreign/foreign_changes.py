"""Peace with whoever else changes services: knows for each whether somebody is at work on it, and what has settled."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from operator import attrgetter

from autoscaler.adapters.compose.clone.obstacles import kinds_differ
from autoscaler.adapters.compose.foreign.classify import ClassifiedChange, classify
from autoscaler.adapters.compose.foreign.engine_event import ContainerEvent
from autoscaler.adapters.compose.foreign.service_state import ServiceRecord
from autoscaler.adapters.compose.foreign.settling import WatchedService, hear, quiet_at, see
from autoscaler.adapters.compose.foreign.snapshot_diff import differences, in_words
from autoscaler.adapters.compose.replicas import Replica
from autoscaler.adapters.compose.timing import USUAL
from autoscaler.adapters.docker.own_actions import OwnActions
from autoscaler.control.yielding import MOST_REPAIRS, PERIOD_SECONDS
from autoscaler.ports.fleet import ServiceRef


class ForeignChangeTracker:
    """Keeps each service's state; thread-safe. `monotonic` in seconds."""

    def __init__(
        self, *, settle_seconds: float = USUAL.settle_seconds, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.own_actions = OwnActions(monotonic)
        self._settle_seconds = settle_seconds
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._known: dict[ServiceRef, ServiceRecord] = {}
        self._looked = False

    def now(self) -> float:
        return self._monotonic()

    def look(self, replicas: Iterable[Replica], began: float) -> None:
        """Take in a snapshot of all services, for which the engine was asked at `began`; they come in that order.

        What was heard since is newer than the snapshot, so that nothing has settled with it.
        """
        services = {ref: tuple(members) for ref, members in groupby(replicas, key=attrgetter("ref"))}
        with self._lock:
            for ref in self._known.keys() | services.keys():
                self._see(ref, services.get(ref, ()), began)
            self._known = {ref: known for ref, known in self._known.items() if not known.gone}
            self._looked = True
        self.own_actions.forget({replica.id for members in services.values() for replica in members})

    def hear(self, container_event: ContainerEvent) -> None:
        """Take in an event of the engine."""
        with self._lock:
            known = self._known.get(container_event.ref)
            if known is not None:
                known.watched = hear(known.watched, container_event, self.own_actions.now(), self._monotonic())

    def hold_reason(self, ref: ServiceRef) -> str | None:
        """Say why nothing is to be decided about the service at this moment, or None."""
        with self._lock:
            known, now = self._known.get(ref), self._monotonic()
            if known is None:
                return None
            return self._unsettled(known, known.seen, now) or _given_way(known, now) or kinds_differ(known.seen)

    def unsettled(self, ref: ServiceRef, members: Sequence[Replica] | None = None) -> str | None:
        """Say what somebody else is doing to the service at this moment, or None.

        `members` is what an operation has just listed: what it shows counts, before the next snapshot does.
        """
        with self._lock:
            known = self._known.get(ref)
            if known is None:
                return None
            return self._unsettled(known, known.seen if members is None else members, self._monotonic())

    def crash_backoff(self, ref: ServiceRef, replicas: int) -> str | None:
        """Say why no replica is made at this moment to have so many: those before it died again and again; or None."""
        with self._lock:
            known = self._known.get(ref)
            return None if known is None else known.crash_backoff.pause(replicas, self._monotonic())

    def settled(self, ref: ServiceRef) -> ClassifiedChange | None:
        """Return what somebody else has done to the service, once, when it has settled."""
        with self._lock:
            known = self._known.get(ref)
            if known is None:
                return None
            found, known.change = known.change, None
            return found

    def owed(self, ref: ServiceRef) -> int | None:
        """Return the count that the service had before some of its replicas died, until it has that again."""
        with self._lock:
            known = self._known.get(ref)
            return None if known is None else known.owed

    def forgive(self, ref: ServiceRef, desired: int) -> None:
        """Note that the rules want so many now, and no more."""
        with self._lock:
            known = self._known.get(ref)
            if known is not None and known.owed is not None and desired < known.owed:
                known.owed = None

    def repaired(self, ref: ServiceRef) -> None:
        """Note that the count which somebody else had set is being changed by us."""
        with self._lock:
            known = self._known[ref]
            known.yielding = known.yielding.repaired(self._monotonic())

    def _see(self, ref: ServiceRef, members: tuple[Replica, ...], now: float) -> None:
        unknown = WatchedService(() if self._looked else None)
        known = self._known.setdefault(ref, ServiceRecord(unknown))
        known.watched, settled = see(known.watched, members, self.own_actions.now(), now, self._settle_seconds)
        known.look(members)
        found = None if settled is None else classify(settled)
        if found is not None:
            known.take(found, now)

    def _unsettled(self, known: ServiceRecord, members: Sequence[Replica], now: float) -> str | None:
        ongoing, left_seconds = known.watched.ongoing, self._settle_seconds
        if ongoing is not None:
            sign, left_seconds = ongoing.sign, max(0.0, quiet_at(ongoing, known.seen, self._settle_seconds) - now)
        elif changes := differences(known.seen, members, self.own_actions.now()):
            sign = in_words(changes)
        else:
            return None
        return f"somebody else is changing it ({sign}); decided anew when it is quiet, in {left_seconds:.0f} s or later"


def _given_way(known: ServiceRecord, now: float) -> str | None:
    if not known.yielding.gives_way(now):
        return None
    undone = f"somebody else has undone {MOST_REPAIRS} changes within {PERIOD_SECONDS:g} s"
    return f"{undone}; left alone for another {(known.yielding.until or now) - now:.0f} s"
