"""The port of Nomad Autoscaler: against the tables of its own tests, and in motion.

Figures: hashicorp/nomad-autoscaler, plugins/builtin/strategy/target-value/plugin/plugin_test.go,
policy/handler_test.go, sdk/strategy_test.go and, of older versions, policyeval/base_worker_test.go. Each id starts
with the name of the test there.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from benchmarks.elasticity.peers.nomad import Action, Direction, Handler, Nomad, direction_of, target_value
from benchmarks.elasticity.view import Autoscaler

UP, DOWN, NONE = Direction.UP, Direction.DOWN, Direction.NONE
MINUTE = 60.0


@dataclass(frozen=True)
class Strategy:
    """A metric per replica and its target, in one unit, seen with `count` replicas."""

    metric: float
    target: float
    count: int
    expected: Action
    threshold: float = 0.01


RUNS = [
    pytest.param(Strategy(13, 13, 2, Action(NONE, 2)), id="TestStrategyPlugin_Run/factor equals 1"),
    pytest.param(Strategy(26, 13, 2, Action(UP, 4)), id="TestStrategyPlugin_Run/factor greater than 1"),
    pytest.param(Strategy(20, 10, 0, Action(UP, 2)), id="TestStrategyPlugin_Run/scale from 0 with non-zero target"),
    pytest.param(Strategy(9, 10, 1, Action(NONE, 1)), id="TestStrategyPlugin_Run/no scaling on small difference"),
    pytest.param(Strategy(1, 10, 0, Action(UP, 1)), id="TestStrategyPlugin_Run/scale from 0 to a part of a replica"),
    pytest.param(Strategy(1, 0, 0, Action(UP, 1)), id="TestStrategyPlugin_Run/scale from 0 with 0 target"),
    pytest.param(Strategy(0, 0, 5, Action(DOWN, 0)), id="TestStrategyPlugin_Run/scale to 0 with 0 target"),
    pytest.param(Strategy(5.00001, 5, 8, Action(NONE, 8)), id="TestStrategyPlugin_Run/small factor change"),
    pytest.param(Strategy(5.00001, 5, 8, Action(UP, 9), 1e-6), id="TestStrategyPlugin_Run/small threshold"),
    pytest.param(Strategy(16, 16, 2, Action(NONE, 2)), id="TestStrategyPlugin_Run/multiple input, of which the last"),
]


@pytest.mark.parametrize("case", RUNS)
def test_the_strategy_asks_for_what_target_value_does(case: Strategy) -> None:
    assert target_value(case.metric, case.target, case.count, case.threshold) == case.expected


@pytest.mark.parametrize(
    ("count", "factor", "threshold", "expected"),
    [
        pytest.param(0, 1.0, 0.0, UP, id="TestStrategyPlugin_calculateDirection/0 at 1"),
        pytest.param(5, 1.0, 0.0, NONE, id="TestStrategyPlugin_calculateDirection/5 at 1"),
        pytest.param(4, 0.5, 0.0, DOWN, id="TestStrategyPlugin_calculateDirection/4 at 0.5"),
        pytest.param(5, 2.0, 0.0, UP, id="TestStrategyPlugin_calculateDirection/5 at 2"),
        pytest.param(5, 1.0001, 0.01, NONE, id="TestStrategyPlugin_calculateDirection/5 at 1.0001"),
        pytest.param(5, 1.02, 0.01, UP, id="TestStrategyPlugin_calculateDirection/5 at 1.02"),
        pytest.param(5, 0.99, 0.01, NONE, id="TestStrategyPlugin_calculateDirection/5 at 0.99"),
        pytest.param(5, 0.98, 0.01, DOWN, id="TestStrategyPlugin_calculateDirection/5 at 0.98"),
    ],
)
def test_the_direction_is_that_of_target_value(
    count: int, factor: float, threshold: float, expected: Direction
) -> None:
    assert direction_of(count, factor, threshold) is expected


@pytest.mark.parametrize(
    ("count", "low", "high", "expected"),
    [
        pytest.param(0, 0, 0, 0, id="TestAction_CapCount/empty input action"),
        pytest.param(4, 5, 10, 5, id="TestAction_CapCount/lower than min"),
        pytest.param(15, 5, 10, 10, id="TestAction_CapCount/higher than max"),
        pytest.param(0, 5, 10, 5, id="TestAction_CapCount/store previous reason"),
        pytest.param(7, 5, 10, 7, id="TestAction_CapCount/within"),
    ],
)
def test_bounds_cap_the_count_and_keep_the_direction(count: int, low: int, high: int, expected: int) -> None:
    assert Action(UP, count).capped(low, high) == Action(UP, expected)


@pytest.mark.parametrize(
    ("direction", "wanted", "count", "expected"),
    [
        pytest.param(NONE, 2, 1, False, id="TestHandlerScalingNeeded/none to 2 from 1"),
        pytest.param(NONE, 1, 1, False, id="TestHandlerScalingNeeded/none to 1 from 1"),
        pytest.param(UP, 2, 1, True, id="TestHandlerScalingNeeded/up to 2 from 1"),
        pytest.param(UP, 1, 2, True, id="TestHandlerScalingNeeded/up to 1 from 2"),
        pytest.param(UP, 1, 1, False, id="TestHandlerScalingNeeded/up to 1 from 1"),
        pytest.param(DOWN, 2, 1, True, id="TestHandlerScalingNeeded/down to 2 from 1"),
        pytest.param(DOWN, 1, 2, True, id="TestHandlerScalingNeeded/down to 1 from 2"),
        pytest.param(DOWN, 1, 1, False, id="TestHandlerScalingNeeded/down to 1 from 1"),
    ],
)
def test_an_action_is_needed_when_nomad_needs_it(
    direction: Direction, wanted: int, count: int, *, expected: bool
) -> None:
    assert Action(direction, wanted).is_needed(count) is expected


@dataclass(frozen=True)
class Turn:
    """One step of a handler at 0 s: what it does, and the end of its cooldown after that, in seconds."""

    count: int
    action: Action
    expected: int
    cooldown_end: float
    cooldown: float = 10 * MINUTE
    cooldown_up: float = 5 * MINUTE
    end_before: float = -math.inf


TURNS = [
    pytest.param(Turn(5, Action(UP, 10), 10, 5 * MINUTE), id="TestHandler_Run_ScalingNeededAndCooldown_Integration"),
    pytest.param(Turn(1, Action(NONE, 0), 1, -math.inf), id="TestHandler_Run_ScalingNotNeeded_Integration"),
    pytest.param(
        Turn(5, Action(UP, 10), 10, 5 * MINUTE), id="TestHandler_Run_StateChanges_Integration/idle_to_cooldown"
    ),
    pytest.param(
        Turn(5, Action(UP, 10), 5, 10 * MINUTE, end_before=10 * MINUTE),
        id="TestHandler_Run_StateChanges_Integration/cooldown_before_cooldown_timeout",
    ),
    pytest.param(
        Turn(5, Action(UP, 10), 10, 5 * MINUTE, end_before=-10 * MINUTE),
        id="TestHandler_Run_StateChanges_Integration/cooldown_after_cooldown_timeout_no_delays",
    ),
    pytest.param(Turn(2, Action(UP, 4), 4, 20.0, cooldown_up=20.0), id="TestScaleTarget_Cooldown/scaling_up"),
    pytest.param(
        Turn(2, Action(DOWN, 1), 1, 10 * MINUTE, cooldown_up=20.0), id="TestScaleTarget_Cooldown/scaling_down"
    ),
]


@pytest.mark.parametrize("turn", TURNS)
def test_a_handler_acts_and_cools_down_as_that_of_nomad(turn: Turn) -> None:
    handler = Handler(
        cooldown_seconds=turn.cooldown,
        cooldown_on_scale_up_seconds=turn.cooldown_up,
        out_of_cooldown_at=turn.end_before,
    )
    assert handler.step(0.0, turn.count, turn.action) == turn.expected
    assert handler.out_of_cooldown_at == turn.cooldown_end


@dataclass(frozen=True)
class Seen:
    """A plant that is as it is told to be."""

    now: float
    replicas: int
    rate: float | None

    @property
    def ready(self) -> int:
        return self.replicas

    def scraped_rate(self, window_seconds: float) -> float | None:
        assert window_seconds == 60.0
        return self.rate

    def fresh_rate(self, window_seconds: float) -> float:
        raise AssertionError


def run(nomad: Nomad, replicas: int, load: Callable[[float], float | None], seconds: float) -> list[int]:
    """Return the count after each evaluation, of a plant that follows at once."""
    counts, now = [], 0.0
    while now <= seconds:
        replicas = nomad.decide(Seen(now, replicas, load(now)))
        counts.append(replicas)
        now += nomad.interval_seconds
    return counts


def nomad_of_50(low: int = 1, high: int = 20, up: float | None = None) -> Nomad:
    return Nomad(target_per_replica=50.0, min_replicas=low, max_replicas=high, cooldown_on_scale_up_seconds=up)


def test_it_is_an_autoscaler_that_decides_each_10_seconds() -> None:
    nomad: Autoscaler = nomad_of_50()
    assert nomad.interval_seconds == 10.0


def test_it_raises_in_one_step_to_what_the_load_needs() -> None:
    assert run(nomad_of_50(), 2, lambda _: 480.0, 0.0) == [10]


def test_it_acts_again_only_after_the_end_of_its_cooldown() -> None:
    counts = run(nomad_of_50(), 2, lambda now: 200.0 if now == 0.0 else 400.0, 310.0)
    assert counts == [*[4] * 31, 8]


def test_one_cooldown_holds_in_both_directions() -> None:
    counts = run(nomad_of_50(), 2, lambda now: 400.0 if now == 0.0 else 100.0, 310.0)
    assert counts == [*[8] * 31, 2]


def test_a_shorter_cooldown_after_scaling_up_does_not_shorten_the_other() -> None:
    counts = run(nomad_of_50(up=20.0), 2, lambda now: 400.0 if now in {0.0, 40.0} else 100.0, 330.0)
    assert counts == [8, 8, 8, *[2] * 31]


def test_a_load_met_at_the_maximum_starts_no_cooldown() -> None:
    counts = run(nomad_of_50(high=8), 8, lambda now: 1000.0 if now < 100.0 else 100.0, 100.0)
    assert counts == [*[8] * 10, 2]


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        pytest.param(202.0, 4, id="1 % above is within threshold"),
        pytest.param(202.1, 5, id="more is not"),
        pytest.param(198.0, 4, id="1 % below is within threshold"),
        pytest.param(150.0, 3, id="far below is not"),
        pytest.param(151.0, 4, id="what is left is rounded up"),
        pytest.param(None, 4, id="no metric"),
    ],
)
def test_threshold_is_of_the_load_for_each_replica(rate: float | None, expected: int) -> None:
    assert nomad_of_50().decide(Seen(0.0, 4, rate)) == expected


def test_it_never_goes_beyond_its_bounds() -> None:
    assert run(nomad_of_50(low=2, high=7), 5, lambda _: 1e9, 300.0) == [7] * 31
    assert run(nomad_of_50(low=2, high=7), 5, lambda _: 0.0, 300.0) == [2] * 31


def test_a_change_that_rounding_up_undoes_is_none() -> None:
    assert target_value(49.0, 50.0, 5, 0.01) == Action(NONE, 5)


def test_without_an_action_a_count_beyond_its_bounds_stays() -> None:
    assert nomad_of_50().decide(Seen(0.0, 25, 1250.0)) == 25


def test_an_action_up_that_the_bounds_turn_down_cools_down_as_one_up() -> None:
    counts = run(nomad_of_50(up=20.0), 25, lambda now: 5000.0 if now == 0.0 else 100.0, 30.0)
    assert counts == [20, 20, 20, 2]


def test_a_minimum_of_zero_lowers_to_zero_and_starts_from_zero() -> None:
    counts = run(nomad_of_50(low=0), 3, lambda now: 0.0 if now < 100.0 else 120.0, 310.0)
    assert counts == [*[0] * 31, 3]
