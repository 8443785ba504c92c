"""The last half hour of each service: one point for each evaluation, and never more than fit."""

from itertools import pairwise

from autoscaler.adapters.status.recent import KEPT_SECONDS, LEAST_STEP_SECONDS, RecentObserver
from autoscaler.core.decide import decide
from autoscaler.core.memory import Memory
from autoscaler.core.model import Reading
from autoscaler.events import Action, CycleFinished, ServiceOutcome, ServicesChanged
from tests.support.builders import LATENCY, NOW, THROUGHPUT, missing, policy, seen

POLICY = policy(LATENCY, THROUGHPUT)


class Log:
    def __init__(self) -> None:
        self.recent = RecentObserver()
        self.recent.notify(ServicesChanged({"userservice": POLICY}, {}))

    def emit(self, at: float, load: float | Reading) -> None:
        decision, _ = decide(POLICY, seen(2, {"throughput": load, "p95": 0.1}), Memory(), at)
        self.recent.notify(
            CycleFinished(at, 0.1, {"userservice": ServiceOutcome("userservice", Action.SCALED, decision)})
        )

    @property
    def points(self) -> list[list[float | None]]:
        told = self.recent.points("userservice")
        assert told is not None
        assert told["rule"] == "throughput"
        points: list[list[float | None]] = told["points"]
        return points


def test_load_and_replicas_are_kept_as_they_were() -> None:
    log = Log()
    log.emit(NOW, 200.0)
    log.emit(NOW + 5, missing())
    assert log.points == [[NOW, 200.0, 2, 2, 4], [NOW + 5, None, 2, 2, 2]]


def test_however_often_and_long_it_is_told_it_never_keeps_more_than_half_an_hour_in_steps() -> None:
    log = Log()
    for second in range(4 * int(KEPT_SECONDS)):
        log.emit(NOW + second / 2, 100.0)
    points = log.points
    times = [point[0] or 0.0 for point in points]
    assert len(points) <= 2 * KEPT_SECONDS / LEAST_STEP_SECONDS
    assert times[-1] == NOW + (4 * KEPT_SECONDS - 1) / 2
    assert times[0] >= times[-1] - KEPT_SECONDS
    assert all(later - earlier >= LEAST_STEP_SECONDS for earlier, later in pairwise(times[:-1:2]))


def test_when_the_clock_is_set_back_the_points_go_on_from_there() -> None:
    log = Log()
    for second in (0, 10, 20, 5, 15):
        log.emit(NOW + second, 100.0)
    assert [point[0] for point in log.points] == [NOW, NOW + 5, NOW + 15]


def test_a_service_that_is_gone_is_forgotten_and_one_that_fails_has_no_point() -> None:
    log = Log()
    log.recent.notify(CycleFinished(NOW, 0.1, {"userservice": ServiceOutcome("userservice", Action.FAILED, error="x")}))
    assert log.points == []
    log.recent.notify(ServicesChanged({}, {}))
    assert log.recent.points("userservice") is None
