"""The replicas of one service that are being drained side by side, until each may go or is wanted again."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from autoscaler.adapters.compose.drain.drainer import Drainer, Draining
from autoscaler.adapters.compose.drain.method import How
from autoscaler.adapters.compose.replicas import Replica
from autoscaler.adapters.docker.errors import EngineError, NotFound
from autoscaler.errors import ScaleFailed, TargetUnavailable
from autoscaler.events import DrainEnd, DrainEnded, DrainStarted
from autoscaler.ports.order import Order

TAKE_BACK_TRIES = 10


@dataclass(slots=True)
class Drains:
    """Those that are being drained, first who shall go first."""

    drainer: Drainer
    service: str
    order: Order
    retry_seconds: float
    _under_way: list[Draining] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self._under_way)

    def __contains__(self, replica: Replica) -> bool:
        return any(each.replica.id == replica.id for each in self._under_way)

    @property
    def under_way(self) -> list[Draining]:
        return list(self._under_way)

    @property
    def retractable(self) -> list[Draining]:
        """Those that may still be taken back."""
        return [each for each in self._under_way if each.retractable]

    def begin(self, replica: Replica) -> bool:
        """Ask a replica to go, unless the order wants it by now; False: that cannot be asked of it, and it serves on.

        What cannot be taken back is let go with that.
        """
        try:
            draining = self.drainer.about(replica)
        except EngineError as error:
            if not isinstance(error, NotFound):
                raise
            return True  # somebody else has removed it
        if draining.how is How.NOT:
            self._ended(draining, DrainEnd.NONE, "neither its healthcheck nor its policy has a way")
            return False
        if not draining.retractable and not self.order.release():
            return True
        self._under_way.append(draining)  # before it is asked: whatever becomes of that, it can be taken back
        problem = self.drainer.ask(draining)
        if problem is None:
            self.order.emit(DrainStarted(self.service, replica.name, draining.how))
        else:
            self._failed(draining, problem)
        return problem is None or not draining.retractable

    def look(self, listed: Mapping[str, Replica]) -> list[Draining]:
        """Return those whose drain is over; `listed` is how the engine lists the service's containers, by id."""
        for each in self._under_way:
            self.drainer.look(each, listed.get(each.replica.id))
        return [each for each in self._under_way if each.progress.end]

    def release(self, draining: Draining) -> bool:
        """Say whether it may go now; if not, the order wants it by now."""
        if draining.retractable and not self.order.release():
            return False
        self._under_way.remove(draining)
        self._ended(draining, draining.progress.end or DrainEnd.TIMEOUT)
        return True

    def take_back(self, count: int, why: str) -> None:
        """Let Traefik have so many again, first who would have gone last.

        Raises:
            ScaleFailed: the engine does not let us, again and again; all others are taken back.
        """
        wanted = self.retractable[::-1][: max(0, count)]
        for tries in range(TAKE_BACK_TRIES):
            left = [each for each in wanted if each in self._under_way]
            problems = [problem for each in left if (problem := self._taken_back(each, why))]
            if not problems:
                return
            if self.order.pause(self.retry_seconds) and tries:
                break
        raise ScaleFailed("drain", problems[0])

    def _failed(self, draining: Draining, problem: str) -> None:
        if draining.retractable:
            self._under_way.remove(draining)
            self._ended(draining, DrainEnd.NONE, problem)
        else:
            draining.progress = replace(draining.progress, end=DrainEnd.NONE)

    def _taken_back(self, draining: Draining, why: str) -> str | None:
        """Try it once; return what went wrong: the others must not wait for one whose container lets nobody in."""
        try:
            self.drainer.take_back(draining)
        except (EngineError, TargetUnavailable) as error:
            return f"cannot take {draining.replica.name} back: {error}"
        self._under_way.remove(draining)
        self._ended(draining, DrainEnd.TAKEN_BACK, why)
        return None

    def _ended(self, draining: Draining, end: DrainEnd, why: str | None = None) -> None:
        progress = draining.progress
        took_seconds = time.monotonic() - progress.asked_at
        name = draining.replica.name
        self.order.emit(DrainEnded(self.service, name, end, took_seconds, progress.connections, why))
