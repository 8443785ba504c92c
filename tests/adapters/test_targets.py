"""The list of targets: each service goes to the adapter of its kind, and one that fails does not fail the others."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from autoscaler.adapters.targets import Targets
from autoscaler.config.load import load_file
from autoscaler.config.model import ServiceConfig
from autoscaler.config.services import by_labels, fixed
from autoscaler.config.settings import Settings
from autoscaler.control.cycle import Cycle
from autoscaler.control.gate import Gate, dry_run
from autoscaler.control.operations import Operations
from autoscaler.core.memory import Memory
from autoscaler.core.model import Reading
from autoscaler.errors import TargetRefused
from autoscaler.events import Action, ServiceOutcome
from autoscaler.ports.fleet import Fleet, ServiceRef
from autoscaler.ports.order import Order
from tests.contracts.test_in_memory import MemoryTarget
from tests.support.builders import NOW, THROUGHPUT, policy
from tests.support.fakes import FakeSource, FakeTarget, Recorder

WEB, MAIL = ServiceRef("web", "shop"), ServiceRef("mail", "shop", "memory")

LABELS = {
    "autoscaler.enable": "true",
    "autoscaler.replicas.min": "1",
    "autoscaler.replicas.max": "9",
    "autoscaler.rules.throughput.signal": "requests",
    "autoscaler.rules.throughput.per_replica": "50",
}


class BrokenTarget(FakeTarget):
    """One whose code is wrong."""

    def observe(self) -> Fleet:
        raise KeyError("Names")

    def recover(self, leads: Callable[[ServiceRef], bool], options: Callable[[ServiceRef], object]) -> None:
        raise KeyError("Names")


@dataclass
class TwoKinds:
    """A cycle of `web` and `mail`, services of two kinds, which only their labels describe."""

    folder: Path
    total: str = ""
    web: FakeTarget = field(default_factory=lambda: FakeTarget(web=3))
    mail: MemoryTarget = field(default_factory=lambda: MemoryTarget(mail=1))
    memories: Mapping[str, Memory] = field(default_factory=dict)
    recorder: Recorder = field(default_factory=Recorder)

    def __post_init__(self) -> None:
        self.web.labels[WEB] = self.mail.labels[MAIL] = LABELS
        path, targets = self.folder / "policy.yaml", Targets({"compose": self.web, "memory": self.mail})
        path.write_text(f"{self.total}\nservices: {{}}\n", encoding="utf-8")
        file, emit = load_file(path, Settings(config=path)), self.recorder.notify
        source = FakeSource({THROUGHPUT.source: Reading.of(1000.0)})
        gate, budget = Gate(Operations(targets, emit, at_once=1), [dry_run]), file.config.max_replicas_total
        self.cycle = Cycle(
            *(by_labels(file), source, targets, gate, emit), max_replicas_total=budget, memories=self.memories
        )

    def run(self, at: float = NOW) -> Mapping[str, ServiceOutcome]:
        return self.cycle.run(at).services


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


def test_services_of_labels_are_scaled_while_another_engine_has_not_answered_yet(tmp_path: Path) -> None:
    world = TwoKinds(tmp_path, memories={"web": Memory(start_seconds=7.0)})
    world.web.unavailable = "the engine is away"
    assert {name: outcome.action for name, outcome in world.run().items()} == {"mail": Action.DRY_RUN}
    world.web.unavailable = None
    assert set(world.run(NOW + 5)) == {"mail", "web"}
    assert world.cycle.memories["web"].start_seconds == 7.0


def test_the_budget_leaves_room_for_the_replicas_of_an_engine_that_does_not_answer(tmp_path: Path) -> None:
    world = TwoKinds(tmp_path, total="limits: {max_replicas_total: 5}")
    world.run()
    world.web.unavailable = "the engine is away"
    outcomes = world.run(NOW + 5)
    assert outcomes["web"].action is Action.FAILED
    assert (mail := outcomes["mail"].decision) is not None
    assert mail.desired == 2


def test_a_service_that_an_answer_leaves_unknown_is_held_and_counted_as_it_was_and_no_other_is_held(
    tmp_path: Path,
) -> None:
    world = TwoKinds(tmp_path, "limits: {max_replicas_total: 9}", FakeTarget(web=3, users=1))
    users = ServiceRef("users", "shop")
    world.web.labels[users] = LABELS
    world.run()
    learned = world.cycle.memories["web"]
    world.web.unknown[WEB] = "the replicas of shop/web are unknown"
    outcomes = world.run(NOW + 5)
    assert (outcomes["web"].action, outcomes["web"].error) == (Action.FAILED, "the replicas of shop/web are unknown")
    assert world.cycle.memories["web"] == learned
    desired = {name: outcome.decision.desired for name, outcome in outcomes.items() if outcome.decision is not None}
    assert desired.keys() == {"users", "mail"}
    assert sum(desired.values()) == 9 - 3


def test_recovery_goes_on_with_the_others_and_the_fault_is_not_swallowed() -> None:
    memory = MemoryTarget(mail=1)
    targets = Targets({"compose": BrokenTarget(web=1), "memory": memory})
    with pytest.raises(ExceptionGroup, match=r"recovery failed: KeyError: 'Names'"):
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


class Unclosable(FakeTarget):
    def close(self) -> None:
        raise RuntimeError("it does not end")


def test_a_target_that_cannot_be_closed_keeps_no_other_open() -> None:
    memory = MemoryTarget(mail=1)
    targets = Targets({"memory": memory, "compose": Unclosable(web=1)})
    targets.watch()
    with pytest.raises(RuntimeError, match="it does not end"):
        targets.close()
    assert not memory.watching
