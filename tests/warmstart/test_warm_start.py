"""A restart without forgetting: the same decisions as without it, and a cold start whenever there is no past."""

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from autoscaler.config.model import ServiceConfig
from autoscaler.config.services import fixed
from autoscaler.core.decide import decide
from autoscaler.core.memory import Memory
from autoscaler.core.model import Decision, Observation, Reading, ReadingKind, Replicas
from autoscaler.core.policy import Policy, Query, Reversals, Rule, Signal, TraefikSignal
from autoscaler.errors import MetricsUnavailable
from autoscaler.ports.fleet import ServiceRef
from autoscaler.warmstart.warm_start import Rebuilt, WarmStart, wait_for
from autoscaler.warmstart.window import window_before
from tests.support.builders import BACKLOG, LATENCY, NOW, THROUGHPUT, at_most, at_most_percent, behavior, policy, seen
from tests.support.fakes import FakeTarget
from tests.support.past import STEP, FakePast, always, restarted

BURSTY = replace(THROUGHPUT, burst=TraefikSignal(Signal.REQUESTS, 20.0))
DOWN = behavior(at_most_percent(100), window=300.0)
UP = behavior(at_most(4), at_most_percent(100), window=15.0)


class World:
    """A service under a load that wanders; what is decided takes 10 s to be ready."""

    def __init__(self, ours: Policy, seed: int) -> None:
        self.policy = ours
        self.observations: dict[float, Observation] = {}
        self._random = random.Random(seed)
        self._load = 150.0

    def live(self, start: float, seconds: float) -> list[Decision]:
        """Decide without a break, and write down what was seen."""
        current, ready, ready_at = 4, 4, start
        decisions, memory = [], Memory()
        for at in (start + STEP * index for index in range(int(seconds / STEP))):
            ready = current if at >= ready_at else min(ready, current)
            self.observations[at] = self._observe(Replicas(current, ready))
            decision, memory = decide(self.policy, self.observations[at], memory, at)
            decisions.append(decision)
            if decision.desired != current and at >= ready_at:
                current, ready_at = decision.desired, at + 10.0
        return decisions

    def go_on(self, memory: Memory, start: float) -> list[Decision]:
        """Decide about what was seen from `start` on, with another memory."""
        decisions = []
        for at in (at for at in self.observations if at >= start):
            decision, memory = decide(self.policy, self.observations[at], memory, at)
            decisions.append(decision)
        return decisions

    def past(self) -> FakePast:
        def reading(name: str) -> Callable[[float], Reading]:
            return lambda at: self.observations[at].readings[name]

        readings = {source: reading(name) for name, source in self.policy.sources.items()}
        return FakePast(readings, lambda at: self.observations[at].replicas)

    def _observe(self, replicas: Replicas) -> Observation:
        self._load = min(max(self._load * self._random.uniform(0.8, 1.22), 20.0), 450.0)
        p95 = self._load / replicas.ready / 50.0 * 0.25
        readings = {"throughput": self._load, "throughput@burst": self._load * 1.3, "p95": p95}
        return seen(replicas.current, readings, ready=replicas.ready)


WORLDS = [
    replace(policy(BURSTY, LATENCY, up=UP, down=DOWN), reversals=Reversals(6, 1800.0)),
    policy(BURSTY, up=UP, down=DOWN),
    policy(THROUGHPUT, LATENCY, down=behavior(at_most(1, 600.0), window=60.0)),
]


@pytest.mark.parametrize("ours", WORLDS, ids=["two rules, few reversals", "bursts", "one replica per 10 minutes"])
@pytest.mark.parametrize("seed", range(4))
def test_a_restart_yields_the_decisions_of_a_daemon_without_a_break(ours: Policy, seed: int) -> None:
    world = World(ours, seed)
    decisions = world.live(NOW - 5400.0, 5400.0 + 900.0)
    rebuilt = restarted(world.past(), ours)["userservice"]
    assert rebuilt.problem is None
    assert world.go_on(rebuilt.memory, NOW + STEP) == [each for each in decisions if each.at > NOW]


def test_a_cold_start_would_not_have_yielded_them() -> None:
    world = World(WORLDS[0], 0)
    decisions = world.live(NOW - 5400.0, 5400.0 + 900.0)
    assert world.go_on(Memory(), NOW + STEP) != [each for each in decisions if each.at > NOW]


def held_seconds(memory: Memory, ours: Policy, load: float) -> float:
    """How long 8 replicas are kept under a load from now on."""
    at = NOW
    while at < NOW + 3600.0:
        at += STEP
        decision, memory = decide(ours, seen(8, {"throughput": load}), memory, at)
        if decision.desired < 8:
            return at - NOW
    return at - NOW


def test_a_wish_of_four_minutes_ago_holds_for_one_more_minute() -> None:
    ours = policy(THROUGHPUT, down=DOWN)
    past = FakePast({THROUGHPUT.source: lambda at: Reading.of(400.0 if at <= NOW - 240.0 else 100.0)}, eight)
    rebuilt = restarted(past, ours, target=FakeTarget(userservice=8))["userservice"]
    assert (rebuilt.problem, rebuilt.window_seconds) == (None, 360.0)
    assert held_seconds(rebuilt.memory, ours, 100.0) == 60.0


def eight(_: float) -> Replicas:
    return Replicas(8, 8)


def test_without_history_nothing_is_lowered_before_a_window_has_passed() -> None:
    ours, past = policy(THROUGHPUT, down=DOWN), FakePast()
    past.errors[THROUGHPUT.source] = MetricsUnavailable("cannot connect to Prometheus")
    rebuilt = restarted(past, ours)["userservice"]
    assert rebuilt == Rebuilt("userservice", problem="cannot connect to Prometheus")
    assert held_seconds(rebuilt.memory, ours, 100.0) >= 300.0


def test_a_history_that_is_younger_than_the_window_holds_for_the_rest_of_it() -> None:
    ours = policy(THROUGHPUT, down=DOWN)
    young = FakePast(
        {THROUGHPUT.source: lambda at: Reading.of(100.0) if at > NOW - 100.0 else Reading(ReadingKind.EMPTY)}
    )
    rebuilt = restarted(young, ours, target=FakeTarget(userservice=8))["userservice"]
    assert (rebuilt.problem, rebuilt.window_seconds) == (None, 95.0)
    assert held_seconds(rebuilt.memory, ours, 100.0) == 300.0 - 95.0


def test_a_past_without_readings_is_told_in_their_words() -> None:
    rebuilt = restarted(FakePast(), policy(THROUGHPUT))["userservice"]
    assert rebuilt.problem == "there was no usable reading: nothing is known"
    assert rebuilt.memory == Memory()


def test_blindness_before_the_start_does_not_trigger_the_fallback() -> None:
    past = FakePast(
        {THROUGHPUT.source: lambda at: Reading.of(200.0) if at < NOW - 120.0 else Reading(ReadingKind.STALE)}
    )
    rebuilt = restarted(past, policy(THROUGHPUT, down=DOWN))["userservice"]
    assert rebuilt.problem is None
    assert rebuilt.memory.blind_since is None


def test_how_long_a_start_takes_is_recalled_only_if_starts_were_seen() -> None:
    def grown(at: float) -> Replicas:
        return Replicas(2 if at < NOW - 100.0 else 3, 2 if at < NOW - 80.0 else 3)

    def grown_at_once(at: float) -> Replicas:
        return Replicas(*[2 if at < NOW - 100.0 else 3] * 2)

    memories = [
        restarted(FakePast({THROUGHPUT.source: always(150.0)}, replicas), policy(THROUGHPUT, down=DOWN))["userservice"]
        for replicas in (grown, grown_at_once)
    ]
    assert [each.memory.start_seconds for each in memories] == [22.5, None]  # half a step ago in the mean


def test_where_nobody_knows_the_replicas_of_then_the_present_ones_are_taken() -> None:
    rebuilt = restarted(FakePast({THROUGHPUT.source: always(150.0)}), policy(THROUGHPUT))["userservice"]
    assert rebuilt.memory.last_seen is not None
    assert (rebuilt.memory.last_seen.replicas, rebuilt.memory.changes) == (4, ())


def test_a_query_that_fails_leaves_the_other_rules_their_past() -> None:
    past = FakePast({THROUGHPUT.source: always(150.0)})
    past.errors[BACKLOG.source] = MetricsUnavailable("refused the query")
    rebuilt = restarted(past, policy(THROUGHPUT, BACKLOG, down=DOWN))["userservice"]
    assert (rebuilt.problem, rebuilt.window_seconds) == (None, 360.0)


def test_a_service_that_is_not_there_or_cannot_be_replayed_cools_down_no_other() -> None:
    broken = Rule("broken", Query("broken"), THROUGHPUT.goal, 1.0)
    past = FakePast(
        {
            THROUGHPUT.source: always(150.0),
            broken.source: lambda _: Reading(ReadingKind.VALUE, "many"),  # type: ignore[arg-type]  # a bug, on purpose
        }
    )
    services = [
        replace(policy(rule), service=name) for name, rule in (("a", THROUGHPUT), ("b", broken), ("c", BACKLOG))
    ]
    rebuilt = restarted(past, *services, target=FakeTarget(a=4, b=4))
    assert rebuilt["a"].problem is None
    assert str(rebuilt["b"].problem).startswith("the replay failed: TypeError: ")
    assert "no Compose service c on this engine" in str(rebuilt["c"].problem)
    assert rebuilt["b"].memory == rebuilt["c"].memory == Memory()


def test_a_fault_of_our_own_is_a_cold_start_with_its_name() -> None:
    past = FakePast()
    past.errors[THROUGHPUT.source] = RuntimeError("a bug")
    assert restarted(past)["userservice"] == Rebuilt("userservice", problem="RuntimeError: a bug")


def test_without_any_service_nothing_is_asked() -> None:
    past = FakePast()
    rebuilt = restarted(past, target=FakeTarget())
    assert "no Compose service userservice on this engine" in str(rebuilt["userservice"].problem)
    assert past.asked == []


def test_without_an_engine_every_service_starts_cold() -> None:
    target = FakeTarget(userservice=4)
    target.unavailable = "the engine does not answer"
    rebuilt = restarted(FakePast(), target=target)
    assert rebuilt == {"userservice": Rebuilt("userservice", problem="the engine does not answer")}


def test_after_its_time_it_gives_up() -> None:
    past = FakePast({THROUGHPUT.source: always(150.0)})
    past.seconds_per_day = 1e6
    rebuilt = restarted(past, most_seconds=30.0)["userservice"]
    assert rebuilt == Rebuilt("userservice", problem="there was no time left after 30 s")


@pytest.mark.parametrize("stopping", [False, True], ids=["its time is over", "the daemon is going down"])
def test_nobody_waits_for_a_prometheus_that_hangs(*, stopping: bool) -> None:
    past = FakePast({THROUGHPUT.source: always(150.0)})
    past.gate.clear()
    services = {"userservice": ServiceConfig(policy(), ServiceRef("userservice"))}
    warm = WarmStart(fixed(services), FakeTarget(userservice=4), past, interval_seconds=STEP)
    rebuilt = wait_for(warm, NOW, 20.0 if stopping else 0.2, stopping=lambda: stopping)
    assert not past.gate.is_set()
    assert str(rebuilt["userservice"].problem).startswith("there was no time left")
    past.gate.set()


def test_who_waits_gets_everything_that_was_rebuilt() -> None:
    services = {"userservice": ServiceConfig(policy(), ServiceRef("userservice"))}
    past = FakePast({THROUGHPUT.source: always(150.0)})
    rebuilt = wait_for(WarmStart(fixed(services), FakeTarget(userservice=4), past, interval_seconds=STEP), NOW, 20.0)
    assert rebuilt["userservice"].problem is None


def test_a_window_has_no_more_instants_than_can_be_replayed_soon() -> None:
    long = replace(policy(), reversals=Reversals(5, 30 * 86_400.0))
    window = window_before(NOW + 0.7, [long, policy()], 1.0)
    assert (window.end, len(window)) == (NOW, 5001)
