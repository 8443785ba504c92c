"""Peace with whoever else changes services: knows for each whether somebody is at work on it, and what has settled."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from operator import attrgetter

from autoscaler.adapters.compose.clone.obstacles import kinds_differ
from autoscaler.adapters.compose.ours import Ours
from autoscaler.adapters.compose.peace.contest import MOST_REPAIRS, PERIOD_SECONDS
from autoscaler.adapters.compose.peace.heard import Heard
from autoscaler.adapters.compose.peace.known import Known
from autoscaler.adapters.compose.peace.sight import differences, in_words
from autoscaler.adapters.compose.peace.unrest import Watched, hear, quiet_at, see
from autoscaler.adapters.compose.peace.verdict import Verdict, verdict
from autoscaler.adapters.compose.replicas import Replica
from autoscaler.fleet import ServiceRef

SETTLE_SECONDS = 10.0


class Peace:
    """Keeps each service's state; thread-safe. `monotonic` in seconds."""

    def __init__(
        self, *, settle_seconds: float = SETTLE_SECONDS, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.ours = Ours(monotonic)
        self._settle_seconds = settle_seconds
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._known: dict[ServiceRef, Known] = {}
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
        self.ours.forget({replica.id for members in services.values() for replica in members})

    def hear(self, heard: Heard) -> None:
        """Take in an event of the engine."""
        with self._lock:
            known = self._known.get(heard.ref)
            if known is not None:
                known.watched = hear(known.watched, heard, self.ours.now(), self._monotonic())

    def trouble(self, ref: ServiceRef) -> str | None:
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

    def relapse(self, ref: ServiceRef, replicas: int) -> str | None:
        """Say why no replica is made at this moment to have so many: those before it died again and again; or None."""
        with self._lock:
            known = self._known.get(ref)
            return None if known is None else known.relapse.pause(replicas, self._monotonic())

    def settled(self, ref: ServiceRef) -> Verdict | None:
        """Return what somebody else has done to the service, once, when it has settled."""
        with self._lock:
            known = self._known.get(ref)
            if known is None:
                return None
            found, known.verdict = known.verdict, None
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
            known.contest = known.contest.repaired(self._monotonic())

    def _see(self, ref: ServiceRef, members: tuple[Replica, ...], now: float) -> None:
        unknown = Watched(() if self._looked else None)
        known = self._known.setdefault(ref, Known(unknown))
        known.watched, settled = see(known.watched, members, self.ours.now(), now, self._settle_seconds)
        known.look(members)
        found = None if settled is None else verdict(settled)
        if found is not None:
            known.take(found, now)

    def _unsettled(self, known: Known, members: Sequence[Replica], now: float) -> str | None:
        unrest, left_seconds = known.watched.unrest, self._settle_seconds
        if unrest is not None:
            sign, left_seconds = unrest.sign, max(0.0, quiet_at(unrest, known.seen, self._settle_seconds) - now)
        elif changes := differences(known.seen, members, self.ours.now()):
            sign = in_words(changes)
        else:
            return None
        return f"somebody else is changing it ({sign}); decided anew when it is quiet, in {left_seconds:.0f} s or later"


def _given_way(known: Known, now: float) -> str | None:
    if not known.contest.gives_way(now):
        return None
    undone = f"somebody else has undone {MOST_REPAIRS} changes within {PERIOD_SECONDS:g} s"
    return f"{undone}; left alone for another {(known.contest.until or now) - now:.0f} s"
