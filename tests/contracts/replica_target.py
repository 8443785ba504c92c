"""What every target promises, whatever holds its replicas: a test module inherits this and makes a `TargetBench`."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import pytest

from autoscaler.core.model import Direction
from autoscaler.errors import TargetRefused, TargetUnavailable
from autoscaler.events import ReplicaChanged
from autoscaler.ports.fleet import Fleet, ServiceRef, ServiceState
from autoscaler.ports.order import Order
from autoscaler.ports.targets import ReplicaTarget
from tests.support.fakes import Recorder

LONG_SECONDS = 60.0


class TargetBench(Protocol):
    """A target with one service that has one ready replica, and that can be scaled to four."""

    target: ReplicaTarget
    ref: ServiceRef
    recorder: Recorder

    def absent(self) -> ReplicaTarget:
        """Return a target of the same kind whose engine does not answer."""
        ...


class ReplicaTargetContract:
    """The promises, each a test; the subclass has the fixture `bench`."""

    @staticmethod
    def state(bench: TargetBench) -> ServiceState:
        return bench.target.observe().find(bench.ref)

    @staticmethod
    def order(
        bench: TargetBench, replicas: int, *, pause: Callable[[float], bool] | None = None, only_adds: bool = False
    ) -> Order:
        def short(seconds: float) -> bool:
            time.sleep(min(seconds, 0.1))
            return False

        return Order(replicas, emit=bench.recorder.notify, pause=pause or short, only_adds=only_adds)

    def scale(self, bench: TargetBench, replicas: int) -> int:
        return bench.target.scale(bench.ref, self.order(bench, replicas))

    def changes(self, bench: TargetBench) -> list[Direction]:
        return [event.direction for event in bench.recorder.of(ReplicaChanged)]

    def test_it_sees_the_service_under_its_full_reference(self, bench: TargetBench) -> None:
        state = self.state(bench)
        assert (state.current, state.ready, state.ref.name) == (1, 1, bench.ref.name)
        assert state.ref.group is not None
        assert state.ref.kind == bench.ref.kind
        assert bench.target.observe().unavailable == {}

    def test_a_service_can_be_found_without_its_group(self, bench: TargetBench) -> None:
        state = self.state(bench)  # there may be others of its name, in other groups
        assert Fleet({state.ref: state}).find(state.ref.without_group).ref == state.ref

    def test_a_service_at_rest_can_be_scaled_and_nothing_holds_it(self, bench: TargetBench) -> None:
        ref = self.state(bench).ref
        assert bench.target.refusal(ref) is None
        assert bench.target.foreign.hold_reason(ref) is None
        assert bench.target.foreign.crash_backoff(ref, 2) is None
        assert bench.target.foreign.count_before_crash(ref) is None
        assert bench.target.foreign.settled(ref) is None
        assert all(isinstance(warning, str) for warning in bench.target.warnings(ref, 2, None))

    def test_it_adds_replicas_and_removes_them_and_each_is_an_event(self, bench: TargetBench) -> None:
        assert self.scale(bench, 3) == 3
        assert (self.state(bench).current, self.state(bench).ready) == (3, 3)
        assert self.changes(bench) == [Direction.UP] * 2
        assert self.scale(bench, 1) == 1
        assert self.state(bench).current == 1
        assert self.changes(bench) == [Direction.UP] * 2 + [Direction.DOWN] * 2

    def test_the_count_that_is_there_already_changes_nothing(self, bench: TargetBench) -> None:
        assert self.scale(bench, 1) == 1
        assert self.changes(bench) == []

    def test_what_it_did_itself_is_no_foreign_change(self, bench: TargetBench) -> None:
        self.state(bench)
        self.scale(bench, 2)
        ref = self.state(bench).ref
        assert bench.target.foreign.hold_reason(ref) is None
        assert bench.target.foreign.settled(ref) is None

    def test_an_order_that_only_adds_removes_nothing(self, bench: TargetBench) -> None:
        self.scale(bench, 2)
        assert bench.target.scale(bench.ref, self.order(bench, 1, only_adds=True)) == 2
        assert self.state(bench).current == 2

    def test_an_operation_that_is_to_end_leaves_nothing_half_made(self, bench: TargetBench) -> None:
        bench.target.scale(bench.ref, self.order(bench, 3, pause=lambda _: True))
        deadline = time.monotonic() + LONG_SECONDS
        while (state := self.state(bench)).current != state.ready:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert state.current >= 1

    def test_calls_that_add_may_overlap_where_the_service_allows_it(self, bench: TargetBench) -> None:
        if not self.state(bench).capabilities.overlapping_starts:
            pytest.skip("its replicas start one operation at a time")
        with ThreadPoolExecutor(2) as pool:
            done = list(pool.map(lambda count: self.scale(bench, count), [2, 4]))
        assert self.state(bench).current == 4
        assert max(done) <= 4

    def test_a_removal_can_be_taken_back_where_the_service_allows_it(self, bench: TargetBench) -> None:
        if not self.state(bench).capabilities.take_back:
            pytest.skip("a removal cannot be taken back")
        self.scale(bench, 3)
        asked = threading.Event()

        def raise_it_meanwhile(seconds: float) -> bool:
            if not asked.is_set():
                asked.set()
                order.raise_to(3)
            time.sleep(min(seconds, 0.1))
            return False

        order = self.order(bench, 1, pause=raise_it_meanwhile)
        reached = bench.target.scale(bench.ref, order)
        assert reached == self.state(bench).current == order.replicas

    def test_an_unknown_service_is_refused(self, bench: TargetBench) -> None:
        with pytest.raises(TargetRefused, match="nosuchservice"):
            bench.target.scale(ServiceRef("nosuchservice", bench.ref.group, bench.ref.kind), self.order(bench, 2))

    def test_an_engine_that_does_not_answer_is_named_and_nothing_is_found(self, bench: TargetBench) -> None:
        absent = bench.absent()
        fleet = absent.observe()
        assert set(fleet.unavailable) == {bench.ref.kind}
        assert fleet.services == {}
        with pytest.raises(TargetUnavailable):
            fleet.find(bench.ref)
        with pytest.raises(TargetUnavailable):
            absent.scale(bench.ref, self.order(bench, 2))
        absent.recover(lambda _: True, lambda _: None)

    def test_recovery_of_a_sound_service_changes_nothing(self, bench: TargetBench) -> None:
        self.scale(bench, 2)
        before = self.state(bench)
        for _ in range(2):
            bench.target.recover(lambda ref: ref.group == bench.ref.group, lambda _: None)
        assert self.state(bench) == before

    def test_it_can_be_watched_and_closed_and_closed_again(self, bench: TargetBench) -> None:
        bench.target.watch()
        self.scale(bench, 2)
        bench.target.close()
        bench.target.close()
        assert self.state(bench).current == 2
