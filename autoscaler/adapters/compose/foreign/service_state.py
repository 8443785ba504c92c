"""What is known of one service: what others do to it, and what has come of that."""

from collections.abc import Collection
from dataclasses import dataclass, field

from autoscaler.adapters.compose.foreign.classify import ClassifiedChange
from autoscaler.adapters.compose.foreign.settling import WatchedService
from autoscaler.adapters.compose.replicas import Replica
from autoscaler.control.crash_backoff import CrashBackoff
from autoscaler.control.yielding import Yielding
from autoscaler.events import Foreign


@dataclass(slots=True)
class ServiceRecord:
    """One service. Times in seconds of a monotonic clock."""

    watched: WatchedService = field(default_factory=WatchedService)
    yielding: Yielding = field(default_factory=Yielding)
    crash_backoff: CrashBackoff = field(default_factory=CrashBackoff)
    change: ClassifiedChange | None = None
    owed: int | None = None  # the count before some died, until it is reached again

    @property
    def seen(self) -> tuple[Replica, ...]:
        return self.watched.seen or ()

    @property
    def gone(self) -> bool:
        """Whether there is nothing left to know."""
        return not (self.seen or self.watched.ongoing or self.change)

    def look(self, replicas: Collection[Replica]) -> None:
        """Owe nothing any more once the count is reached again."""
        if self.owed is not None and sum(replica.alive for replica in replicas) >= self.owed:
            self.owed = None

    def take(self, found: ClassifiedChange, now: float) -> None:
        """Take in what somebody else has done, once it has settled."""
        self.change = found
        self.owed = found.before if found.sudden else None
        if found.kind is Foreign.SCALED:
            self.yielding = self.yielding.changed(now)
        if found.kind is Foreign.DIED:
            left = frozenset(replica.id for replica in self.seen if replica.alive)
            self.crash_backoff = self.crash_backoff.died(found.dead, left, found.before, now)
