"""What is known of one service: what others do to it, and what has come of that."""

from collections.abc import Collection
from dataclasses import dataclass, field

from autoscaler.adapters.compose.peace.contest import Contest
from autoscaler.adapters.compose.peace.relapse import Relapse
from autoscaler.adapters.compose.peace.unrest import Watched
from autoscaler.adapters.compose.peace.verdict import Verdict
from autoscaler.adapters.compose.replicas import Replica
from autoscaler.events import Foreign


@dataclass(slots=True)
class Known:
    """One service. Times in seconds of a monotonic clock."""

    watched: Watched = field(default_factory=Watched)
    contest: Contest = field(default_factory=Contest)
    relapse: Relapse = field(default_factory=Relapse)
    verdict: Verdict | None = None
    owed: int | None = None  # the count before some died, until it is reached again

    @property
    def seen(self) -> tuple[Replica, ...]:
        return self.watched.seen or ()

    @property
    def gone(self) -> bool:
        """Whether there is nothing left to know."""
        return not (self.seen or self.watched.unrest or self.verdict)

    def look(self, replicas: Collection[Replica]) -> None:
        """Owe nothing any more once the count is reached again."""
        if self.owed is not None and sum(replica.alive for replica in replicas) >= self.owed:
            self.owed = None

    def take(self, found: Verdict, now: float) -> None:
        """Take in what somebody else has done, once it has settled."""
        self.verdict = found
        self.owed = found.before if found.sudden else None
        if found.kind is Foreign.SCALED:
            self.contest = self.contest.changed(now)
        if found.kind is Foreign.DIED:
            left = frozenset(replica.id for replica in self.seen if replica.alive)
            self.relapse = self.relapse.died(found.dead, left, found.before, now)
