"""What is told of a drain: log lines, and metrics that are there from the start."""

import pytest
from structlog.testing import capture_logs

from autoscaler.adapters.logs.observer import LogObserver
from autoscaler.adapters.metrics.observer import MetricsObserver
from autoscaler.events import DrainEnd, DrainEnded, DrainStarted
from tests.support.builders import policy

SERVICE, REPLICA = "userservice", "shop-users-3"


@pytest.mark.parametrize(
    ("event", "line"),
    [
        pytest.param(
            DrainStarted(SERVICE, REPLICA, "healthcheck"),
            {"event": "replica.draining", "log_level": "info", "how": "healthcheck"},
            id="it begins",
        ),
        pytest.param(
            DrainEnded(SERVICE, REPLICA, DrainEnd.IDLE, 8.4321, 0),
            {"event": "replica.drained", "log_level": "info", "duration_seconds": 8.43, "connections": 0},
            id="nobody is connected",
        ),
        pytest.param(
            DrainEnded(SERVICE, REPLICA, DrainEnd.TIMEOUT, 33.0, 4),
            {"event": "replica.drain_timeout", "log_level": "info", "duration_seconds": 33.0, "connections": 4},
            id="its time is over",
        ),
        pytest.param(
            DrainEnded(SERVICE, REPLICA, DrainEnd.TAKEN_BACK, 2.0, None, "it is wanted again"),
            {
                "event": "replica.taken_back",
                "log_level": "info",
                "duration_seconds": 2.0,
                "connections": None,
                "why": "it is wanted again",
            },
            id="it is wanted again",
        ),
        pytest.param(
            DrainEnded(SERVICE, REPLICA, DrainEnd.NONE, 0.0, None, "no way"),
            {"event": "replica.not_drained", "log_level": "warning", "why": "no way"},
            id="it cannot be drained",
        ),
    ],
)
def test_each_step_is_one_log_line(event: DrainStarted | DrainEnded, line: dict[str, object]) -> None:
    with capture_logs() as lines:
        LogObserver().notify(event)
    assert lines == [{"service": SERVICE, "replica": REPLICA, **line}]


def test_drains_are_counted_by_their_end_and_timed() -> None:
    metrics = MetricsObserver([policy()], dry_run=False)

    def value(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(f"autoscaler_{name}", {"service": SERVICE, **labels})

    assert {value("drains_total", outcome=end) for end in DrainEnd} == {0.0}
    assert value("drain_duration_seconds_count") == 0.0
    for end in DrainEnd:
        metrics.notify(DrainStarted(SERVICE, REPLICA, "healthcheck"))
        metrics.notify(DrainEnded(SERVICE, REPLICA, end, 8.0))
    assert {value("drains_total", outcome=end) for end in DrainEnd} == {1.0}
    assert value("drain_duration_seconds_sum") == 16.0


def test_a_drain_of_a_service_that_nobody_knows_is_not_measured() -> None:
    metrics = MetricsObserver([policy()], dry_run=False)
    metrics.notify(DrainEnded("other", REPLICA, DrainEnd.IDLE, 8.0))
    assert b'service="other"' not in metrics.render()
