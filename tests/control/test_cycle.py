"""One cycle: everything observed at one instant, everything decided, a fault in one service stopping no other."""

from collections.abc import Collection, Mapping

import pytest

from autoscaler.config.model import ServiceConfig
from autoscaler.config.services import fixed
from autoscaler.control.cycle import Cycle
from autoscaler.control.gate import Gate
from autoscaler.control.gate import dry_run as hold_everything
from autoscaler.control.operations import Operations
from autoscaler.core.model import Reading, ReadingKind, Reason
from autoscaler.events import Action, CycleFinished, OperationFinished
from autoscaler.ports.fleet import ServiceRef
from autoscaler.ports.metrics import SignalRequest
from tests.support.builders import LATENCY, NOW, THROUGHPUT, policy
from tests.support.fakes import FakeSource, FakeTarget, Recorder


def config(service: str, **facts: str) -> ServiceConfig:
    return ServiceConfig(policy(THROUGHPUT, LATENCY), ServiceRef(service, facts.get("project")), facts.get("traefik"))


class World:
    def __init__(
        self,
        *,
        dry_run: bool = False,
        services: dict[str, ServiceConfig] | None = None,
        total: int | None = None,
        source: FakeSource | None = None,
        refused: Mapping[str, str] | None = None,
    ) -> None:
        self.source = source or FakeSource({THROUGHPUT.source: Reading.of(200.0), LATENCY.source: Reading.of(0.1)})
        self.target = FakeTarget(users=2, music=2)
        self.target.refused = dict(refused or {})
        self.recorder = Recorder()
        self.operations = Operations(self.target, self.recorder.notify, at_once=2)
        self.cycle = Cycle(
            fixed(services or {"users": config("users"), "music": config("music")}),
            self.source,
            self.target,
            Gate(self.operations, [hold_everything] if dry_run else []),
            self.recorder.notify,
            max_replicas_total=total,
        )

    def run(self, now: float = NOW) -> dict[str, tuple[Action, Reason | None]]:
        outcomes = self.cycle.run(now).services
        return {
            name: (outcome.action, None if outcome.decision is None else outcome.decision.reason)
            for name, outcome in outcomes.items()
        }


def test_every_service_is_evaluated_and_told_as_one_event() -> None:
    world = World(dry_run=True)
    world.run()
    (finished,) = world.recorder.of(CycleFinished)
    assert (finished.at, sorted(finished.services)) == (NOW, ["music", "users"])
    assert finished.duration_seconds >= 0


def test_everything_is_asked_at_once_and_as_of_one_instant() -> None:
    world = World(dry_run=True)
    world.run()
    ((requests, at),) = world.source.asked
    assert at == NOW
    assert {(request.source, request.traefik_service) for request in requests} == {
        (rule.source, f"{service}@docker") for rule in (THROUGHPUT, LATENCY) for service in ("users", "music")
    }


def test_the_files_traefik_name_goes_before_the_labels() -> None:
    world = World(dry_run=True, services={"users": config("users", traefik="u@file")})
    world.run()
    assert {request.traefik_service for request in world.source.asked[0][0]} == {"u@file"}


def test_dry_run_decides_and_acts_on_nothing() -> None:
    world = World(dry_run=True)
    assert world.run()["users"] == (Action.DRY_RUN, Reason.ABOVE_TARGET)
    assert world.target.scaled == []


def test_a_decision_is_acted_on() -> None:
    world = World()
    world.target.counts[ServiceRef("music", "shop")] = 4
    assert world.run() == {"users": (Action.SCALED, Reason.ABOVE_TARGET), "music": (Action.UNCHANGED, Reason.STEADY)}
    assert world.operations.stop(10.0) == []
    assert world.target.scaled == [("users", 4)]


def test_a_load_that_grows_while_replicas_start_is_followed_at_once() -> None:
    world = World(services={"users": config("users")})
    world.target.gate.clear()
    world.run()
    assert world.target.entered.acquire(timeout=10)
    world.source.readings[THROUGHPUT.source] = Reading.of(400.0)
    assert world.run(NOW + 5) == {"users": (Action.SCALED, Reason.ABOVE_TARGET)}
    assert world.target.entered.acquire(timeout=10)
    assert world.target.scaled == [("users", 4), ("users", 8)]
    world.operations.stop(10.0)


def test_a_load_that_returns_while_replicas_go_keeps_them() -> None:
    world = World(services={"users": config("users")})
    world.target.counts[ServiceRef("users", "shop")] = 6
    world.target.gate.clear()
    world.run()
    assert world.target.entered.acquire(timeout=10)
    world.source.readings[THROUGHPUT.source] = Reading.of(400.0)
    assert world.run(NOW + 5) == {"users": (Action.SCALED, Reason.ABOVE_TARGET)}
    assert world.run(NOW + 10) == {"users": (Action.BUSY, Reason.ABOVE_TARGET)}
    assert world.operations.requested("userservice") == 6  # as the policy is called
    world.operations.stop(10.0)


def test_without_the_engine_nothing_is_decided_and_the_next_good_cycle_recovers() -> None:
    world = World(dry_run=True)
    world.target.unavailable = "the engine is away"
    outcomes = world.cycle.run(NOW).services
    assert {(outcome.action, outcome.error) for outcome in outcomes.values()} == {(Action.FAILED, "the engine is away")}
    assert world.source.asked == []
    world.target.unavailable = None
    assert world.run(NOW + 5)["users"] == (Action.DRY_RUN, Reason.ABOVE_TARGET)


def test_an_unknown_service_stops_no_other() -> None:
    world = World(dry_run=True, services={"users": config("users"), "typo": config("usres")})
    outcomes = world.cycle.run(NOW).services
    assert outcomes["users"].action is Action.DRY_RUN
    assert outcomes["typo"].error == (
        "no Compose service usres on this engine; start it first. Services seen: shop/music, shop/users"
    )


def test_a_service_that_cannot_be_scaled_is_refused_with_its_reason_and_stops_no_other() -> None:
    world = World(refused={"users": "it publishes 80/tcp on the fixed host port 80"})
    outcomes = world.cycle.run(NOW).services
    assert (outcomes["users"].action, outcomes["users"].decision) == (Action.REFUSED, None)
    assert outcomes["users"].error == "shop/users cannot be scaled: it publishes 80/tcp on the fixed host port 80"
    assert outcomes["music"].action is Action.SCALED
    world.operations.stop(10.0)
    assert world.target.scaled == [("music", 4)]


def test_a_name_in_two_projects_must_be_told_apart() -> None:
    world = World(dry_run=True, services={"users": config("users"), "ours": config("users", project="shop")})
    world.target.counts[ServiceRef("users", "other")] = 1
    outcomes = world.cycle.run(NOW).services
    assert outcomes["users"].error == (
        "Compose service users exists in several projects (other, shop): name one as target.project"
    )
    assert outcomes["ours"].action is Action.DRY_RUN


def test_a_broken_service_stops_no_other() -> None:
    world = World(dry_run=True)
    no_number = Reading(ReadingKind.VALUE, "many")  # type: ignore[arg-type]  # a bug of ours, on purpose
    world.source.readings[SignalRequest(THROUGHPUT.source, "users@docker")] = no_number
    outcomes = world.cycle.run(NOW).services
    assert outcomes["music"].action is Action.DRY_RUN
    assert outcomes["users"].action is Action.FAILED
    assert "TypeError" in (outcomes["users"].error or "")


@pytest.mark.parametrize("kind", [kind for kind in ReadingKind if kind is not ReadingKind.VALUE])
def test_no_answer_lowers_nothing(kind: ReadingKind) -> None:
    world = World(services={"users": config("users")})
    world.target.counts[ServiceRef("users", "shop")] = 8
    world.source.readings = {THROUGHPUT.source: Reading.of(0.0), LATENCY.source: Reading(kind)}
    assert world.run() == {"users": (Action.UNCHANGED, Reason.MISSING_READING)}
    assert world.recorder.of(OperationFinished) == []


def desired(world: World) -> dict[str, int | None]:
    outcomes = world.cycle.run(NOW).services
    return {name: each.decision.desired if each.decision else None for name, each in outcomes.items()}


class BrokenSource(FakeSource):
    """Breaks the promise to raise nothing."""

    def read(self, requests: Collection[SignalRequest], at: float) -> Mapping[SignalRequest, Reading]:
        raise OverflowError("timestamp too large")


def test_where_the_source_itself_breaks_there_are_no_readings_and_the_bounds_still_hold() -> None:
    world = World(dry_run=True, source=BrokenSource())
    world.target.counts[ServiceRef("users", "shop")] = 12
    outcomes = world.cycle.run(NOW).services
    decisions = {name: each.decision for name, each in outcomes.items() if each.decision is not None}
    assert {name: each.reason for name, each in decisions.items()} == {
        "users": Reason.ABOVE_MAX,
        "music": Reason.BLIND,
    }
    assert {each.reading.note for each in decisions["music"].proposals} == {"OverflowError: timestamp too large"}


def test_a_budget_is_shared_and_the_decision_says_so() -> None:
    world = World(dry_run=True, total=6)
    assert desired(world) == {"users": 3, "music": 3}
    (finished,) = world.recorder.of(CycleFinished)
    decision = finished.services["users"].decision
    assert decision is not None
    assert decision.sentence.endswith("limits.max_replicas_total 6 leaves it 3; 2 → 3")


def test_without_a_budget_each_has_what_it_wants() -> None:
    assert desired(World(dry_run=True)) == {"users": 4, "music": 4}


def test_a_service_without_readings_keeps_its_share_of_the_budget() -> None:
    world = World(dry_run=True, total=8)
    world.target.counts[ServiceRef("users", "shop")] = 6
    world.source.readings[SignalRequest(THROUGHPUT.source, "users@docker")] = Reading(ReadingKind.ERROR)
    assert desired(world) == {"users": 6, "music": 2}


def test_replicas_of_a_service_that_cannot_be_decided_count_against_the_budget() -> None:
    world = World(dry_run=True, total=8)
    world.target.counts[ServiceRef("users", "shop")] = 5
    broken = Reading(ReadingKind.VALUE, "many")  # type: ignore[arg-type]  # a bug of ours, on purpose
    world.source.readings[SignalRequest(THROUGHPUT.source, "users@docker")] = broken
    assert desired(world) == {"users": None, "music": 3}


def test_a_service_that_is_not_there_takes_nothing_of_the_budget() -> None:
    services = {"users": config("users"), "typo": config("usres")}
    assert desired(World(dry_run=True, services=services, total=3)) == {"users": 3, "typo": None}


def test_what_is_remembered_between_cycles_makes_the_difference() -> None:
    world = World(services={"users": config("users")})
    world.run()
    world.operations.stop(10.0)
    world.source.readings = {THROUGHPUT.source: Reading.of(100.0), LATENCY.source: Reading.of(0.9)}
    assert world.run(NOW + 5) == {"users": (Action.UNCHANGED, Reason.WARMING_UP)}
