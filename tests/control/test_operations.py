"""Operations: a few services at once, raises beside raises, a growing pause after failures, an orderly end."""

import threading
from dataclasses import replace

import pytest

from autoscaler.control.in_flight import ReplicaCounter
from autoscaler.control.operations import Failures, Operations
from autoscaler.core.decide import decide
from autoscaler.core.memory import Memory
from autoscaler.core.model import Decision, Replicas
from autoscaler.errors import AutoscalerError, ScaleFailed, TargetRefused, TargetUnavailable
from autoscaler.events import Action, Event, OperationFinished, ReplicaChanged, ReplicaIncomplete
from autoscaler.ports.fleet import Capabilities
from tests.support.builders import NOW, policy, seen, state
from tests.support.fakes import FakeTarget, Recorder

USERS = state("userservice")


def wish(count: int, load: float) -> Decision:
    return decide(policy(), seen(count, {"throughput": load}), Memory(), NOW)[0]


class Bench:
    """Operations on a fake fleet with a clock that the test moves; `wait` waits for the end of an operation."""

    def __init__(self, *, at_once: int = 2, **counts: int) -> None:
        self.target, self.recorder, self.now = FakeTarget(**counts), Recorder(), 0.0
        self._finished = threading.Semaphore(0)
        self.operations = Operations(self.target, self._emit, at_once=at_once, monotonic=lambda: self.now)

    def _emit(self, event: Event) -> None:
        self.recorder.notify(event)
        if isinstance(event, OperationFinished):
            self._finished.release()

    def begin(self, count: int, load: float) -> Action:
        """Begin what the load asks for, and wait until the target knows of it."""
        action = self.operations.begin(USERS, wish(count, load))
        assert action is not Action.SCALED or self.target.entered.acquire(timeout=10)
        return action

    def hold(self, *counts: int) -> None:
        """Let operations that bring the service to these counts not end yet."""
        self.target.gates = {count: threading.Event() for count in counts}

    def let(self, count: int) -> None:
        """Let that one end."""
        self.target.gates[count].set()

    @staticmethod
    def change(finished: OperationFinished) -> tuple[int, int]:
        return finished.before, finished.after

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
    bench.operations.begin(state("users"), wish(2, 200.0))
    bench.wait()
    assert [event.service for event in bench.recorder.of(ReplicaChanged)] == ["userservice", "userservice"]


def test_while_replicas_start_still_more_are_begun_beside_them() -> None:
    bench = Bench(userservice=1)
    bench.hold(2, 4)
    assert bench.begin(1, 100.0) is Action.SCALED
    assert bench.begin(2, 200.0) is Action.SCALED
    assert bench.operations.requested("userservice") == 4
    bench.let(2)
    assert bench.change(bench.wait()) == (1, 2)
    assert bench.operations.requested("userservice") == 4
    bench.let(4)
    assert bench.change(bench.wait()) == (2, 4)
    assert bench.operations.requested("userservice") is None
    assert bench.target.scaled == [("userservice", 2), ("userservice", 4)]


def test_what_a_faster_operation_has_added_goes_on_being_asked_for() -> None:
    bench = Bench(userservice=1)
    bench.hold(2, 4)
    bench.begin(1, 100.0)
    bench.begin(2, 200.0)
    bench.let(4)
    assert bench.change(bench.wait()) == (2, 4)
    assert bench.operations.requested("userservice") == 4
    bench.let(2)
    bench.wait()
    assert bench.operations.requested("userservice") is None


@pytest.mark.parametrize(
    ("first", "then"),
    [
        pytest.param((2, 200.0), (2, 200.0), id="as many as are starting"),
        pytest.param((2, 200.0), (2, 150.0), id="fewer than are starting"),
        pytest.param((2, 200.0), (4, 50.0), id="a removal while replicas start"),
        pytest.param((4, 100.0), (2, 50.0), id="fewer still while replicas go"),
    ],
)
def test_everything_else_waits_for_the_operation_under_way(first: tuple[int, float], then: tuple[int, float]) -> None:
    bench = Bench(userservice=first[0])
    bench.target.gate.clear()
    assert bench.begin(*first) is Action.SCALED
    assert bench.begin(*then) is Action.BUSY
    bench.target.gate.set()
    bench.wait()
    assert len(bench.target.scaled) == 1


def test_a_decision_for_more_keeps_what_has_not_gone_yet() -> None:
    bench = Bench(userservice=6)
    bench.target.gate.clear()
    assert bench.begin(6, 100.0) is Action.SCALED
    assert bench.operations.requested("userservice") == 2
    assert bench.operations.begin(USERS, wish(6, 200.0)) is Action.SCALED
    assert bench.operations.requested("userservice") == 4
    assert bench.operations.begin(USERS, wish(6, 200.0)) is Action.BUSY
    bench.target.gate.set()
    assert bench.change(bench.wait()) == (6, 4)
    assert bench.target.counts[USERS.ref] == 4


def test_what_has_gone_cannot_be_kept_any_more() -> None:
    bench = Bench(userservice=2)
    bench.target.gate.clear()
    bench.begin(2, 50.0)
    bench.target.going[USERS.ref].release()
    assert bench.operations.begin(USERS, wish(1, 100.0)) is Action.BUSY
    bench.target.gate.set()
    assert bench.change(bench.wait()) == (2, 1)


def test_a_service_that_cannot_start_beside_a_start_waits_for_it() -> None:
    bench = Bench(userservice=1)
    bench.hold(2)
    one_at_a_time = state("userservice", capabilities=Capabilities(take_back=True))
    assert bench.operations.begin(one_at_a_time, wish(1, 100.0)) is Action.SCALED
    assert bench.operations.begin(one_at_a_time, wish(2, 300.0)) is Action.BUSY
    bench.let(2)
    assert bench.change(bench.wait()) == (1, 2)


def test_a_removal_that_cannot_be_taken_back_goes_on() -> None:
    bench = Bench(userservice=6)
    bench.target.gate.clear()
    for_good = state("userservice", capabilities=Capabilities(overlapping_starts=True))
    assert bench.operations.begin(for_good, wish(6, 100.0)) is Action.SCALED
    assert bench.operations.begin(for_good, wish(6, 200.0)) is Action.BUSY
    bench.target.gate.set()
    assert bench.change(bench.wait()) == (6, 2)


def test_an_operation_ends_early_once_the_daemon_may_not_act_any_more() -> None:
    target, recorder, may_act = FakeTarget(userservice=1), Recorder(), threading.Event()
    may_act.set()
    target.gate.clear()
    operations = Operations(target, recorder.notify, at_once=1, may_act=lambda _: may_act.is_set())
    operations.begin(USERS, wish(1, 100.0))
    assert target.entered.acquire(timeout=10)
    may_act.clear()
    assert operations.stop(10.0) == []
    assert target.counts[USERS.ref] == 1


def test_an_operation_knows_whether_it_may_still_finish_what_it_began() -> None:
    target, may_finish = FakeTarget(userservice=4), [True]
    target.gate.clear()
    operations = Operations(
        target, Recorder().notify, at_once=1, may_finish=lambda ref: may_finish[0] and ref == USERS.ref
    )
    operations.begin(USERS, wish(4, 100.0))
    assert target.entered.acquire(timeout=10)
    (order,) = target.going.values()
    assert order.may_finish()
    may_finish[0] = False
    assert not order.may_finish()
    operations.stop(10.0)


def test_a_replica_that_may_lack_something_is_told_under_the_policys_name() -> None:
    recorder = Recorder()
    counter = ReplicaCounter(wish(1, 100.0), recorder.notify)
    counter.emit(ReplicaIncomplete("users", "shop-users-2", "it lacks a file"))
    assert recorder.of(ReplicaIncomplete) == [ReplicaIncomplete("userservice", "shop-users-2", "it lacks a file")]
    assert counter.reached == 1


def test_services_whose_replicas_go_leave_room_for_those_whose_replicas_start() -> None:
    bench = Bench(at_once=1, userservice=4, music=2)
    bench.hold(2)
    assert bench.begin(4, 100.0) is Action.SCALED
    other = decide(policy(), seen(2, {"throughput": 200.0}), Memory(), NOW)[0]
    bench.operations.begin(state("music"), _named(other, "music"))
    assert bench.change(bench.wait()) == (2, 4)
    bench.let(2)
    assert bench.change(bench.wait()) == (4, 2)


def test_a_failure_beside_another_operation_takes_nothing_from_it() -> None:
    bench = Bench(userservice=1)
    bench.hold(2, 4)
    bench.begin(1, 100.0)
    bench.begin(2, 200.0)
    bench.target.failure = ScaleFailed("ready", "no")
    bench.let(2)
    failed = bench.wait()
    assert (bench.change(failed), failed.stage) == ((1, 1), "ready")
    assert bench.operations.requested("userservice") == 4
    assert bench.begin(4, 400.0) is Action.BACKING_OFF
    bench.target.failure = None
    bench.let(4)
    assert bench.change(bench.wait()) == (2, 4)
    assert bench.target.counts[USERS.ref] == 3


def test_a_failure_is_told_with_what_it_made_itself() -> None:
    bench = Bench(userservice=1)
    bench.hold(3, 5)
    bench.begin(1, 150.0)
    bench.begin(3, 250.0)
    bench.let(5)
    bench.wait()
    bench.target.failure, bench.target.ready_before_failing = ScaleFailed("ready", "no"), 1
    bench.let(3)
    assert bench.change(bench.wait()) == (1, 2)


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
    bench.target.failure, bench.target.ready_before_failing = ScaleFailed("ready", "no"), 1
    bench.operations.begin(USERS, wish(2, 200.0))
    finished = bench.wait()
    assert (finished.before, finished.after, finished.error) == (2, 3, "no")


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


def test_a_thread_that_cannot_start_leaves_the_service_free() -> None:
    bench = Bench(userservice=2)
    before = threading.stack_size(2**56)  # more than can be addressed, so that no thread can start
    try:
        with pytest.raises(RuntimeError, match="can't start new thread"):
            bench.operations.begin(USERS, wish(2, 200.0))
    finally:
        threading.stack_size(before)
    assert bench.operations.requested("userservice") is None
    assert bench.begin(2, 200.0) is Action.SCALED
    assert bench.wait().after == 4


def test_no_more_services_at_once_than_allowed() -> None:
    bench = Bench(at_once=1, userservice=2, music=2)
    bench.target.gate.clear()
    bench.begin(2, 200.0)
    other = decide(policy(), seen(2, {"throughput": 200.0}), Memory(), NOW)[0]
    bench.operations.begin(state("music"), _named(other, "music"))
    assert bench.begin(4, 300.0) is Action.SCALED
    assert bench.target.scaled == [("userservice", 4), ("userservice", 6)]
    bench.target.gate.set()
    for _ in range(3):
        bench.wait()
    assert bench.target.scaled == [("userservice", 4), ("userservice", 6), ("music", 4)]


@pytest.mark.parametrize(
    ("load", "replicas"),
    [
        pytest.param(150.0, 3, id="fewer are started"),
        pytest.param(50.0, 2, id="none are started, and what was there stays"),
    ],
)
def test_what_waits_for_a_place_follows_the_decisions(load: float, replicas: int) -> None:
    bench = Bench(at_once=1, userservice=2, music=2)
    bench.hold(6)
    music = state("music")
    bench.operations.begin(music, _named(wish(2, 300.0), "music"))
    assert bench.target.entered.acquire(timeout=10)
    assert bench.operations.begin(USERS, wish(2, 200.0)) is Action.SCALED
    later = replace(wish(4, load), replicas=Replicas(current=2, ready=2, requested=4))
    assert bench.operations.begin(USERS, later) is Action.SCALED
    assert bench.operations.requested("userservice") == replicas
    assert bench.operations.begin(USERS, later) is Action.BUSY
    bench.let(6)
    for _ in range(2):
        bench.wait()
    assert bench.target.scaled == [("music", 6), ("userservice", replicas)]
    assert bench.target.counts[USERS.ref] == replicas


def test_stop_lets_the_running_step_end_and_begins_nothing_new() -> None:
    bench = Bench(userservice=2)
    bench.target.gate.clear()
    bench.operations.begin(USERS, wish(2, 200.0))
    assert bench.operations.stop(timeout_seconds=10.0) == []
    assert bench.operations.begin(USERS, wish(2, 200.0)) is Action.BUSY
    assert bench.target.counts[USERS.ref] == 2


def test_stop_waits_for_all_operations_of_a_service() -> None:
    bench = Bench(userservice=1)
    bench.hold(2, 4)
    bench.begin(1, 100.0)
    bench.begin(2, 200.0)
    assert bench.operations.stop(timeout_seconds=10.0) == []
    assert sorted(bench.change(each) for each in bench.recorder.of(OperationFinished)) == [(1, 1), (2, 2)]


def _named(decision: Decision, service: str) -> Decision:
    return replace(decision, service=service)
