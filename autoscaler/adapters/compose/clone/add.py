"""Adds replicas: starts clones, a few at once; then waits until each is ready. A clone that fails is removed."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from autoscaler.adapters.compose.clone.create import Creating, Numbers
from autoscaler.adapters.compose.clone.failures import CloneFailed, Failure, has_vanished, summed_up
from autoscaler.adapters.compose.clone.injected_files import InjectedFiles
from autoscaler.adapters.compose.clone.obstacles import obstacle, update_under_way
from autoscaler.adapters.compose.clone.ready import Started, Waiting
from autoscaler.adapters.compose.healthcheck import LEAST_START_SECONDS, start_limit_seconds, unwrapped
from autoscaler.adapters.compose.listing import inspected
from autoscaler.adapters.compose.replicas import Replica, choose_template
from autoscaler.adapters.compose.timing import ComposeTiming
from autoscaler.adapters.docker.engine import Engine, Inspect
from autoscaler.adapters.docker.errors import EngineError
from autoscaler.errors import ScaleFailed, TargetRefused
from autoscaler.events import ReplicaIncomplete
from autoscaler.ports.fleet import ServiceRef
from autoscaler.ports.observers import Emit
from autoscaler.ports.order import Pause

T = TypeVar("T")

AT_ONCE = 4  # clones of one service that are created and started side by side


@dataclass(slots=True)
class Adding:
    """One operation that adds: `start`, then `wait`. `relist` returns the service's containers of all states."""

    engine: Engine
    injected_files: InjectedFiles
    ref: ServiceRef
    relist: Callable[[], list[Replica]]
    emit: Emit
    pause: Pause
    timing: ComposeTiming
    start_timeout_seconds: float | None  # None: as the healthcheck says
    port_ranges: threading.Lock  # held while a replica starts whose host port comes out of a range
    being_changed: Callable[[], bool]  # whether a foreign change is under way
    wraps: Callable[[Inspect], bool]  # whether its clones get the probe
    made: set[str] = field(default_factory=set)  # ids of all clones that were started
    _limit_seconds: float = LEAST_START_SECONDS
    _started: dict[str, Started] = field(default_factory=dict)
    _failures: list[Failure] = field(default_factory=list)
    _unavailable: bool = False

    def start(self, replicas: list[Replica], count: int) -> None:
        """Start `count` more replicas; fewer if the operation ends, a foreign change begins, or one fails.

        Raises:
            TargetRefused: the service cannot be cloned.
            ScaleFailed: the engine refuses to inspect the template.
            TargetUnavailable: the engine does not answer; clones that run are left running.
        """
        template, image = self._template(replicas)
        self._limit_seconds = start_limit_seconds(template, self.start_timeout_seconds)
        numbers = Numbers(replica.number for replica in replicas)
        creating = Creating(
            *(self.engine, self.injected_files, template, image, numbers),
            *(self.port_ranges, self.timing, self.wraps(template)),
        )
        with ThreadPoolExecutor(min(count, AT_ONCE), thread_name_prefix=str(self.ref)) as pool:
            calls = [pool.submit(self._start_one, creating) for _ in range(count)]
        for call in calls:
            call.result()

    def wait(self) -> None:
        """Return when all started clones are ready, or the operation ends.

        Raises:
            ScaleFailed: a clone could not be started, or did not become ready; it is removed, the others stay.
        """
        waiting = Waiting(
            *(self.engine, self.ref, self.relist, self.emit, self.pause, self.being_changed),
            *(self._limit_seconds, self.timing, self._started),
        )
        failures = [*self._failures, *waiting.wait()]
        if failures:
            raise summed_up(failures)

    def _template(self, replicas: list[Replica]) -> tuple[Inspect, Inspect | None]:
        chosen = choose_template(replicas)
        if chosen is None:
            raise TargetRefused(f"{self.ref}: no replica is running that could be cloned")
        reason = update_under_way(replicas)
        if reason is None:
            template = unwrapped(self._asked(lambda: inspected(self.engine, chosen.id)))
            reason = obstacle(template)
        if reason is not None:
            raise TargetRefused(f"{self.ref} cannot be scaled: {reason}")
        return template, self._asked(lambda: self.engine.image(template["Config"]["Image"]))

    def _start_one(self, creating: Creating) -> None:
        """Start one clone, unless another one has failed: then no more are tried."""
        if self._failures or self._unavailable or self.pause(0.0) or self.being_changed():
            return
        try:
            container, name, missing = creating.one()
        except CloneFailed as failed:
            if not (has_vanished(failed) or self.being_changed()):  # a foreign change is no failure
                self._failures.append(failed.failure)
        except BaseException:
            self._unavailable = True
            raise
        else:
            self.made.add(container)
            self._started[container] = Started(name)
            if missing is not None:
                self.emit(ReplicaIncomplete(self.ref.name, name, missing))

    def _asked(self, call: Callable[[], T]) -> T:
        try:
            return call()
        except EngineError as error:
            raise ScaleFailed("create", f"{self.ref}: {error}") from error
