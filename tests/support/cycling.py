"""The daemon's own parts in this process, on the real engine: it cycles while Compose does what a test says."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from autoscaler.adapters.compose.target import ComposeTarget
from autoscaler.config.model import ServiceConfig
from autoscaler.config.services import fixed
from autoscaler.control.cycle import Cycle
from autoscaler.control.foreign_report import ForeignReport
from autoscaler.control.gate import Gate, backing_off, settling
from autoscaler.control.operations import Operations
from autoscaler.core.model import Reading
from autoscaler.core.policy import Policy, SelectPolicy
from autoscaler.events import Action, CycleFinished, Event, ForeignChange, OperationFinished
from autoscaler.ports.fleet import ServiceRef
from tests.support.builders import FREE, THROUGHPUT, behavior, policy
from tests.support.compose_project import Project
from tests.support.fakes import FakeSource, Recorder
from tests.support.quick import BESIDE_COMPOSE

SETTLE_SECONDS = 3.0  # longer than Compose takes from one step to the next, also on a machine that is busy
INTERVAL_SECONDS = 0.2
LONG_SECONDS = 150.0
RAISING = replace(
    policy(THROUGHPUT, low=1, high=10, up=FREE, down=behavior(select=SelectPolicy.DISABLED)), service="web"
)


@dataclass
class Living:
    """A daemon for one service, `web`; 50 requests per second are one replica's."""

    project: Project
    engine_url: str
    policy: Policy = RAISING
    events: bool = True  # whether it may follow the engine's
    settle_seconds: float = SETTLE_SECONDS
    recorder: Recorder = field(default_factory=Recorder)
    source: FakeSource = field(default_factory=FakeSource)

    def __post_init__(self) -> None:
        emit = self.recorder.notify
        timing = replace(BESIDE_COMPOSE, settle_seconds=self.settle_seconds)
        self._target = target = ComposeTarget(self.engine_url, timeout_seconds=20.0, emit=emit, timing=timing)
        foreign, report = target.foreign, ForeignReport(target.foreign, emit)
        self._operations = Operations(target, emit, at_once=2)
        holds = [settling(foreign.hold_reason), backing_off(foreign.crash_backoff)]
        gate = Gate(self._operations, holds, witness=report.witness, count_before_crash=report.count_before_crash)

        def told(event: Event) -> None:
            emit(event)
            report.notify(event)

        services = {"web": ServiceConfig(self.policy, ServiceRef("web", self.project.name), None)}
        self._cycle = Cycle(fixed(services), self.source, target, gate, told)
        self._end = threading.Event()

    def load(self, replicas: int) -> None:
        """Let there be the load of so many replicas."""
        self.source.readings[THROUGHPUT.source] = Reading.of(50.0 * replicas)

    @contextmanager
    def living(self, *, load: int) -> Iterator["Living"]:
        """Cycle until the end of the block, beginning with a service that has what the load needs."""
        self.load(load)
        thread = threading.Thread(target=self._live)
        if self.events:
            self._target.watch()
        thread.start()
        try:
            self.until(f"{load} replicas are ready", lambda: self.ready == load and self.quiet)
            yield self
        finally:
            self._end.set()
            thread.join()
            if self.events:
                self._target.close()
            self._operations.stop(30.0)

    def _live(self) -> None:
        while not self._end.wait(INTERVAL_SECONDS):
            self._cycle.run(time.time())

    @property
    def last(self) -> CycleFinished:
        return self.recorder.of(CycleFinished)[-1]

    @property
    def ready(self) -> int | None:
        decision = self.last.services["web"].decision
        return None if decision is None else decision.replicas.ready

    @property
    def wants(self) -> int | None:
        decision = self.last.services["web"].decision
        return None if decision is None else decision.desired

    @property
    def quiet(self) -> bool:
        """Whether nothing is under way and nothing wanted."""
        outcome = self.last.services["web"]
        decision = outcome.decision
        return decision is not None and decision.replicas.requested is None and outcome.action is Action.UNCHANGED

    @property
    def told(self) -> list[ForeignChange]:
        return self.recorder.of(ForeignChange)

    @property
    def failures(self) -> list[str]:
        return [each.error for each in self.recorder.of(OperationFinished) if each.error is not None]

    @property
    def held(self) -> list[str]:
        """The reasons for which it waited, each once."""
        outcomes = [each.services["web"] for each in self.recorder.of(CycleFinished)]
        return list(dict.fromkeys(each.held or "" for each in outcomes if each.action is Action.SETTLING))

    def until(self, what: str, true: Callable[[], bool]) -> None:
        """Wait for what must happen."""
        deadline = time.monotonic() + LONG_SECONDS
        while not (self.recorder.of(CycleFinished) and true()):
            assert time.monotonic() < deadline, f"not within {LONG_SECONDS:g} s: {what}; last: {self._last_output()}"
            time.sleep(0.05)

    def until_told(self, count: int) -> None:
        """Wait until so many changes by somebody else have been told."""
        self.until(f"{count} are told", lambda: len(self.told) >= count)

    def one_event(self) -> ForeignChange:
        """Wait for an event about somebody else; there must be no more than this one."""
        self.until_told(1)
        (event,) = self.told
        return event

    def _last_output(self) -> str:
        return f"{self.last.services if self.recorder.of(CycleFinished) else 'no cycle'}; told: {self.told}"
