"""A queue that outlives an overload: more replicas than the load needs, for as long as most answers are slow."""

from collections.abc import Mapping

import pytest

from autoscaler.core.decide import decide
from autoscaler.core.memory import Memory
from autoscaler.core.model import Decision, Limit, Reading, Reason
from autoscaler.core.policy import OBJECTIVE, Policy
from autoscaler.core.rules import ceil_replicas
from autoscaler.core.sizing.surge import FACTOR, HOLD_SECONDS, LEAST_SLOW_ANSWERS, OVERLOADED_SHARE
from tests.support.builders import BURSTY, NOW, behavior, missing, policy, seen
from tests.support.learning import SLOW, promising
from tests.support.timelines import Timeline

SIZED = promising(high=30)
OVERLOADED = {"throughput": 200.0, OBJECTIVE: OVERLOADED_SHARE}
QUICK = {"throughput": 160.0, OBJECTIVE: 0.0}
ENOUGH = LEAST_SLOW_ANSWERS / SLOW.window_seconds / OVERLOADED_SHARE  # requests per second


def decided(which: Policy, readings: Mapping[str, Reading | float], count: int = 4) -> Decision:
    return decide(which, seen(count, readings), Memory(), NOW)[0]


def test_most_answers_slow_wants_more_replicas_than_the_load() -> None:
    decision = decided(SIZED, OVERLOADED)
    assert (decision.desired, decision.reason) == (ceil_replicas(FACTOR * 200.0 / 50.0), Reason.SURGING)
    assert decision.limits[-1].limit is Limit.SURGE


@pytest.mark.parametrize("load", [50.0, 120.0, 400.0, 700.0])
def test_a_surge_is_proportionate_to_the_load(load: float) -> None:
    desired = decided(SIZED, {**OVERLOADED, "throughput": load}, count=1).desired
    assert desired == ceil_replicas(FACTOR * load / 50.0)


@pytest.mark.parametrize(
    ("which", "readings", "surges"),
    [
        pytest.param(SIZED, OVERLOADED, True, id="half of the answers"),
        pytest.param(SIZED, {**OVERLOADED, OBJECTIVE: OVERLOADED_SHARE - 0.01}, False, id="fewer"),
        pytest.param(SIZED, {**OVERLOADED, "throughput": ENOUGH}, True, id="enough to be no chance"),
        pytest.param(SIZED, {**OVERLOADED, "throughput": ENOUGH - 0.01}, False, id="a handful of requests"),
        pytest.param(SIZED, {**OVERLOADED, OBJECTIVE: missing()}, False, id="the share is not measured"),
        pytest.param(SIZED, {**OVERLOADED, "throughput": missing()}, False, id="the load is not measured"),
        pytest.param(policy(high=30), OVERLOADED, False, id="nothing is promised"),
    ],
)
def test_a_surge_begins(which: Policy, readings: Mapping[str, Reading | float], surges: bool) -> None:
    _, memory = decide(which, seen(4, readings), Memory(), NOW)
    assert (memory.surge is not None) == surges


def test_a_surge_ends_a_while_after_the_answers_are_quick_again() -> None:
    timeline = Timeline(promising(high=30, down=behavior(window=300.0)), count=4)
    raised = [timeline.see({**OVERLOADED, "throughput": 180.0}).desired for _ in range(3)][-1]
    counts = [timeline.see(QUICK).desired for _ in range(round(HOLD_SECONDS / 5.0) + 2)]
    assert counts == [raised] * (round(HOLD_SECONDS / 5.0) - 1) + [4] * 3  # and no window holds it


def test_a_surge_stays_within_the_bounds() -> None:
    assert decided(promising(high=6), OVERLOADED).desired == 6


def test_a_surge_is_never_fewer_than_the_rules_want() -> None:
    assert decided(SIZED, {**OVERLOADED, "throughput": ENOUGH}, count=1).desired >= 1
    burst = {"throughput": 10.0, "throughput@burst": 400.0, OBJECTIVE: 0.6}
    assert decided(promising(rule=BURSTY, high=30), burst, count=1).desired >= 8
