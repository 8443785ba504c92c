"""The condition of a service: one word, the worst of those that apply, also when no change is wanted."""

import time
from collections.abc import Sequence
from dataclasses import replace

import pytest

from autoscaler.config.model import ServiceConfig
from autoscaler.config.services import fixed
from autoscaler.control.cycle import Cycle
from autoscaler.control.gate import Gate, Hold, backing_off, dry_run, paused, settling, standing_by
from autoscaler.control.operations import Operations
from autoscaler.control.overrides import Overrides
from autoscaler.core.model import Decision, Override, Reading, ReadingKind, Reason, Replicas
from autoscaler.errors import ScaleFailed
from autoscaler.events import Action, Condition, ServiceOutcome
from autoscaler.ports.fleet import ServiceRef
from tests.support.builders import NOW, THROUGHPUT, policy
from tests.support.fakes import FakeSource, FakeTarget, Recorder

RIGHT, MORE, NONE = Reading.of(100.0), Reading.of(200.0), Reading(ReadingKind.ERROR, note="no answer")
STANDBY = standing_by(lambda _: "the daemon on host a leads")
SETTLING = settling(lambda _: "web-2 was stopped")
DYING = backing_off(lambda _, __: "a new replica has died")


class World:
    """One service with two replicas, which serve 100 requests per second."""

    def __init__(self, holds: Sequence[Hold] = ()) -> None:
        self.target, self.recorder = FakeTarget(users=2), Recorder()
        self.source = FakeSource({THROUGHPUT.source: RIGHT})
        self.overrides = Overrides(None, self.recorder.notify)
        self.operations = Operations(self.target, self.recorder.notify, at_once=1)
        self.cycle = Cycle(
            fixed({"users": ServiceConfig(replace(policy(), service="users"), ServiceRef("users"))}),
            self.source,
            self.target,
            Gate(self.operations, [paused(self.overrides), *holds]),
            self.recorder.notify,
            overrides=self.overrides,
        )

    def condition(self, reading: Reading, now: float = NOW) -> str:
        """Run one cycle with this reading, and let what it began end."""
        self.source.readings[THROUGHPUT.source] = reading
        outcome = self.cycle.run(now).services["users"]
        while self.operations.requested("users") is not None:
            time.sleep(0.001)
        return outcome.condition.value


@pytest.mark.parametrize(
    ("holds", "reading", "word"),
    [
        pytest.param([], RIGHT, "ok", id="what the rules want"),
        pytest.param([], MORE, "ok", id="on the way there"),
        pytest.param([], NONE, "blind", id="no reading"),
        pytest.param([dry_run], MORE, "holding", id="a dry run with something to do"),
        pytest.param([dry_run], RIGHT, "ok", id="a dry run with nothing to do"),
        pytest.param([SETTLING], RIGHT, "settling", id="a foreign change"),
        pytest.param([STANDBY, SETTLING], RIGHT, "standby", id="standby goes before settling"),
        pytest.param([STANDBY], NONE, "blind", id="blind goes before standby"),
        pytest.param([DYING], MORE, "failing", id="new replicas die"),
        pytest.param([DYING], RIGHT, "ok", id="they died, and no more are wanted"),
    ],
)
def test_the_worst_that_applies_is_said(holds: list[Hold], reading: Reading, word: str) -> None:
    assert World(holds).condition(reading) == word


def test_a_pause_is_said_also_while_nothing_would_change() -> None:
    world = World()
    world.overrides.pause("users", NOW + 60)
    assert [world.condition(RIGHT), world.condition(RIGHT, NOW + 61)] == ["paused", "ok"]


def test_an_override_holds_and_does_not_hide_that_the_rules_are_blind() -> None:
    world = World()
    world.overrides.override("users", Override(2, NOW + 60))
    assert [world.condition(RIGHT), world.condition(NONE, NOW + 5)] == ["holding", "blind"]


def test_a_maximum_that_is_too_low_holds() -> None:
    assert World().condition(Reading.of(10_000.0), NOW) == "ok"  # up to the maximum
    world = World()
    world.target.counts[ServiceRef("users", "shop")] = 10
    assert world.condition(Reading.of(10_000.0)) == "holding"


def test_a_failed_operation_is_failing_until_one_succeeds_or_nothing_is_wanted_any_more() -> None:
    world = World()
    world.target.failure = ScaleFailed("create", "no room")
    world.condition(MORE)
    assert world.condition(MORE, NOW + 1) == "failing"
    world.target.failure = None
    assert world.condition(RIGHT, NOW + 2) == "ok"
    assert world.condition(MORE, NOW + 3) == "failing"  # it still backs off


def test_a_service_that_cannot_be_seen_fails_and_one_that_cannot_be_scaled_is_refused() -> None:
    world = World()
    world.target.refused = {"users": "it has a fixed host port"}
    assert world.condition(RIGHT) == "refused"
    world.target.unavailable = "the engine is away"
    assert world.condition(RIGHT) == "failing"


def test_a_stopped_service_is_held_and_not_blind() -> None:
    world = World()
    world.target.counts[ServiceRef("users", "shop")] = 0
    assert world.condition(NONE) == "holding"


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_condition_that_does_not_alarm_while_the_rules_see(reason: Reason) -> None:
    decision = Decision("users", NOW, Replicas(2, 2), 2, reason, "")
    condition = ServiceOutcome("users", Action.UNCHANGED, decision).condition
    assert condition in {Condition.OK, Condition.HOLDING}


def test_only_what_leaves_the_load_unserved_alarms() -> None:
    assert [each.value for each in Condition if each.alarming] == ["failing", "refused", "blind"]
