"""The port of Knative's KPA: against the tables of KPA's own tests, and in motion.

Figures: knative/serving, pkg/autoscaler/{scaling/autoscaler_test,aggregation/max/timewindow_test}.go.
Each id starts with the name of the test there. Revisions without a route have an infinite rate of scaling down here.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from benchmarks.elasticity.peers.kpa import Decider, DelayWindow, Kpa, Panic, Spec, panic_window
from benchmarks.elasticity.view import Autoscaler

ONE_SERVES = Panic(None, 1)


@dataclass(frozen=True)
class Step:
    """A step at a time in seconds, and the count that it yields."""

    now: float
    ready: int
    stable: float
    panic: float
    expected: int


@dataclass(frozen=True)
class Case:
    """Steps of one decider; `over_at` is when it was last over the panic threshold, after each step, if published."""

    target: float
    steps: tuple[Step, ...]
    panic: Panic = ONE_SERVES
    up: float = 10.0
    down: float = 10.0
    over_at: tuple[float | None, ...] | None = None


def one(target: float, ready: int, stable: float, panic: float, expected: int) -> Case:
    return Case(target, (Step(0.0, ready, stable, panic, expected),))


PUBLISHED = [
    pytest.param(one(10, 1, 50, 50, 5), id="TestAutoscalerMetrics"),
    pytest.param(Case(10, (Step(61, 1, 100, 99, 10),)), id="TestAutoscalerMetricsWithRPS"),
    pytest.param(
        Case(10, (Step(0, 1, 50, 10, 5), Step(0, 1, 100, 10, 10))),
        id="TestAutoscalerStableModeIncreaseWithConcurrencyDefault",
    ),
    pytest.param(
        Case(10, (Step(0, 1, 50, 50, 5), Step(0, 1, 100, 99, 10))), id="TestAutoscalerStableModeIncreaseWithRPS"
    ),
    pytest.param(
        Case(
            1,
            (Step(0, 10, 11, 25, 25), Step(30, 40, 30, 41, 41), Step(62, 55, 50, 56, 50)),
            over_at=(0.0, 0.0, None),
        ),
        id="TestAutoscalerUnpanicAfterSlowIncrease",
    ),
    pytest.param(
        Case(1, (Step(0, 10, 11, 25, 25), Step(30, 40, 30, 80, 80)), over_at=(0.0, 30.0)),
        id="TestAutoscalerExtendPanicWindow",
    ),
    pytest.param(Case(10, (Step(0, 8, 100, 100, 10), Step(0, 8, 50, 50, 5))), id="TestAutoscalerStableModeDecrease"),
    pytest.param(
        Case(10, (Step(0, 1, 1, 0, 1), Step(0, 1, 0, 0, 0))), id="TestAutoscalerStableModeNoTrafficScaleToZero"
    ),
    pytest.param(
        Case(
            1,
            (
                Step(0, 1, 6, 6, 6),
                Step(0, 6, 36, 36, 36),
                Step(1, 36, 216, 216, 216),
                Step(1, 216, 1296, 1296, 1296),
                Step(2, 1296, 1296, 1296, 1296),
            ),
            over_at=(0.0, 0.0, 1.0, 1.0, 1.0),
        ),
        id="TestAutoscalerPanicModeExponentialTrackAndStabilize",
    ),
    pytest.param(one(10, 1, 0, 0, 0), id="TestAutoscalerScale/AutoscalerNoDataAtZeroNoAutoscale"),
    pytest.param(one(181, 1, 21, 26, 1), id="TestAutoscalerScale/AutoscalerStableModeUnlimitedTBC"),
    pytest.param(one(10, 1, 50, 49, 5), id="TestAutoscalerScale/Autoscaler0TBC"),
    pytest.param(one(10, 1, 50, 50, 5), id="TestAutoscalerScale/AutoscalerStableModeNoChange"),
    pytest.param(
        Case(1, (Step(0, 5, 50, 30, 50),), panic=Panic(-5.0, 5)),
        id="TestAutoscalerScale/AutoscalerPanicStableLargerThanPanic",
    ),
    pytest.param(
        Case(1, (Step(0, 5, 20, 30, 30),), panic=Panic(-5.0, 5)),
        id="TestAutoscalerScale/AutoscalerPanicStableLessThanPanic",
    ),
    pytest.param(one(10, 5, 50, 50, 5), id="TestAutoscalerScale/AutoscalerStableModeNoChangeAlreadyScaled"),
    pytest.param(
        Case(1, (Step(0, 2, 3, 3.1, 3),), up=1.1),
        id="TestAutoscalerScale/AutoscalerStableModeIncreaseWithSmallScaleUpRate",
    ),
    pytest.param(
        Case(10, (Step(0, 100, 1, 1, 90),), down=1.1),
        id="TestAutoscalerScale/AutoscalerStableModeDecreaseWithSmallScaleDownRate",
    ),
    pytest.param(
        Case(10, (Step(0, 100, 1, 1, 1),), down=math.inf),
        id="TestAutoscalerScale/AutoscalerStableModeDecreaseNonReachable",
    ),
    pytest.param(one(10, 1, 50, 100, 10), id="TestAutoscalerScale/AutoscalerPanicModeDoublePodCount"),
    pytest.param(
        Case(
            10,
            (Step(0, 1, 100, 100, 10), Step(0, 10, 100, 1000, 100), Step(30, 10, 1, 1, 100), Step(61, 10, 1, 1, 1)),
        ),
        id="TestAutoscalerPanicThenUnPanicScaleDown",
    ),
    pytest.param(
        Case(10, (Step(0, 1, 1000, 1001, 10), Step(0, 10, 1000, 1001, 100))), id="TestAutoscalerRateLimitScaleUp"
    ),
    pytest.param(Case(10, (Step(0, 100, 1, 1, 10), Step(0, 10, 1, 1, 1))), id="TestAutoscalerRateLimitScaleDown"),
    pytest.param(one(10, 0, 1000, 888, 10), id="TestAutoscalerUseOnePodAsMinimumIfEndpointsNotFound"),
    pytest.param(one(10, 1, 100, 101, 10), id="TestAutoscalerUpdateTarget/before"),
    pytest.param(
        Case(1, (Step(0, 10, 100, 101, 100),), panic=Panic(0.0, 10), down=math.inf),
        id="TestAutoscalerUpdateTarget/after",
    ),
]


@pytest.mark.parametrize("case", PUBLISHED)
def test_steps_yield_what_kpa_does(case: Case) -> None:
    decider = Decider(Spec(case.target, max_scale_up_rate=case.up, max_scale_down_rate=case.down), case.panic)
    over_at: list[float | None] = []
    for step in case.steps:
        assert decider.step(step.now, step.ready, step.stable, step.panic) == step.expected
        over_at.append(decider.panic.over_at)
    assert case.over_at is None or tuple(over_at) == case.over_at


@pytest.mark.parametrize(
    ("ready", "expected"),
    [
        pytest.param(0, Panic(None, 0), id="TestStartInPanicMode/0"),
        pytest.param(1, Panic(None, 1), id="TestStartInPanicMode/1"),
        pytest.param(2, Panic(7.0, 2), id="TestStartInPanicMode/2"),
    ],
)
def test_it_starts_in_panic_mode_when_more_than_one_serves(ready: int, expected: Panic) -> None:
    assert Panic.at_start(ready, 7.0) == expected


def delayed(delay: DelayWindow | None, down: float) -> Decider:
    spec = Spec(10, stable_window_seconds=0.0, panic_threshold=100, max_scale_up_rate=10, max_scale_down_rate=down)
    return Decider(spec, Panic(None, 0), delay)


@pytest.mark.parametrize(
    "loads",
    [
        pytest.param([(2, 40, 4), (300, 0, 4), (302, 0, 0)], id="TestAutoscalerScaleDownDelay/simple"),
        pytest.param(
            [(540, 40, 4), (600, 30, 4), (660, 0, 4), (840, 0, 3), (900, 0, 0)],
            id="TestAutoscalerScaleDownDelay/gradual",
        ),
    ],
)
def test_a_delay_of_300_seconds_holds_what_kpa_does(loads: list[tuple[float, float, int]]) -> None:
    decider = delayed(DelayWindow(300.0, 2.0), down=10)
    assert [decider.step(now, 0, load, load) for now, load, _ in loads] == [expected for *_, expected in loads]


def test_without_a_delay_it_lowers_at_once_as_in_test_autoscaler_scale_down_delay_zero() -> None:
    decider = delayed(None, down=math.inf)
    assert [decider.step(0.0, 0, 40, 40), decider.step(0.5, 0, 20, 20)] == [4, 2]


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        pytest.param([(0.0, 5)], 5, id="TestTimedWindowMax/single value"),
        pytest.param([(0.0, 6), (0.5, 5)], 6, id="TestTimedWindowMax/two values in same second"),
        pytest.param([(0.0, 5), (1.0, 8)], 8, id="TestTimedWindowMax/two values"),
        pytest.param([(0.0, 5), (6.0, 4)], 4, id="TestTimedWindowMax/time gap"),
    ],
)
def test_a_delay_window_yields_what_the_time_window_does(counts: list[tuple[float, int]], expected: int) -> None:
    window = DelayWindow(5.0, 1.0)
    assert [window.greatest_with(count, now) for now, count in counts][-1] == expected


@dataclass
class Seen:
    """A plant whose replicas serve at once; `windows` are those that were asked for, in seconds."""

    now: float
    replicas: int
    load: Callable[[float], float]
    windows: list[float] = field(default_factory=list)

    @property
    def ready(self) -> int:
        return self.replicas

    def scraped_rate(self, window_seconds: float) -> float | None:
        raise AssertionError

    def fresh_rate(self, window_seconds: float) -> float:
        """Return the mean of the whole seconds before now."""
        self.windows.append(window_seconds)
        ages = range(1, int(window_seconds) + 1)
        return sum(self.load(self.now - age) for age in ages) / len(ages)


def run(kpa: Kpa, replicas: int, load: Callable[[float], float], seconds: float) -> list[int]:
    """Return the count after each step, of a plant that follows at once."""
    counts, now = [], 0.0
    while now <= seconds:
        replicas = kpa.decide(Seen(now, replicas, load))
        counts.append(replicas)
        now += kpa.interval_seconds
    return counts


def kpa_of_50(low: int = 1, high: int = 20, delay: float = 0.0) -> Kpa:
    return Kpa(target_per_replica=50.0, min_replicas=low, max_replicas=high, scale_down_delay_seconds=delay)


def test_it_is_an_autoscaler_that_decides_each_2_seconds() -> None:
    kpa: Autoscaler = kpa_of_50()
    assert kpa.interval_seconds == 2.0


def test_it_looks_at_60_seconds_and_at_6() -> None:
    view = Seen(0.0, 1, lambda _: 50.0)
    kpa_of_50().decide(view)
    assert view.windows == [60.0, 6.0]


def test_a_panic_window_has_whole_seconds_and_one_at_least() -> None:
    assert panic_window(60.0, 10.0) == 6.0
    assert panic_window(45.0, 10.0) == 5.0
    assert panic_window(6.0, 1.0) == 1.0


def test_a_start_with_several_replicas_holds_them_for_a_stable_window() -> None:
    counts = run(kpa_of_50(), 8, lambda _: 50.0, 66.0)
    assert counts == [*[8] * 31, 4, 2, 1]


def test_a_start_with_one_replica_holds_nothing() -> None:
    assert run(kpa_of_50(low=0), 1, lambda _: 0.0, 0.0) == [0]


def test_it_lowers_by_half_at_most_at_each_step() -> None:
    counts = run(kpa_of_50(), 17, lambda _: 0.0, 70.0)
    assert counts == [*[17] * 31, 8, 4, 2, 1, 1]


def test_a_burst_raises_within_the_panic_window_and_holds_the_count_for_a_stable_window() -> None:
    counts = run(kpa_of_50(), 1, lambda now: 500.0 if 0.0 <= now < 10.0 else 50.0, 120.0)
    assert counts[:6] == [1, 4, 7, 10, 10, 10]
    assert counts[5:34] == [*[10] * 27, 5, 2]  # over the threshold at 2 s, for the last time


def test_a_load_that_rises_slowly_is_met_without_panic() -> None:
    counts = run(kpa_of_50(), 1, lambda now: 50.0 + max(now, 0.0) / 10, 600.0)
    assert counts == sorted(counts)
    assert counts[-1] == 3  # the mean of the last 60 seconds asks for 2.14


def test_it_never_goes_beyond_its_bounds() -> None:
    assert run(kpa_of_50(low=2, high=7), 5, lambda _: 1e6, 10.0) == [7] * 6
    assert run(kpa_of_50(low=2, high=7), 5, lambda _: 0.0, 120.0)[-1] == 2


def test_a_delay_lowers_to_the_greatest_count_of_its_time() -> None:
    counts = run(kpa_of_50(delay=30.0), 8, lambda _: 50.0, 100.0)
    assert counts == [*[8] * 45, 4, 4, 4, 4, 4, 4]


def test_the_count_is_raised_to_the_target_exactly() -> None:
    assert Spec(50.0).wanted(150.0) == 3
    assert Spec(50.0).wanted(150.1) == 4
