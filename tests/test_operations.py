"""Operations: one per service at a time, a few at once, a growing pause after failures, an orderly end."""

import threading
from dataclasses import replace

import pytest

from autoscaler.core.decide import decide
from autoscaler.core.memory import Memory
from autoscaler.core.model import Decision
from autoscaler.errors import AutoscalerError, ScaleFailed, TargetRefused, TargetUnavailable
from autoscaler.events import Action, Event, OperationFinished, ReplicaChanged
from autoscaler.fleet import ServiceRef
from autoscaler.operations import Failures, Operations
from tests.builders import NOW, policy, seen
from tests.fakes import FakeTarget, Recorder

USERS = ServiceRef("userservice", "shop")


def wish(count: int, load: float) -> Decision:
    return decide(policy(), seen(count, {"throughput": load}), Memory(), NOW)[0]


class Bench:
    """Operations on a fake fleet with a clock that the test moves; `wait` waits for the end of an operation."""

    def __init__(self, *, at_once: int = 2, **counts: int) -> None:
        self.target, self.recorder, self.now = FakeTarget(**counts), Recorder(), 0.0
        self._finished = threading.Semaphore(0)
        self.operations = Operations(self.target, self._tell, at_once=at_once, monotonic=lambda: self.now)

    def _tell(self, event: Event) -> None:
        self.recorder.notify(event)
        if isinstance(event, OperationFinished):
            self._finished.release()

    def wait(self) -> OperationFinished:
        assert self._finished.acquire(timeout=10)
        return self.recorder.of(OperationFinished)[-1]


def test_a_decision_is_carried_out_and_told() -> None:
    bench = Bench(userservice=2)
    assert bench.operations.begin(USERS, wish(2, 200.0)) is Action.SCALED
    finished = bench.wait()
    assert (finished.before, finished.after, finished.reason, finished.error) == (2, 4, "above_target", None)
    assert bench.operations.requested("userservice") is None


def test_replicas_are_told_under_the_policys_name() -> None:
    bench = Bench(users=2)
    bench.operations.begin(ServiceRef("users", "shop"), wish(2, 200.0))
    bench.wait()
    assert [event.service for event in bench.recorder.of(ReplicaChanged)] == ["userservice"]


def test_a_service_with_an_operation_under_way_is_not_acted_on_twice() -> None:
    bench = Bench(userservice=2)
    bench.target.gate.clear()
    bench.operations.begin(USERS, wish(2, 200.0))
    assert bench.operations.begin(USERS, wish(2, 500.0)) is Action.BUSY
    assert bench.operations.requested("userservice") == 4
    bench.target.gate.set()
    bench.wait()
    assert bench.target.scaled == [("userservice", 4)]


@pytest.mark.parametrize(
    ("failure", "stage"),
    [
        pytest.param(ScaleFailed("start", "no"), "start", id="a step failed"),
        pytest.param(TargetRefused("no"), "refused", id="it cannot be scaled"),
        pytest.param(TargetUnavailable("no"), "unavailable", id="the engine is away"),
        pytest.param(AutoscalerError("no"), "unexpected", id="another of our errors"),
        pytest.param(ZeroDivisionError("no"), "unexpected", id="a bug"),
    ],
)
def test_a_failure_is_told_with_its_stage_and_ends_the_operation(failure: Exception, stage: str) -> None:
    bench = Bench(userservice=2)
    bench.target.failure = failure
    bench.operations.begin(USERS, wish(2, 200.0))
    finished = bench.wait()
    assert (finished.before, finished.after, finished.stage) == (2, 2, stage)
    assert "no" in (finished.error or "")
    assert bench.operations.requested("userservice") is None


def test_what_was_reached_before_a_failure_is_told() -> None:
    bench = Bench(userservice=2)
    bench.target.failure, bench.target.reached_before_failing = ScaleFailed("ready", "no"), 3
    bench.operations.begin(USERS, wish(2, 200.0))
    finished = bench.wait()
    assert (finished.before, finished.after, finished.error) == (2, 3, "no")


def test_a_failure_without_an_engine_leaves_the_count_unknown_and_so_as_it_was() -> None:
    bench = Bench(userservice=2)
    bench.target.failure = bench.target.unavailable = TargetUnavailable("away")
    bench.operations.begin(USERS, wish(2, 200.0))
    assert bench.wait().after == 2


def test_after_a_failure_the_next_try_waits() -> None:
    bench = Bench(userservice=2)
    bench.target.failure = ScaleFailed("create", "no")
    bench.operations.begin(USERS, wish(2, 200.0))
    bench.wait()
    bench.now = 4.9
    assert bench.operations.begin(USERS, wish(2, 200.0)) is Action.BACKING_OFF
    bench.now = 5.1
    assert bench.operations.begin(USERS, wish(2, 200.0)) is Action.SCALED
    bench.wait()


def test_a_success_forgets_the_failures() -> None:
    bench = Bench(userservice=2)
    bench.target.failure = ScaleFailed("create", "no")
    bench.operations.begin(USERS, wish(2, 200.0))
    bench.wait()
    bench.now, bench.target.failure = 6.0, None
    bench.operations.begin(USERS, wish(2, 200.0))
    bench.wait()
    assert bench.operations.begin(USERS, wish(4, 400.0)) is Action.SCALED
    bench.wait()


def test_the_pause_grows_to_five_minutes() -> None:
    failures, pauses = Failures(), []
    for _ in range(8):
        failures = failures.another(0.0)
        pauses.append(failures.retry_at)
    assert pauses == [5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0]


def test_no_more_operations_at_once_than_allowed() -> None:
    bench = Bench(at_once=1, userservice=2, music=2)
    bench.target.gate.clear()
    bench.operations.begin(USERS, wish(2, 200.0))
    assert bench.target.entered.wait(10)
    other = decide(policy(), seen(2, {"throughput": 200.0}), Memory(), NOW)[0]
    bench.operations.begin(ServiceRef("music", "shop"), _named(other, "music"))
    assert bench.target.scaled == [("userservice", 4)]
    bench.target.gate.set()
    bench.wait()
    bench.wait()
    assert bench.target.scaled == [("userservice", 4), ("music", 4)]


def test_stop_lets_the_running_step_end_and_begins_nothing_new() -> None:
    bench = Bench(userservice=2)
    bench.target.gate.clear()
    bench.operations.begin(USERS, wish(2, 200.0))
    assert bench.operations.stop(timeout_seconds=10.0) == []
    assert bench.operations.begin(USERS, wish(2, 200.0)) is Action.BUSY
    assert bench.target.counts[USERS] == 2


def _named(decision: Decision, service: str) -> Decision:
    return replace(decision, service=service)
