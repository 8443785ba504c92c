"""Foreign changes of all services: those under way, and those that have settled."""

import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import groupby
from operator import attrgetter

from autoscaler.adapters.compose.clone.obstacles import kinds_differ
from autoscaler.adapters.compose.foreign.classify import ClassifiedChange, classify
from autoscaler.adapters.compose.foreign.engine_event import ContainerEvent
from autoscaler.adapters.compose.foreign.service_state import ServiceRecord
from autoscaler.adapters.compose.foreign.settling import WatchedService, quiet_at, take_event, take_snapshot
from autoscaler.adapters.compose.foreign.snapshot_diff import differences, in_words
from autoscaler.adapters.compose.replicas import Replica
from autoscaler.adapters.compose.timing import USUAL
from autoscaler.adapters.docker.own_actions import OwnActions
from autoscaler.control.yielding import MOST_CORRECTIONS, PERIOD_SECONDS
from autoscaler.ports.fleet import ServiceRef


class ForeignChangeTracker:
    """Implements ports.targets.ForeignChanges; thread-safe. `monotonic` in seconds."""

    def __init__(
        self, *, settle_seconds: float = USUAL.settle_seconds, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.own_actions = OwnActions(monotonic)
        self._settle_seconds = settle_seconds
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._known: dict[ServiceRef, ServiceRecord] = {}
        self._has_snapshot = False

    def now(self) -> float:
        return self._monotonic()

    def take_snapshot(
        self, replicas: Iterable[Replica], began: float, unknown: Collection[ServiceRef] = frozenset()
    ) -> None:
        """Take in a snapshot of all services but `unknown` ones, in order; the engine was asked for it at `began`.

        Events since then are newer than the snapshot: a change with such events has not settled. Unknown services stay
        as they were.
        """
        services = {ref: tuple(members) for ref, members in groupby(replicas, key=attrgetter("ref"))}
        with self._lock:
            for ref in (self._known.keys() | services.keys()) - set(unknown):
                self._take_members(ref, services.get(ref, ()), began)
            self._known = {ref: known for ref, known in self._known.items() if not known.gone}
            self._has_snapshot = True
        if not unknown:  # their containers may be there
            self.own_actions.forget({replica.id for members in services.values() for replica in members})

    def take_event(self, event: ContainerEvent) -> None:
        with self._lock:
            known = self._known.get(event.ref)
            if known is not None:
                known.watched = take_event(known.watched, event, self.own_actions.now(), self._monotonic())

    def hold_reason(self, ref: ServiceRef) -> str | None:
        with self._lock:
            known, now = self._known.get(ref), self._monotonic()
            if known is None:
                return None
            return self._unsettled(known, known.seen, now) or _yield_reason(known, now) or kinds_differ(known.seen)

    def unsettled(self, ref: ServiceRef, members: Sequence[Replica] | None = None) -> str | None:
        """Return the foreign change of the service that is under way, or None.

        `members` is the list of an operation, which is newer than the snapshot.
        """
        with self._lock:
            known = self._known.get(ref)
            if known is None:
                return None
            return self._unsettled(known, known.seen if members is None else members, self._monotonic())

    def being_stopped(self, ref: ServiceRef, container: str) -> bool:
        """Return whether another program has sent the container a signal to end, and it has not ended."""
        with self._lock:
            known = self._known.get(ref)
            ongoing = None if known is None else known.watched.ongoing
            return ongoing is not None and container in ongoing.stopping

    def crash_backoff(self, ref: ServiceRef, replicas: int) -> str | None:
        with self._lock:
            known = self._known.get(ref)
            return None if known is None else known.crash_backoff.hold_reason(replicas, self._monotonic())

    def settled(self, ref: ServiceRef) -> ClassifiedChange | None:
        with self._lock:
            known = self._known.get(ref)
            if known is None:
                return None
            found, known.change = known.change, None
            return found

    def count_before_crash(self, ref: ServiceRef) -> int | None:
        with self._lock:
            known = self._known.get(ref)
            return None if known is None else known.count_before_crash

    def drop_count_above(self, ref: ServiceRef, desired: int) -> None:
        with self._lock:
            known = self._known.get(ref)
            if known is not None and known.count_before_crash is not None and desired < known.count_before_crash:
                known.count_before_crash = None

    def corrected(self, ref: ServiceRef) -> None:
        with self._lock:
            known = self._known[ref]
            known.yielding = known.yielding.corrected(self._monotonic())

    def _take_members(self, ref: ServiceRef, members: tuple[Replica, ...], now: float) -> None:
        unknown = WatchedService(() if self._has_snapshot else None)
        known = self._known.setdefault(ref, ServiceRecord(unknown))
        own = self.own_actions.now()
        known.watched, settled = take_snapshot(known.watched, members, own, now, self._settle_seconds)
        known.take_count(members)
        found = None if settled is None else classify(settled)
        if found is not None:
            known.take_change(found, now)

    def _unsettled(self, known: ServiceRecord, members: Sequence[Replica], now: float) -> str | None:
        ongoing, left_seconds = known.watched.ongoing, self._settle_seconds
        if ongoing is not None:
            sign, left_seconds = ongoing.sign, max(0.0, quiet_at(ongoing, known.seen, self._settle_seconds) - now)
        elif changes := differences(known.seen, members, self.own_actions.now()):
            sign = in_words(changes)
        else:
            return None
        return f"a foreign change is under way ({sign}); it settles in {left_seconds:.0f} s or later"


def _yield_reason(known: ServiceRecord, now: float) -> str | None:
    if not known.yielding.yields(now):
        return None
    undone = f"foreign changes have undone {MOST_CORRECTIONS} of the autoscaler's within {PERIOD_SECONDS:g} s"
    return f"{undone}; left alone for another {(known.yielding.until or now) - now:.0f} s"
