"""The replicas of one service that are drained side by side, until each is stopped or taken back."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from autoscaler.adapters.compose.drain.drainer import Drainer, Draining
from autoscaler.adapters.compose.drain.method import DrainMethod
from autoscaler.adapters.compose.replicas import Replica
from autoscaler.adapters.docker.errors import EngineError, NotFound
from autoscaler.errors import ScaleFailed, TargetUnavailable
from autoscaler.events import DrainEnd, DrainEnded, DrainStarted
from autoscaler.ports.order import Order

TAKE_BACK_TRIES = 10


@dataclass(slots=True)
class Drains:
    """The drains under way, in the order of removal."""

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
        """The drains that can still be taken back."""
        return [each for each in self._under_way if each.retractable]

    def begin(self, replica: Replica) -> bool:
        """Begin to drain a replica, unless the order wants it by now; False: it cannot be drained, and still serves.

        A drain that cannot be taken back counts as stopped from here. Only the marker keeps one that is not ready from
        serving again.
        """
        try:
            draining = self.drainer.plan(replica)
        except EngineError as error:
            if not isinstance(error, NotFound):
                raise
            return True  # a foreign change has removed it
        if not replica.ready and (replica.state != "running" or draining.method is not DrainMethod.HEALTHCHECK):
            return False
        if draining.method is DrainMethod.NOT:
            self._ended(draining, DrainEnd.NONE, "neither its healthcheck nor its policy has a drain")
            return False
        if not draining.retractable and not self.order.release():
            return True
        self._under_way.append(draining)  # before it begins, so that it can be taken back after an error
        problem = self.drainer.begin(draining)
        if problem is None:
            self.order.emit(DrainStarted(self.service, replica.name, draining.method))
        else:
            self._failed(draining, problem)
        return problem is None or not draining.retractable

    def look(self, listed: Mapping[str, Replica]) -> list[Draining]:
        """Return the drains that are over; `listed` has the service's containers, by id."""
        for each in self.under_way:
            self.drainer.look(each, listed.get(each.replica.id))
            if each.progress.end is DrainEnd.TAKEN_BACK:
                self._taken_back(each, each.problem or "it is still routed")
        return [each for each in self._under_way if each.progress.end]

    def release(self, draining: Draining) -> bool:
        """Return whether it may be stopped now; if not, the order wants it by now."""
        if draining.retractable and not self.order.release():
            return False
        self._under_way.remove(draining)
        self._ended(draining, draining.progress.end or DrainEnd.TIMEOUT)
        return True

    def take_back(self, count: int, why: str) -> None:
        """Take back `count` replicas, the last to be removed first.

        Raises:
            ScaleFailed: the engine refuses one again and again; all others are taken back.
        """
        wanted = self.retractable[::-1][: max(0, count)]
        for tries in range(TAKE_BACK_TRIES):
            left = [each for each in wanted if each in self._under_way]
            problems = [problem for each in left if (problem := self._taken_back(each, why))]
            if not problems:
                return
            if self.order.pause(self.retry_seconds) and tries:
                break
        for each in left:
            self.drainer.give_up(each)
        raise ScaleFailed("drain", problems[0])

    def _failed(self, draining: Draining, problem: str) -> None:
        if draining.retractable:
            self._under_way.remove(draining)
            self.drainer.give_up(draining)
            self._ended(draining, DrainEnd.NONE, problem)
        else:
            draining.progress = replace(draining.progress, end=DrainEnd.NONE)

    def _taken_back(self, draining: Draining, why: str) -> str | None:
        """Try to take it back once; return the problem, if there is one."""
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
