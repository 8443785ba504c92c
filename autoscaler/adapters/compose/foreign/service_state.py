"""The state of one service: its foreign changes, and what follows from them."""

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
    """One service. Times in monotonic seconds."""

    watched: WatchedService = field(default_factory=WatchedService)
    yielding: Yielding = field(default_factory=Yielding)
    crash_backoff: CrashBackoff = field(default_factory=CrashBackoff)
    change: ClassifiedChange | None = None
    count_before_crash: int | None = None  # until it is reached again

    @property
    def seen(self) -> tuple[Replica, ...]:
        return self.watched.seen or ()

    @property
    def gone(self) -> bool:
        return not (self.seen or self.watched.ongoing or self.change)

    def take_count(self, replicas: Collection[Replica]) -> None:
        """Forget the count before the crash once it is reached again."""
        alive, before = sum(replica.alive for replica in replicas), self.count_before_crash
        if before is not None and alive >= before:
            self.count_before_crash = None

    def take_change(self, found: ClassifiedChange, now: float) -> None:
        self.change = found
        self.count_before_crash = found.before if found.sudden else None
        if found.kind is Foreign.SCALED:
            self.yielding = self.yielding.changed(now)
        if found.kind is Foreign.DIED:
            left = frozenset(replica.id for replica in self.seen if replica.alive)
            self.crash_backoff = self.crash_backoff.died(found.dead, left, found.before, now)
