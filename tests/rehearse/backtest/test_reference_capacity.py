"""One yardstick for all policies: whose capacity, of which rule, and what was learned of it."""

from dataclasses import replace

import pytest

from autoscaler.core.model import Reason
from autoscaler.core.policy import Goal, Objective, Policy, Rule, Signal, TraefikSignal
from autoscaler.rehearse.backtest.caveats import describe_reference
from autoscaler.rehearse.backtest.reference_capacity import capacities, find_reference, request_sources
from autoscaler.rehearse.backtest.replay import Instant, Replayed
from tests.support.builders import BACKLOG, LATENCY, NOW, THROUGHPUT, policy

IN_FLIGHT = Rule("busy", TraefikSignal(Signal.CONCURRENCY, 60.0), Goal.PER_REPLICA, 4.0)
SIZED = replace(THROUGHPUT, name="sized", target=40.0)
CAP = replace(THROUGHPUT, name="cap", cap=True)
SLOW = TraefikSignal(Signal.SLOW_RATIO, 60.0, threshold_seconds=0.3)
PROMISING = replace(policy(THROUGHPUT, SIZED), objective=Objective(0.3, 0.99, SLOW, "sized"))


@pytest.mark.parametrize(
    ("policies", "owner", "rule"),
    [
        pytest.param([policy(BACKLOG, IN_FLIGHT, THROUGHPUT)], 0, THROUGHPUT, id="requests before all"),
        pytest.param([policy(BACKLOG, IN_FLIGHT)], 0, IN_FLIGHT, id="requests in flight before a query"),
        pytest.param([policy(LATENCY, BACKLOG)], 0, BACKLOG, id="a query"),
        pytest.param([PROMISING], 0, SIZED, id="the objective's rule"),
        pytest.param([policy(CAP, BACKLOG)], 0, BACKLOG, id="a cap states no capacity"),
        pytest.param([policy(IN_FLIGHT), policy(THROUGHPUT)], 0, IN_FLIGHT, id="the first policy's"),
        pytest.param([policy(LATENCY), policy(THROUGHPUT)], 1, THROUGHPUT, id="the first that has one"),
    ],
)
def test_whose_capacity_counts(policies: list[Policy], owner: int, rule: Rule) -> None:
    reference = find_reference(policies)
    assert reference is not None
    assert (reference.owner, reference.rule) == (owner, rule)


def test_without_a_rule_per_replica_there_is_none() -> None:
    assert find_reference([policy(LATENCY), policy(LATENCY)]) is None


def test_the_quickest_measure_of_any_policy_comes_first() -> None:
    quick = replace(THROUGHPUT, source=TraefikSignal(Signal.REQUESTS, 20.0))
    bursting = replace(THROUGHPUT, burst=TraefikSignal(Signal.REQUESTS, 30.0))
    reference = find_reference([policy(bursting), policy(quick)])
    assert reference is not None
    windows = [source.window_seconds for source in reference.sources]
    assert windows == [20.0, 30.0, 60.0]
    assert list(reference.sources) == list(request_sources([policy(bursting), policy(quick)]))


def test_without_a_rule_of_requests_they_are_measured_over_a_minute() -> None:
    assert request_sources([policy(LATENCY)]) == (TraefikSignal(Signal.REQUESTS, 60.0),)


def replayed(*factors: float) -> Replayed:
    instants = [Instant(NOW, 2, 2, 10, Reason.STEADY, (), factor) for factor in factors]
    return Replayed(policy(), instants, ())


def test_what_was_learned_moves_the_capacity_and_is_said() -> None:
    reference = find_reference([policy()])
    assert reference is not None
    replays = [replayed(1.0, 1.2, 0.9)]
    assert capacities(reference, replays) == [50.0, 60.0, 45.0]
    assert "throughput's 50 req/s per ready replica, learned in the replay: 45 req/s to 60 req/s" in describe_reference(
        reference, replays
    )
    assert "learned" not in describe_reference(reference, [replayed(1.0)])
