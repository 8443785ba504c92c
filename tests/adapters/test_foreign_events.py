"""What somebody else did, and whether events are followed, as log lines and metrics."""

from typing import Any

import pytest
import structlog

from autoscaler.adapters.logs.observer import LogObserver
from autoscaler.adapters.metrics.observer import MetricsObserver
from autoscaler.events import Action, Event, Foreign, ForeignChange, WatchChanged
from tests.support.builders import policy

CHANGE = ForeignChange("userservice", Foreign.SCALED, 5, 2, 5, Action.SCALED, "5 → 2 replicas, not by the autoscaler")
GIVEN_WAY = ForeignChange("userservice", Foreign.SCALED, 5, 2, 5, Action.SETTLING, "5 → 2 replicas; left alone")


def lines(*events: Event) -> list[dict[str, Any]]:
    capture = structlog.testing.LogCapture()
    observer = LogObserver(
        structlog.wrap_logger(None, processors=[capture], wrapper_class=structlog.stdlib.BoundLogger)
    )
    for event in events:
        observer.notify(event)
    return [dict(entry) for entry in capture.entries]


@pytest.mark.parametrize(("event", "level"), [(CHANGE, "info"), (GIVEN_WAY, "warning")])
def test_a_change_by_somebody_else_is_one_line_and_giving_way_a_warning(event: ForeignChange, level: str) -> None:
    (line,) = lines(event)
    assert (line["event"], line["log_level"], line["kind"], line["what"]) == (
        "foreign.change",
        level,
        "scaled",
        event.what,
    )
    assert (line["before"], line["after"], line["desired"]) == (5, 2, 5)


def test_events_that_are_lost_are_a_warning_that_says_what_follows() -> None:
    lost, found = lines(WatchChanged("the guard forbids it"), WatchChanged())
    assert (lost["event"], lost["log_level"], lost["problem"]) == ("events.lost", "warning", "the guard forbids it")
    assert "next list call" in lost["hint"]
    assert (found["event"], found["log_level"]) == ("events.followed", "info")


def test_changes_by_somebody_else_are_counted_by_kind() -> None:
    metrics = MetricsObserver([policy()], dry_run=False)
    metrics.notify(CHANGE)
    value = metrics.registry.get_sample_value
    labels = {"service": "userservice"}
    assert value("autoscaler_foreign_changes_total", {**labels, "kind": "scaled"}) == 1
    assert value("autoscaler_foreign_changes_total", {**labels, "kind": "removed"}) == 0


def test_whether_events_are_followed_is_a_gauge() -> None:
    metrics = MetricsObserver([policy()], dry_run=False)
    metrics.notify(WatchChanged())
    assert metrics.registry.get_sample_value("autoscaler_docker_events_followed") == 1
    metrics.notify(WatchChanged("gone"))
    assert metrics.registry.get_sample_value("autoscaler_docker_events_followed") == 0
