"""Pauses and overrides in the cycle: what is carried out, what is held back, and what each observer makes of it."""

import time
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from autoscaler.adapters.journal.observer import JournalObserver
from autoscaler.adapters.logs.observer import LogObserver
from autoscaler.adapters.metrics.observer import MetricsObserver
from autoscaler.config.model import ServiceConfig
from autoscaler.config.services import fixed
from autoscaler.control.cycle import Cycle
from autoscaler.control.gate import Gate, paused
from autoscaler.control.operations import Operations
from autoscaler.control.overrides import Overrides
from autoscaler.core.model import Override, Reading, Reason
from autoscaler.events import Action, Intervened, OperationFinished, ServiceOutcome, evaluation
from autoscaler.ports.fleet import ServiceRef
from tests.support.builders import NOW, THROUGHPUT, behavior, policy
from tests.support.fakes import FakeSource, FakeTarget, Recorder

POLICY = replace(policy(down=behavior(window=300.0)), service="users")


class World:
    """One service with two replicas, under a load that needs four."""

    def __init__(self, *, total: int | None = None) -> None:
        self.recorder, self.target = Recorder(), FakeTarget(users=2)
        self.source = FakeSource({THROUGHPUT.source: Reading.of(200.0)})
        self.overrides = Overrides(None, self.recorder.notify)
        self.operations = Operations(self.target, self.recorder.notify, at_once=1)
        self.cycle = Cycle(
            fixed({"users": ServiceConfig(POLICY, ServiceRef("users"))}),
            self.source,
            self.target,
            Gate(self.operations, [paused(self.overrides)]),
            self.recorder.notify,
            max_replicas_total=total,
            overrides=self.overrides,
        )

    def run(self, now: float = NOW) -> ServiceOutcome:
        """Run one cycle, and let what it began end."""
        outcome = self.cycle.run(now).services["users"]
        while self.operations.requested("users") is not None:
            time.sleep(0.001)
        return outcome


def test_a_paused_service_is_decided_about_and_not_touched() -> None:
    world = World()
    world.overrides.pause("users", NOW + 60)
    outcome = world.run()
    assert (outcome.action, outcome.decision and outcome.decision.desired) == (Action.PAUSED, 4)
    assert outcome.held == "paused by an operator until 2023-11-14 22:14:20 UTC"
    assert world.target.scaled == []


def test_after_the_pause_the_decision_is_carried_out() -> None:
    world = World()
    world.overrides.pause("users", NOW + 60)
    world.run()
    assert world.run(NOW + 60).action is Action.SCALED
    assert world.target.scaled == [("users", 4)]
    assert [event.change.value for event in world.recorder.of(Intervened)] == ["set", "ended"]


def test_a_paused_service_that_needs_no_change_is_unchanged_and_paused() -> None:
    world = World()
    world.source.readings[THROUGHPUT.source] = Reading.of(100.0)
    world.overrides.pause("users", NOW + 60)
    outcome = world.run()
    assert (outcome.action, outcome.intervention.paused_until) == (Action.UNCHANGED, NOW + 60)


def test_an_override_is_carried_out_and_counted_under_its_reason() -> None:
    world = World()
    world.overrides.override("users", Override(6, NOW + 60))
    outcome = world.run()
    assert (outcome.action, outcome.decision and outcome.decision.reason) == (Action.SCALED, Reason.OVERRIDE)
    assert world.target.scaled == [("users", 6)]
    while not world.recorder.of(OperationFinished):
        time.sleep(0.001)
    (finished,) = world.recorder.of(OperationFinished)
    assert finished.reason == "override"


def test_a_paused_service_waits_with_its_override_too() -> None:
    world = World()
    world.overrides.override("users", Override(6, NOW + 120))
    world.overrides.pause("users", NOW + 60)
    assert world.run().action is Action.PAUSED
    assert world.run(NOW + 60).action is Action.SCALED


def test_the_budget_holds_for_an_override() -> None:
    world = World(total=3)
    world.overrides.override("users", Override(6, NOW + 60))
    decision = world.run().decision
    assert decision is not None
    assert (decision.desired, decision.sentence.endswith("limits.max_replicas_total 3 leaves it 3; 2 → 3")) == (3, True)


def test_an_operator_is_not_forgotten_while_the_engine_is_away() -> None:
    world = World()
    world.overrides.pause("users", NOW + 60)
    world.target.unavailable = "away"
    outcome = world.run()
    assert (outcome.action, outcome.intervention.paused_until) == (Action.FAILED, NOW + 60)


def test_a_pause_that_comes_or_goes_is_an_entry_of_the_journal() -> None:
    world, journal = World(), JournalObserver([POLICY])
    world.source.readings[THROUGHPUT.source] = Reading.of(100.0)
    for second in range(0, 40, 5):
        if second == 10:
            world.overrides.pause("users", NOW + 30)
        journal.notify(world.cycle.run(NOW + second))
    entries = journal.entries("users", since=0.0, until=NOW + 100, limit=10)
    assert entries is not None
    assert [(entry.intervention.paused_until, entry.times) for entry in entries] == [(NOW + 30, 4), (None, 4)]


def test_the_account_tells_why_it_was_held_and_by_whom() -> None:
    world = World()
    world.overrides.pause("users", NOW + 60)
    told = evaluation(world.run(), POLICY, NOW)
    assert (told.held, told.intervention.paused_until) == (
        "paused by an operator until 2023-11-14 22:14:20 UTC",
        NOW + 60,
    )


def test_the_metrics_follow_what_is_in_force() -> None:
    world, metrics = World(), MetricsObserver([POLICY], dry_run=False)

    def sample(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(f"autoscaler_{name}", {"service": "users", **labels})

    assert (sample("paused"), sample("override_replicas")) == (0, 0)
    assert sample("scale_operations_total", direction="up", reason="override") == 0
    world.overrides.pause("users", NOW + 60)
    world.overrides.override("users", Override(6, NOW + 30))
    metrics.notify(world.cycle.run(NOW))
    assert (sample("paused"), sample("override_replicas")) == (1, 6)
    assert sample("evaluations_total", outcome="paused") == 1
    metrics.notify(world.cycle.run(NOW + 30))
    assert (sample("paused"), sample("override_replicas")) == (1, 0)


@pytest.mark.parametrize("nobody", ["nobody", "users2"])
def test_the_metrics_make_no_series_of_services_that_nobody_evaluates(nobody: str) -> None:
    world, metrics = World(), MetricsObserver([POLICY], dry_run=False)
    world.overrides.pause(nobody, NOW + 60)
    for event in world.recorder.of(Intervened):
        metrics.notify(event)
    assert nobody.encode() + b'"' not in metrics.render()


def test_what_operators_say_is_logged_once_with_its_time() -> None:
    world, log = World(), LogObserver()
    with capture_logs() as lines:
        world.overrides.pause("users", NOW + 60)
        world.overrides.override("users", Override(6, NOW + 60))
        world.cycle.run(NOW + 30)
        world.cycle.run(NOW + 60)
        for event in world.recorder.of(Intervened):
            log.notify(event)
    until = "2023-11-14 22:14:20 UTC"
    assert [(line["event"], line.get("replicas"), line["until"]) for line in lines] == [
        ("pause.set", None, until),
        ("override.set", 6, until),
        ("pause.ended", None, until),
        ("override.ended", 6, until),
    ]
