"""The list of targets: each service goes to the adapter of its kind, and one that fails does not fail the others."""

from collections.abc import Callable

import pytest

from autoscaler.adapters.targets import Targets
from autoscaler.config.model import ServiceConfig
from autoscaler.config.services import fixed
from autoscaler.control.cycle import Cycle
from autoscaler.control.gate import Gate
from autoscaler.control.operations import Operations
from autoscaler.core.model import Reading
from autoscaler.errors import TargetRefused
from autoscaler.events import Action
from autoscaler.ports.fleet import Fleet, ServiceRef
from autoscaler.ports.order import Order
from tests.contracts.test_in_memory import MemoryTarget
from tests.support.builders import NOW, THROUGHPUT, policy
from tests.support.fakes import FakeSource, FakeTarget, Recorder

WEB, MAIL = ServiceRef("web", "shop"), ServiceRef("mail", "shop", "memory")


class BrokenTarget(FakeTarget):
    """One whose code is wrong."""

    def observe(self) -> Fleet:
        raise KeyError("Names")

    def recover(self, leads: Callable[[ServiceRef], bool], options: Callable[[ServiceRef], object]) -> None:
        raise KeyError("Names")


def order(replicas: int) -> Order:
    return Order(replicas, emit=Recorder().notify, pause=lambda _: False)


def test_each_service_is_scaled_by_the_target_of_its_kind() -> None:
    compose, memory = FakeTarget(web=1), MemoryTarget(mail=1)
    targets = Targets({"compose": compose, "memory": memory})
    assert set(targets.observe().services) == {WEB, MAIL}
    targets.scale(MAIL, order(3))
    assert (compose.scaled, memory.scaled) == ([], [("mail", 3)])


def test_a_kind_without_a_target_is_refused_with_those_there_are() -> None:
    targets = Targets({"compose": FakeTarget(web=1)})
    with pytest.raises(TargetRefused, match=r"mail: there is no target of the kind memory; known: compose"):
        targets.scale(MAIL, order(2))


@pytest.mark.parametrize("broken", [BrokenTarget(web=1), None])
def test_an_engine_that_does_not_answer_holds_its_services_and_no_others(broken: FakeTarget | None) -> None:
    away = FakeTarget(web=2)
    away.unavailable = "the engine is away"
    memory, recorder = MemoryTarget(mail=1), Recorder()
    targets = Targets({"compose": broken or away, "memory": memory})
    services = {name: ServiceConfig(policy(THROUGHPUT), ref) for name, ref in (("web", WEB), ("mail", MAIL))}
    source = FakeSource({THROUGHPUT.source: Reading.of(100.0)})
    operations = Operations(targets, recorder.notify, at_once=2)
    outcomes = Cycle(fixed(services), source, targets, Gate(operations), recorder.notify).run(NOW).services
    operations.stop(10.0)
    assert outcomes["mail"].action is Action.SCALED
    why = "unexpected KeyError: 'Names'" if broken else "the engine is away"
    assert (outcomes["web"].action, outcomes["web"].error) == (Action.FAILED, why)


def test_recovery_goes_on_with_the_others_and_the_fault_is_not_swallowed() -> None:
    memory = MemoryTarget(mail=1)
    targets = Targets({"compose": BrokenTarget(web=1), "memory": memory})
    with pytest.raises(ExceptionGroup, match="recovery failed"):
        targets.recover(lambda _: True, lambda _: None)
    assert memory.recovered == [MAIL]


def test_all_are_watched_and_closed() -> None:
    compose, memory = FakeTarget(web=1), MemoryTarget(mail=1)
    targets = Targets({"compose": compose, "memory": memory})
    targets.watch()
    assert (compose.watching, memory.watching) == (True, True)
    targets.close()
    assert (compose.watching, memory.watching) == (False, False)


def test_foreign_changes_are_those_of_the_services_own_target() -> None:
    compose, memory = FakeTarget(web=1), MemoryTarget(mail=1)
    memory.foreign.holds[MAIL] = "a rollout is on"
    targets = Targets({"compose": compose, "memory": memory})
    assert (targets.foreign.hold_reason(WEB), targets.foreign.hold_reason(MAIL)) == (None, "a rollout is on")
