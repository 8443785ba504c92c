"""The tables of HPA's own tests, run against the core; the tables themselves serve the tests of the HPA port, too.

Figures: kubernetes/kubernetes, pkg/controller/podautoscaler/{horizontal,replica_calculator}_test.go. Each id starts
with the name of the test there. Where those use thousandths, here are whole units.
"""

from dataclasses import dataclass

import pytest

from autoscaler.core.context import DecisionContext
from autoscaler.core.decide import decide
from autoscaler.core.limits import bounds, rate, stabilization
from autoscaler.core.memory import Memory, recommend
from autoscaler.core.model import Moment, Reading, Replicas
from autoscaler.core.policy import Behavior, Goal, Policy, Query, RatePolicy, RateUnit, Rule, SelectPolicy
from autoscaler.core.rates import period_start, rate_limit
from autoscaler.core.rules import is_within_tolerance, propose, usage_ratio, wanted_replicas
from autoscaler.core.schedule import Bounds
from tests.support.builders import NOW, at_most, at_most_percent, behavior, missing, policy, seen

MINUTE = 60.0


@dataclass(frozen=True)
class MetricCase:
    """`total` at `target`, in one unit, seen with `count` replicas of which `ready` serve (all, unless told)."""

    count: int
    total: float
    target: float
    expected: int
    ready: int | None = None


AVERAGE_VALUE = [
    pytest.param(MetricCase(3, 8.6, 2.15, 4), id="TestReplicaCalcScaleUpPerPodCMExternal"),
    pytest.param(MetricCase(5, 8.6, 2.867, 3), id="TestReplicaCalcScaleDownPerPodCMExternal"),
    pytest.param(MetricCase(3, 8.6, 2.9, 3), id="TestReplicaCalcTolerancePerPodCMExternal"),
    pytest.param(MetricCase(3, 20.0, 5.0, 4), id="TestReplicaCalcScaleUpCMPerPodObject"),
    pytest.param(MetricCase(5, 6.0, 2.0, 3), id="TestReplicaCalcScaleDownPerPodCMObject"),
    pytest.param(MetricCase(4, 20.166, 5.0, 4), id="TestReplicaCalcTolerancePerPodCMObject"),
    pytest.param(MetricCase(3, 8.6, 2.222, 4), id="TestScaleUpPerPodCMExternal"),
    pytest.param(MetricCase(5, 8.6, 3.0, 3), id="TestScaleDownPerPodCMExternal"),
    pytest.param(MetricCase(4, 8.6, 2.2, 4), id="TestTolerancePerPodCMExternal"),
    pytest.param(MetricCase(3, 40.0, 10.0, 4), id="TestScaleUpPerPodCMObject"),
    pytest.param(MetricCase(5, 60.0, 20.0, 3), id="TestScaleDownPerPodCMObject"),
    pytest.param(MetricCase(4, 8.6, 2.2, 4), id="TestTolerancePerPodCMObject"),
]
VALUE = [
    pytest.param(MetricCase(1, 8.6, 4.4, 2), id="TestReplicaCalcScaleUpCMExternal"),
    pytest.param(MetricCase(3, 8.6, 4.4, 2, ready=1), id="TestReplicaCalcScaleUpCMExternalIgnoresUnreadyPods"),
    pytest.param(MetricCase(5, 8.6, 14.334, 3), id="TestReplicaCalcScaleDownCMExternal"),
    pytest.param(MetricCase(3, 8.6, 8.888, 3), id="TestReplicaCalcToleranceCMExternal"),
    pytest.param(MetricCase(3, 20.0, 15.0, 4), id="TestReplicaCalcScaleUpCMObject"),
    pytest.param(MetricCase(3, 50.0, 10.0, 5, ready=1), id="TestReplicaCalcScaleUpCMObjectIgnoresUnreadyPods"),
    pytest.param(MetricCase(5, 12.0, 20.0, 3), id="TestReplicaCalcScaleDownCMObject"),
    pytest.param(MetricCase(3, 20.666, 20.0, 3), id="TestReplicaCalcToleranceCMObject"),
    pytest.param(MetricCase(3, 8.6, 6.666, 4), id="TestScaleUpCMExternal"),
    pytest.param(MetricCase(5, 8.6, 14.4, 3), id="TestScaleDownCMExternal"),
    pytest.param(MetricCase(4, 8.6, 8.666, 4), id="TestToleranceCMExternal"),
    pytest.param(MetricCase(5, 12.0, 20.0, 3), id="TestScaleDownCMObject"),
    pytest.param(MetricCase(3, 20.05, 20.0, 3), id="TestToleranceCMObject"),
    pytest.param(MetricCase(5, 0.0, 14.4, 0), id="TestScaleDownToZeroCMExternal"),
]
VALUE_FROM_ZERO = [
    pytest.param(MetricCase(0, 20.0, 15.0, 2), id="TestScaleUpFromZeroCMObject"),
    pytest.param(MetricCase(0, 1.0, 1.0, 1), id="TestScaleUpFromZeroIgnoresToleranceCMObject"),
]


@dataclass(frozen=True)
class Rate:
    """A rate policy: so many "pods" or "percent" of them within the period."""

    unit: str
    amount: int
    period_seconds: float


@dataclass(frozen=True)
class Change:
    """Replicas added (> 0) or removed (< 0), so many seconds ago."""

    size: int
    age_seconds: float


def pods(amount: int, period_seconds: float = 60.0) -> Rate:
    return Rate("pods", amount, period_seconds)


def percent(amount: int, period_seconds: float = 60.0) -> Rate:
    return Rate("percent", amount, period_seconds)


def spread(*sizes: int) -> tuple[Change, ...]:
    """Changes in the middles of equal parts of the last 120 s, oldest first."""
    part = 120.0 / len(sizes)
    return tuple(Change(size, 120.0 - part * (index + 0.5)) for index, size in enumerate(sizes))


DEFAULT_UP = (pods(4, 15.0), percent(100, 15.0))
DEFAULT_DOWN = (percent(100, 15.0),)


@dataclass(frozen=True)
class RateCase:
    """From `count` to `wanted`, between `low` and `high`, only `expected` is allowed."""

    count: int
    wanted: int
    expected: int
    low: int = 1
    high: int = 1000
    up: tuple[Rate, ...] = DEFAULT_UP
    down: tuple[Rate, ...] = DEFAULT_DOWN
    changes: tuple[Change, ...] = ()


THREE_UP = spread(1, 5, 9)
THREE_DOWN = spread(-1, -5, -9)
FOUR_UP = spread(8, 12, 9, 11)
FOUR_DOWN = spread(-8, -12, -9, -11)
BOTH = (pods(1000, 120.0), percent(100))
BOTH_BUT_SHORT = (pods(1000, 30.0), percent(100))

WITHIN_BOUNDS = [
    pytest.param(RateCase(5, 7, 7, low=3, high=8), id="TestScalingWithRules: within the bounds"),
    pytest.param(RateCase(3, 1, 2, low=2, high=8), id="TestScalingWithRules: below the minimum"),
    pytest.param(RateCase(1, 0, 0, low=0, high=10), id="TestScalingWithRules: zero is within bounds from zero"),
    pytest.param(RateCase(20, 1000, 10, high=10), id="TestScalingWithRules: the maximum before the rate"),
    pytest.param(RateCase(100, 1000, 150, low=100, high=150), id="TestScalingWithRules: beyond the maximum"),
    pytest.param(RateCase(3, 1000, 4, high=2000, up=(percent(1),)), id="TestScalingWithRules: 1 % up is one replica"),
    pytest.param(
        RateCase(1000, 3, 980, low=3, high=2000, down=(pods(20),)), id="TestScalingWithRules: 20 down (not run there)"
    ),
]
SCALE_UP = [
    pytest.param(RateCase(10, 50, 20), id="TestScalingWithRules: up by the default"),
    pytest.param(RateCase(10, 500, 110, up=(pods(100), percent(100))), id="TestScalingWithRules: up, pods are more"),
    pytest.param(RateCase(10, 500, 20, up=(pods(2), percent(100))), id="TestScalingWithRules: up, percent are more"),
    pytest.param(RateCase(10, 50, 50, up=(pods(100),)), id="TestScalingWithRules: up, pods allow all"),
    pytest.param(RateCase(10, 50, 50, up=(pods(10000),)), id="TestScalingWithRules: up, pods allow far more"),
    pytest.param(RateCase(10, 50, 40, up=(pods(30),)), id="TestScalingWithRules: up, pods limit"),
    pytest.param(RateCase(10, 50, 30, up=(percent(200),)), id="TestScalingWithRules: up, percent limit"),
    pytest.param(
        RateCase(100, 500, 200, high=200, up=(pods(300),), changes=THREE_UP),
        id="TestScalingWithRules: up after changes, pods allow more than the maximum",
    ),
    pytest.param(
        RateCase(100, 500, 200, high=200, up=(percent(10000),), changes=THREE_UP),
        id="TestScalingWithRules: up after changes, percent allow more than the maximum",
    ),
    pytest.param(
        RateCase(100, 500, 100, up=(pods(5, 120.0),), changes=THREE_UP),
        id="TestScalingWithRules: up after more changes than are allowed",
    ),
    pytest.param(
        RateCase(100, 500, 235, up=(pods(150, 120.0),), changes=THREE_UP),
        id="TestScalingWithRules: up after changes, pods limit",
    ),
    pytest.param(
        RateCase(100, 500, 255, up=(percent(200, 120.0),), changes=THREE_UP),
        id="TestScalingWithRules: up after changes, percent limit",
    ),
    pytest.param(
        RateCase(6, 24, 16, up=(percent(300, 300.0),), changes=(*spread(4), *spread(-2))),
        id="TestScalingWithRules: up after changes in both directions",
    ),
    pytest.param(
        RateCase(100, 200, 200, up=(pods(1000),), changes=FOUR_UP),
        id="TestScalingWithRules: up, one policy, some changes too old",
    ),
    pytest.param(
        RateCase(100, 200, 200, up=BOTH, changes=FOUR_UP),
        id="TestScalingWithRules: up, two policies, no change too old",
    ),
    pytest.param(
        RateCase(100, 200, 200, up=BOTH_BUT_SHORT, changes=FOUR_UP),
        id="TestScalingWithRules: up, two policies, some changes too old",
    ),
]
SCALE_DOWN = [
    pytest.param(
        RateCase(100, 2, 80, down=(pods(20), percent(1))), id="TestScalingWithRules: down, 20 pods are more than 1 %"
    ),
    pytest.param(
        RateCase(100, 2, 98, down=(pods(2), percent(1))), id="TestScalingWithRules: down, 2 pods are more than 1 %"
    ),
    pytest.param(RateCase(10, 0, 1, down=(pods(100),)), id="TestScalingWithRules: down, pods allow more than min 1"),
    pytest.param(
        RateCase(10, 2, 5, low=5, down=(percent(100),)), id="TestScalingWithRules: down, percent allow more than min 5"
    ),
    pytest.param(RateCase(10, 2, 5, down=(pods(5),)), id="TestScalingWithRules: down, pods limit"),
    pytest.param(RateCase(10, 5, 5, down=(percent(50),)), id="TestScalingWithRules: down, percent just allow it"),
    pytest.param(RateCase(10, 5, 5, changes=THREE_DOWN), id="TestScalingWithRules: down after changes by the default"),
    pytest.param(
        RateCase(100, 0, 1, down=(pods(115, 120.0),), changes=THREE_DOWN),
        id="TestScalingWithRules: down after changes, pods allow more than min 1",
    ),
    pytest.param(
        RateCase(100, 0, 5, low=5, down=(pods(130, 120.0),), changes=THREE_DOWN),
        id="TestScalingWithRules: down after changes, pods allow more than min 5",
    ),
    pytest.param(
        RateCase(100, 2, 5, low=5, down=(percent(100, 120.0),), changes=THREE_DOWN),
        id="TestScalingWithRules: down after changes, percent allow more than min 5",
    ),
    pytest.param(
        RateCase(100, 2, 100, down=(pods(5, 120.0),), changes=THREE_DOWN),
        id="TestScalingWithRules: down after more changes than are allowed",
    ),
    pytest.param(
        RateCase(100, 0, 56, down=(percent(50, 120.0),), changes=spread(-2, -4, -6)),
        id="TestScalingWithRules: down after changes, percent limit",
    ),
    pytest.param(
        RateCase(10, 1, 6, down=(percent(50, 180.0),), changes=(*spread(2), *spread(-4))),
        id="TestScalingWithRules: down after changes in both directions",
    ),
    pytest.param(
        RateCase(100, 0, 100, down=(percent(10, 120.0),), changes=spread(-10, -10, -10)),
        id="TestScalingWithRules: down, earlier changes forbid more",
    ),
    pytest.param(
        RateCase(10, 5, 5, down=(percent(1000, 120.0),), changes=spread(-10, -10, -10)),
        id="TestScalingWithRules: down, a limit below zero",
    ),
    pytest.param(
        RateCase(100, 5, 5, down=(pods(1000),), changes=FOUR_DOWN),
        id="TestScalingWithRules: down, one policy, some changes too old",
    ),
    pytest.param(
        RateCase(100, 5, 5, down=BOTH, changes=FOUR_DOWN),
        id="TestScalingWithRules: down, two policies, no change too old",
    ),
    pytest.param(
        RateCase(100, 5, 5, down=BOTH_BUT_SHORT, changes=FOUR_DOWN),
        id="TestScalingWithRules: down, two policies, some changes too old",
    ),
]
CONVERTED = [
    pytest.param(RateCase(5, 7, 7, low=3, high=8), id="TestConvertDesiredReplicasWithRules: within the bounds"),
    pytest.param(RateCase(3, 1, 2, low=2, high=8), id="TestConvertDesiredReplicasWithRules: below the minimum"),
    pytest.param(RateCase(1, 0, 0, low=0, high=10), id="TestConvertDesiredReplicasWithRules: zero within bounds"),
    pytest.param(RateCase(20, 1000, 10, high=10), id="TestConvertDesiredReplicasWithRules: beyond the maximum"),
]
RATES = [*WITHIN_BOUNDS, *SCALE_UP, *SCALE_DOWN, *CONVERTED]


@dataclass(frozen=True)
class EventsCase:
    """Sizes and ages of rescales; `changed` of them in the last 60 s, and what is stored after one more of 5."""

    changed: int
    ages: tuple[tuple[int, float], ...] = ()
    rates: tuple[Rate, ...] = ()
    stored: tuple[int, ...] = ()


TWO_RATES = (pods(10), percent(100))
EVENTS_WITHOUT_BEHAVIOR = [
    pytest.param(EventsCase(0), id="TestStoreScaleEvents: none, without a behaviour"),
    pytest.param(EventsCase(0, ((7, 61.0),)), id="TestStoreScaleEvents: one too old, without a behaviour"),
]
EVENTS = [
    pytest.param(EventsCase(0, (), TWO_RATES, (5,)), id="TestStoreScaleEvents: none"),
    pytest.param(EventsCase(0, ((7, 61.0),), TWO_RATES, (5,)), id="TestStoreScaleEvents: one too old is replaced"),
    pytest.param(EventsCase(7, ((7, 58.0),), TWO_RATES, (7, 5)), id="TestStoreScaleEvents: one still counts"),
    pytest.param(
        EventsCase(6, ((7, 61.0), (6, 59.0)), (pods(10),), (5, 6)), id="TestStoreScaleEvents: the older is replaced"
    ),
    pytest.param(
        EventsCase(14, ((8, 29.0), (6, 59.0), (7, 61.0), (9, 61.0)), (pods(10), percent(100, 30.0)), (8, 6, 7, 5)),
        id="TestStoreScaleEvents: the last that no period reaches is replaced",
    ),
    pytest.param(
        EventsCase(13, ((7, 58.0), (6, 59.0)), (pods(10, 120.0), percent(100, 30.0)), (7, 6, 5)),
        id="TestStoreScaleEvents: both still count",
    ),
]


@dataclass(frozen=True)
class StabilizationCase:
    """Past recommendations as (replicas, age in minutes); windows in seconds; `stored` are those kept afterwards."""

    count: int
    wanted: int
    expected: int
    past: tuple[tuple[int, float], ...] = ()
    up: float = 0.0
    down: float = 0.0
    stored: tuple[int, ...] | None = None


TWO_PAST = ((4, 2.0), (5, 1.0))
OLD_PAST = ((10, 10.0), (9, 9.0))
MIXED_PAST = ((10, 10.0), (4, 1.0), (5, 2.0), (9, 9.0))
STABILIZATION = [
    pytest.param(
        StabilizationCase(100, 5, 5, stored=(5,)), id="TestNormalizeDesiredReplicasWithBehavior: down, no past"
    ),
    pytest.param(
        StabilizationCase(100, 3, 5, TWO_PAST, down=180.0, stored=(4, 5, 3)),
        id="TestNormalizeDesiredReplicasWithBehavior: down, held by the past",
    ),
    pytest.param(
        StabilizationCase(1, 7, 4, TWO_PAST, up=300.0, stored=(4, 5, 7)),
        id="TestNormalizeDesiredReplicasWithBehavior: up, held by the past",
    ),
    pytest.param(
        StabilizationCase(100, 3, 3, ((1, 2.0), (2, 1.0)), up=300.0, stored=(1, 2, 3)),
        id="TestNormalizeDesiredReplicasWithBehavior: down, only the up window",
    ),
    pytest.param(
        StabilizationCase(1, 3, 3, TWO_PAST, down=300.0, stored=(4, 5, 3)),
        id="TestNormalizeDesiredReplicasWithBehavior: up, only the down window",
    ),
    pytest.param(
        StabilizationCase(100, 3, 3, OLD_PAST, stored=(10, 3)),
        id="TestNormalizeDesiredReplicasWithBehavior: down, the past is too old",
    ),
    pytest.param(
        StabilizationCase(1, 100, 100, OLD_PAST, stored=(10, 100)),
        id="TestNormalizeDesiredReplicasWithBehavior: up, the past is too old",
    ),
    pytest.param(
        StabilizationCase(100, 3, 5, MIXED_PAST, down=180.0, stored=(10, 4, 5, 3)),
        id="TestNormalizeDesiredReplicasWithBehavior: down, some of the past is too old",
    ),
    pytest.param(
        StabilizationCase(1, 100, 5, ((10, 100.0), (6, 1.0), (5, 2.0), (9, 3.0)), up=300.0, stored=(100, 6, 5, 9)),
        id="TestNormalizeDesiredReplicasWithBehavior: up, some of the past is too old",
    ),
    pytest.param(
        StabilizationCase(2, 1, 2, ((2, 100.0), (3, 3.0)), up=300.0, down=300.0),
        id="TestNormalizeDesiredReplicasWithBehavior: a wish to lower never raises",
    ),
    pytest.param(
        StabilizationCase(2, 3, 2, ((2, 100.0), (1, 3.0)), up=300.0, down=300.0),
        id="TestNormalizeDesiredReplicasWithBehavior: a wish to raise never lowers",
    ),
    pytest.param(
        StabilizationCase(100, 5, 5, down=300.0, stored=(5,)), id="TestNormalizeDesiredReplicas: no past, from above"
    ),
    pytest.param(
        StabilizationCase(100, 3, 5, TWO_PAST, down=300.0, stored=(4, 5, 3)),
        id="TestNormalizeDesiredReplicas: held by the past, from above",
    ),
    pytest.param(
        StabilizationCase(100, 3, 3, ((1, 2.0), (2, 1.0)), down=300.0, stored=(1, 2, 3)),
        id="TestNormalizeDesiredReplicas: the past is lower, from above",
    ),
    pytest.param(
        StabilizationCase(100, 3, 3, OLD_PAST, down=300.0, stored=(10, 3)),
        id="TestNormalizeDesiredReplicas: the past is too old, from above",
    ),
    pytest.param(
        StabilizationCase(100, 3, 5, MIXED_PAST, down=300.0, stored=(10, 4, 5, 3)),
        id="TestNormalizeDesiredReplicas: some of the past is too old, from above",
    ),
]


@dataclass(frozen=True)
class SyncCase:
    """A whole sync of a target of `count`; `total` is None where there is no metric."""

    count: int
    total: float | None
    expected: int
    low: int = 3
    high: int = 5
    target: float = 3.0
    first: bool = False  # nothing was ever recommended


SYNCS = [
    pytest.param(SyncCase(0, None, 0), id="TestZeroReplicas"),
    pytest.param(SyncCase(2, None, 3), id="TestTooFewReplicas"),
    pytest.param(SyncCase(10, None, 5), id="TestTooManyReplicas"),
    pytest.param(SyncCase(3, None, 3, low=2, high=6), id="TestScaleUpBothMetricsEmpty"),
    pytest.param(SyncCase(3, 0.0, 2, low=2), id="TestMinReplicasDesiredZero: with an external metric"),
    pytest.param(
        SyncCase(5, 8.6, 5, low=2, high=6, first=True),
        id="TestScaleDownStabilizeInitialSize: with an external metric",
    ),
    pytest.param(SyncCase(3, 8.6, 4, low=2, high=6, target=2.222), id="TestScaleUpPerPodCMExternal"),
    pytest.param(SyncCase(5, 8.6, 3, low=2, high=6), id="TestScaleDownPerPodCMExternal"),
    pytest.param(SyncCase(4, 8.6, 4, low=2, high=6, target=2.2), id="TestTolerancePerPodCMExternal"),
]


# The core under these tables.

HPA_UP = behavior(at_most(4), at_most_percent(100))
HPA_DOWN = behavior(at_most_percent(100), window=300.0)


def rule(goal: Goal, target: float) -> Rule:
    return Rule("qps", Query("qps"), goal, target)


def replicas(case: MetricCase) -> Replicas:
    return Replicas(case.count, case.count if case.ready is None else case.ready)


def allowing(rates: tuple[Rate, ...]) -> Behavior:
    units = {"pods": RateUnit.REPLICAS, "percent": RateUnit.PERCENT}
    return behavior(*(RatePolicy(units[rate.unit], rate.amount, rate.period_seconds) for rate in rates))


def moments(changes: tuple[Change, ...]) -> tuple[Moment, ...]:
    return tuple(Moment(NOW - change.age_seconds, change.size) for change in sorted(changes, key=_oldest_first))


def _oldest_first(change: Change) -> float:
    return -change.age_seconds


def context(count: int, chosen: Policy, memory: Memory) -> DecisionContext:
    return DecisionContext(
        chosen, Bounds(chosen.min_replicas, chosen.max_replicas), Replicas(count, count), (), memory, NOW
    )


@pytest.mark.parametrize("case", AVERAGE_VALUE)
def test_per_replica_proposes_what_average_value_does(case: MetricCase) -> None:
    proposal = propose(rule(Goal.PER_REPLICA, case.target), Reading.of(case.total), replicas(case), policy())
    assert proposal.replicas == case.expected


@pytest.mark.parametrize("case", [*AVERAGE_VALUE, *VALUE])
def test_tolerance_tells_whether_the_wanted_count_is_taken(case: MetricCase) -> None:
    per_replica = any(case is param.values[0] for param in AVERAGE_VALUE)
    chosen = rule(Goal.PER_REPLICA if per_replica else Goal.TARGET, case.target)
    ratio = usage_ratio(chosen, case.total, replicas(case))
    within = ratio is not None and is_within_tolerance(ratio, policy())
    assert case.expected == (case.count if within else wanted_replicas(chosen, case.total, replicas(case)))


@pytest.mark.parametrize("case", VALUE)
def test_target_proposes_what_value_does(case: MetricCase) -> None:
    proposal = propose(rule(Goal.TARGET, case.target), Reading.of(case.total), replicas(case), policy())
    assert proposal.replicas == case.expected


@pytest.mark.parametrize("case", VALUE_FROM_ZERO)
def test_target_starts_from_zero_as_value_does(case: MetricCase) -> None:
    proposal = propose(rule(Goal.TARGET, case.target), Reading.of(case.total), replicas(case), policy(low=0))
    assert proposal.replicas == case.expected


@pytest.mark.parametrize("case", RATES)
def test_the_rate_and_the_bounds_allow_what_hpa_allows(case: RateCase) -> None:
    chosen = policy(low=case.low, high=case.high, up=allowing(case.up), down=allowing(case.down))
    now = context(case.count, chosen, Memory(changes=moments(case.changes)))
    allowed, _ = rate(now, case.wanted)
    assert bounds(now, allowed)[0] == case.expected


def test_the_smallest_change_up_counts_as_in_test_calculate_scale_up_limit_with_scaling_rules() -> None:
    smallest = behavior(at_most(2, 60.0), at_most_percent(50, 60.0), select=SelectPolicy.MIN)
    assert rate_limit(1, smallest, (), NOW, up=True) == 2


def test_the_smallest_change_down_counts_as_in_test_calculate_scale_down_limit_with_behaviors() -> None:
    smallest = behavior(at_most(2, 60.0), at_most_percent(50, 60.0), select=SelectPolicy.MIN)
    assert rate_limit(5, smallest, (), NOW, up=False) == 3


@pytest.mark.parametrize("sign", [pytest.param(1, id="up"), pytest.param(-1, id="down")])
@pytest.mark.parametrize("case", [*EVENTS, *EVENTS_WITHOUT_BEHAVIOR])
def test_the_period_starts_before_the_changes_that_hpa_counts(case: EventsCase, sign: int) -> None:
    changes = moments(tuple(Change(sign * size, age) for size, age in case.ages))
    assert period_start(10, at_most(1, 60.0), changes, NOW) == 10 - sign * case.changed


@pytest.mark.parametrize("case", STABILIZATION)
def test_stabilization_yields_what_hpa_does(case: StabilizationCase) -> None:
    chosen = policy(high=1000, up=behavior(window=case.up), down=behavior(window=case.down))
    past = sorted(case.past, key=lambda one: -one[1])
    memory = Memory(tuple(Moment(NOW - age * MINUTE, count) for count, age in past))
    memory = recommend(memory, case.wanted, NOW, chosen)
    assert stabilization(context(case.count, chosen, memory), case.wanted)[0] == case.expected


@pytest.mark.parametrize("case", SYNCS)
def test_a_decision_is_what_a_sync_of_hpa_yields(case: SyncCase) -> None:
    chosen = policy(rule(Goal.PER_REPLICA, case.target), low=case.low, high=case.high, up=HPA_UP, down=HPA_DOWN)
    reading = missing() if case.total is None else case.total
    memory = Memory() if case.first else Memory(last_seen=Moment(NOW - 15.0, case.count))
    decision, _ = decide(chosen, seen(case.count, {"qps": reading}), memory, NOW)
    assert decision.desired == case.expected


@pytest.mark.parametrize(
    ("count", "used_percent", "target_percent", "expected"),
    [
        pytest.param(3, 40.0, 30.0, 4, id="TestScaleUpOneMetricEmpty"),
        pytest.param(5, 28.0, 50.0, 5, id="TestNoScaleDownOneMetricEmpty"),
    ],
)
def test_one_missing_metric_allows_raising_and_forbids_lowering(
    count: int, used_percent: float, target_percent: float, expected: int
) -> None:
    cpu = Rule("cpu", Query("cpu"), Goal.TARGET, target_percent)
    chosen = policy(cpu, rule(Goal.TARGET, 1.0), low=2, high=6, up=HPA_UP, down=HPA_DOWN)
    memory = Memory(last_seen=Moment(NOW - 15.0, count))
    decision, _ = decide(chosen, seen(count, {"cpu": used_percent, "qps": missing()}), memory, NOW)
    assert decision.desired == expected
