"""Scale events in Grafana: a region with the whole explanation; and a bad Grafana is in nobody's way."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from autoscaler.adapters.grafana.api import Annotation, GrafanaApi
from autoscaler.adapters.grafana.observer import GrafanaObserver
from autoscaler.adapters.logs.observer import LogObserver
from autoscaler.core.decide import decide
from autoscaler.core.memory import Memory
from autoscaler.core.model import Decision, Direction
from autoscaler.events import Action, Annotated, CycleFinished, OperationFinished, ServiceOutcome
from tests.support.builders import LATENCY, NOW, THROUGHPUT, missing, policy, seen
from tests.support.fakes import Recorder
from tests.support.grafana_server import TOKEN, Grafana


def decision(service: str = "userservice", at: float = NOW) -> Decision:
    made, _ = decide(policy(THROUGHPUT, LATENCY), seen(2, {"throughput": 1000.0, "p95": missing()}), Memory(), at)
    return replace(made, service=service)


def begins(made: Decision, action: Action = Action.SCALED) -> CycleFinished:
    return CycleFinished(made.at, 0.1, {made.service: ServiceOutcome(made.service, action, made)})


def ends(made: Decision, after: int = 10, error: str | None = None) -> OperationFinished:
    stage = None if error is None else "ready"
    return OperationFinished(made.service, Direction.UP, "above_target", 2, after, made.at, 4.5, error, stage)


def wait_for(what: str, true: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


@pytest.fixture
def told() -> Recorder:
    return Recorder()


@pytest.fixture
def observer(grafana: Grafana, told: Recorder) -> Iterator[GrafanaObserver]:
    """One that waits for an answer longer than any test lets Grafana hang, so that the next ones wait, too."""
    made = GrafanaObserver(GrafanaApi(grafana.url, TOKEN, timeout_seconds=60.0), told.notify, most_waiting=3)
    made.start()
    yield made
    grafana.released.set()
    made.stop(10.0)


def outcomes(told: Recorder) -> list[str]:
    return [event.outcome for event in told.of(Annotated)]


def test_a_change_is_a_region_from_its_start_to_its_end_with_the_whole_explanation(
    grafana: Grafana, observer: GrafanaObserver, told: Recorder
) -> None:
    observer.notify(begins(decision()))
    wait_for("it begins", lambda: outcomes(told) == ["sent"])
    assert "timeEnd" not in grafana.annotations[1]
    observer.notify(ends(decision()))
    wait_for("it ends", lambda: outcomes(told) == ["sent", "sent"])
    (made,) = grafana.annotations.values()
    assert (made["time"], made["timeEnd"]) == (NOW * 1000, NOW * 1000 + 4500)
    assert made["tags"] == ["autoscaler", "service:userservice", "direction:up", "reason:above_target"]
    assert made["text"].splitlines() == [
        "userservice: 2 → 10 replicas",
        "above_target: throughput 1000 req/s at 50 req/s per replica wants 20; replicas.max is 10; 2 → 10",
        "rule throughput: 1000 at a target of 50 wants 20, wins",
        "rule p95: no usable reading (empty)",
        "limit bounds: 20 → 10, replicas.max is 10",
        "2 ready; bounds 1 to 10",
        "done: 2 → 10 replicas after 4.5 s",
    ]


def test_a_failed_change_says_what_failed_and_can_be_found_by_its_tag(
    grafana: Grafana, observer: GrafanaObserver, told: Recorder
) -> None:
    observer.notify(begins(decision()))
    observer.notify(ends(decision(), after=3, error="no image"))
    wait_for("both are told", lambda: outcomes(told) == ["sent", "sent"])
    assert grafana.annotations[1]["text"].splitlines()[-1] == "failed at ready: no image; 2 → 3 replicas after 4.5 s"
    assert "failed" in grafana.annotations[1]["tags"]


def test_changes_of_several_services_at_once_are_regions_of_their_own(
    grafana: Grafana, observer: GrafanaObserver, told: Recorder
) -> None:
    for each in (begins(decision("a")), begins(decision("b"))):
        observer.notify(each)
    wait_for("both begin", lambda: len(outcomes(told)) == 2)
    observer.notify(ends(decision("a")))
    wait_for("one ends", lambda: len(outcomes(told)) == 3)
    assert ["timeEnd" in each for each in grafana.annotations.values()] == [True, False]


@pytest.mark.parametrize("action", [action for action in Action if action is not Action.SCALED])
def test_what_is_not_carried_out_is_not_told(
    grafana: Grafana, observer: GrafanaObserver, told: Recorder, action: Action
) -> None:
    observer.notify(begins(decision(), action))
    observer.notify(CycleFinished(NOW, 0.1, {"a": ServiceOutcome("a", Action.FAILED, error="away")}))
    observer.notify(begins(decision("other")))
    wait_for("the other is told", lambda: outcomes(told) == ["sent"])
    assert len(grafana.annotations) == 1


def test_a_beginning_that_was_not_taken_is_told_with_the_end(
    grafana: Grafana, observer: GrafanaObserver, told: Recorder
) -> None:
    grafana.answer = (500, b"{}")
    observer.notify(begins(decision()))
    wait_for("it fails", lambda: outcomes(told) == ["failed"])
    grafana.answer = None
    observer.notify(ends(decision()))
    wait_for("it is told", lambda: outcomes(told) == ["failed", "sent"])
    assert grafana.annotations[1]["time"] == NOW * 1000
    assert "throughput 1000 req/s" in grafana.annotations[1]["text"]


def test_a_grafana_that_hangs_holds_nobody_up_and_the_oldest_that_wait_are_dropped(
    grafana: Grafana, observer: GrafanaObserver, told: Recorder
) -> None:
    grafana.hang()
    observer.notify(begins(decision("first")))
    wait_for("it is asked", lambda: bool(grafana.asked))
    for number in range(10):
        observer.notify(begins(decision(f"s{number}")))
    dropped = [event for event in told.of(Annotated) if event.outcome == "dropped"]
    assert len(dropped) == 7  # although nothing has been answered yet
    assert dropped[0].error == "3 annotations wait already; the oldest is dropped"
    grafana.released.set()
    wait_for("what waited is told", lambda: outcomes(told).count("sent") == 4)
    assert [each["text"].partition(":")[0] for each in grafana.annotations.values()] == ["first", "s7", "s8", "s9"]


class Away:
    """A Grafana that takes nothing, and whose adapter breaks."""

    def add(self, annotation: Annotation) -> int:
        raise KeyError(annotation.text[:1])

    def change(self, number: int, annotation: Annotation) -> None:
        raise KeyError(number)


def test_what_is_remembered_of_changes_that_never_end_does_not_grow(
    grafana: Grafana, observer: GrafanaObserver, told: Recorder
) -> None:
    for number in range(10):
        observer.notify(begins(decision(f"s{number}")))
        wait_for("it is told", lambda expected=number + 1: len(outcomes(told)) == expected)  # type: ignore[misc]
    assert len(observer._open) == 3


def test_an_unexpected_error_ends_neither_the_thread_nor_the_rest(told: Recorder) -> None:
    observer = GrafanaObserver(Away(), told.notify)
    observer.start()
    observer.notify(begins(decision()))
    observer.notify(begins(decision("other")))
    observer.stop(10.0)
    assert [event.error for event in told.of(Annotated)] == ["unexpected KeyError: 'u'", "unexpected KeyError: 'o'"]


def test_a_stop_tells_what_still_waits(grafana: Grafana, observer: GrafanaObserver) -> None:
    grafana.hang()
    observer.notify(begins(decision()))
    observer.notify(ends(decision()))
    threading.Timer(0.1, grafana.released.set).start()
    observer.stop(10.0)
    assert "timeEnd" in grafana.annotations[1]


def test_a_stop_waits_no_longer_than_it_may(grafana: Grafana, told: Recorder) -> None:
    observer = GrafanaObserver(GrafanaApi(grafana.url, TOKEN, timeout_seconds=30.0), told.notify)
    observer.start()
    grafana.hang()
    observer.notify(begins(decision()))
    started = time.monotonic()
    observer.stop(0.1)
    assert time.monotonic() - started < 10


def test_a_change_of_state_is_one_log_line(grafana: Grafana) -> None:
    with capture_logs() as lines:
        log = LogObserver()
        for token in ("revoked", "revoked", TOKEN, TOKEN):
            grafana.token = token
            told = GrafanaObserver(GrafanaApi(grafana.url, TOKEN, timeout_seconds=0.5), log.notify)
            told.start()
            told.notify(begins(decision()))
            told.stop(10.0)
    assert [(line["log_level"], line["event"]) for line in lines] == [
        ("warning", "grafana.failed"),
        ("info", "grafana.recovered"),
    ]
    assert "refuses the token" in lines[0]["error"]
