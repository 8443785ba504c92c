"""The port of Kubernetes HPA v2: against the tables of HPA's own tests, and in motion."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from benchmarks.elasticity.peers.hpa import (
    DEFAULT_SCALE_DOWN,
    DEFAULT_SCALE_UP,
    Direction,
    Hpa,
    Recommendation,
    ScaleEvent,
    ScalingPolicy,
    Select,
    Unit,
    metric_replicas,
    rate_limited,
    scale_down_limit,
    scale_up_limit,
    stabilized,
    with_recommendation,
)
from benchmarks.elasticity.view import Autoscaler
from tests.core.test_hpa_tables import (
    AVERAGE_VALUE,
    EVENTS,
    MINUTE,
    RATES,
    STABILIZATION,
    SYNCS,
    Change,
    EventsCase,
    MetricCase,
    Rate,
    RateCase,
    StabilizationCase,
    SyncCase,
)

NOW = 10_000.0
IDLE = Direction(0.0, DEFAULT_SCALE_UP)


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
        return self.rate

    def fresh_rate(self, window_seconds: float) -> float:
        return self.rate or 0.0


def policies(rates: tuple[Rate, ...]) -> tuple[ScalingPolicy, ...]:
    return tuple(ScalingPolicy(Unit(rate.unit), rate.amount, rate.period_seconds) for rate in rates)


def direction(rates: tuple[Rate, ...], changes: tuple[Change, ...], sign: int) -> Direction:
    of_it = (change for change in changes if change.size * sign > 0)
    events = tuple(ScaleEvent(NOW - change.age_seconds, abs(change.size)) for change in of_it)
    return Direction(0.0, policies(rates), events=events)


@pytest.mark.parametrize("case", AVERAGE_VALUE)
def test_the_metric_asks_for_what_average_value_does(case: MetricCase) -> None:
    assert metric_replicas(case.total, case.target, case.count, 0.1) == case.expected


@pytest.mark.parametrize("case", RATES)
def test_the_rate_and_the_bounds_allow_what_hpa_allows(case: RateCase) -> None:
    up, down = direction(case.up, case.changes, 1), direction(case.down, case.changes, -1)
    allowed = rate_limited(case.wanted, case.count, up, down, NOW)
    assert min(max(allowed, case.low), case.high) == case.expected


SMALLEST = Direction(300.0, (ScalingPolicy(Unit.PODS, 2, 60.0), ScalingPolicy(Unit.PERCENT, 50, 60.0)), Select.MIN)


def test_the_smallest_change_up_counts_as_in_test_calculate_scale_up_limit_with_scaling_rules() -> None:
    assert scale_up_limit(1, SMALLEST, IDLE, NOW) == 2


def test_the_smallest_change_down_counts_as_in_test_calculate_scale_down_limit_with_behaviors() -> None:
    assert scale_down_limit(5, IDLE, SMALLEST, NOW) == 3


@pytest.mark.parametrize("case", EVENTS)
def test_rescales_are_counted_and_stored_as_in_hpa(case: EventsCase) -> None:
    events = tuple(ScaleEvent(NOW - age, size) for size, age in case.ages)
    one = Direction(0.0, policies(case.rates), events=events)
    assert one.changed_within(60.0, NOW) == case.changed
    assert tuple(event.size for event in one.with_event(5, NOW).events) == case.stored


@pytest.mark.parametrize("case", STABILIZATION)
def test_stabilization_yields_and_remembers_what_hpa_does(case: StabilizationCase) -> None:
    past = tuple(Recommendation(NOW - age * MINUTE, replicas) for replicas, age in case.past)
    up, down = Direction(case.up, DEFAULT_SCALE_UP), Direction(case.down, DEFAULT_SCALE_DOWN)
    assert stabilized(case.wanted, case.count, past, up=up, down=down, now=NOW) == case.expected
    if case.stored is not None:
        kept = with_recommendation(past, case.wanted, NOW, max(case.up, case.down))
        assert tuple(one.replicas for one in kept) == case.stored


@pytest.mark.parametrize("case", SYNCS)
def test_a_sync_yields_what_hpa_does(case: SyncCase) -> None:
    window = 300.0 if case.first else 0.0  # past its first sync HPA holds nothing here: nothing was recommended
    hpa = Hpa(
        target_per_replica=case.target,
        min_replicas=case.low,
        max_replicas=case.high,
        scale_down_window_seconds=window,
    )
    assert hpa.decide(Seen(NOW, case.count, case.total)) == case.expected


def run(hpa: Hpa, replicas: int, load: Callable[[float], float | None], seconds: float) -> list[int]:
    """Return the count after each sync, of a plant that follows at once."""
    counts, now = [], 0.0
    while now <= seconds:
        replicas = hpa.decide(Seen(now, replicas, load(now)))
        counts.append(replicas)
        now += hpa.interval_seconds
    return counts


def hpa_of_50(low: int = 1, high: int = 20, interval_seconds: float = 15.0, up_window: float = 0.0) -> Hpa:
    return Hpa(
        target_per_replica=50.0,
        min_replicas=low,
        max_replicas=high,
        interval_seconds=interval_seconds,
        scale_up_window_seconds=up_window,
    )


def test_it_is_an_autoscaler_that_decides_each_15_seconds() -> None:
    hpa: Autoscaler = hpa_of_50()
    assert hpa.interval_seconds == 15.0


def test_it_lowers_at_once_when_300_seconds_have_passed_since_its_start() -> None:
    assert run(hpa_of_50(), 8, lambda _: 100.0, 300.0) == [*[8] * 20, 2]


def test_it_lowers_to_the_greatest_recommendation_of_the_last_300_seconds() -> None:
    counts = run(hpa_of_50(), 8, lambda now: 250.0 if now == 150.0 else 100.0, 450.0)
    assert counts == [*[8] * 20, *[5] * 10, 2]


def test_a_dip_of_the_load_does_not_lower() -> None:
    counts = run(hpa_of_50(), 8, lambda now: 100.0 if 300.0 <= now < 585.0 else 400.0, 1200.0)
    assert counts == [8] * 81


def test_it_raises_by_4_or_by_100_percent_each_15_seconds() -> None:
    assert run(hpa_of_50(), 1, lambda _: 1000.0, 45.0) == [5, 10, 20, 20]


def test_syncs_within_one_period_share_its_budget() -> None:
    assert run(hpa_of_50(interval_seconds=5.0), 1, lambda _: 1000.0, 30.0) == [5, 5, 5, 10, 10, 10, 20]


def test_a_window_of_the_up_direction_waits_for_the_load_to_last() -> None:
    assert run(hpa_of_50(up_window=60.0), 2, lambda _: 200.0, 75.0) == [2, 2, 2, 2, 4, 4]


def test_it_never_goes_beyond_its_bounds() -> None:
    assert run(hpa_of_50(low=2, high=7), 5, lambda _: 1e9, 30.0) == [7, 7, 7]
    assert run(hpa_of_50(low=2, high=7), 5, lambda _: 0.0, 600.0)[-1] == 2


@pytest.mark.parametrize(
    ("replicas", "expected"),
    [
        pytest.param(25, 20, id="too many"),
        pytest.param(1, 2, id="too few"),
        pytest.param(0, 0, id="stopped"),
        pytest.param(6, 6, id="within bounds"),
    ],
)
def test_without_a_metric_only_the_bounds_change_the_count(replicas: int, expected: int) -> None:
    assert hpa_of_50(low=2).decide(Seen(0.0, replicas, None)) == expected


def test_a_minimum_of_zero_lowers_to_zero_and_starts_from_zero() -> None:
    hpa = hpa_of_50(low=0)
    assert hpa.decide(Seen(0.0, 0, 0.0)) == 0
    assert hpa.decide(Seen(15.0, 0, 120.0)) == 3
    assert hpa.decide(Seen(315.0, 3, 0.0)) == 0


def test_a_missing_metric_recommends_nothing() -> None:
    counts = run(hpa_of_50(), 8, lambda now: None if 0.0 < now < 300.0 else 100.0, 300.0)
    assert counts == [*[8] * 20, 2]


@pytest.mark.parametrize(
    ("total", "expected"),
    [
        pytest.param(220.0, 4, id="10 % above is within tolerance"),
        pytest.param(220.1, 5, id="more is not"),
        pytest.param(180.0, 4, id="10 % below is within tolerance"),
        pytest.param(149.9, 3, id="far below is not"),
        pytest.param(300.000_000_1, 6, id="less than a thousandth above costs no replica"),
    ],
)
def test_tolerance_is_of_the_load_for_all_replicas(total: float, expected: int) -> None:
    assert metric_replicas(total, 50.0, 4, 0.1) == expected
