"""Log lines: one for each change, none at INFO for what stays the same."""

import io
import json
import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import cast

import pytest
import structlog
from structlog.testing import CapturingLogger

from autoscaler.adapters.logs.observer import LogObserver
from autoscaler.adapters.logs.setup import configure_logging
from autoscaler.core.decide import decide
from autoscaler.core.memory import Memory
from autoscaler.core.model import Direction, Estimate, Reading, ReadingKind, Reason, Sizing
from autoscaler.events import (
    Action,
    CycleFinished,
    CycleMissed,
    EngineAsked,
    OperationFinished,
    PrometheusAsked,
    ReplicaChanged,
    ServiceOutcome,
)
from tests.support.builders import NOW, policy, seen
from tests.support.planting_servers import HALF, MARK, PLANTED

LEVELS = {10: "debug", 20: "info", 30: "warning"}


class Log:
    """A log observer and the lines that it wrote, as (level, event, facts)."""

    def __init__(self) -> None:
        self._capture = CapturingLogger()
        self.observer = LogObserver(cast("structlog.stdlib.BoundLogger", self._capture))

    def evaluated(self, load: Reading | float, action: Action = Action.UNCHANGED, count: int = 4) -> None:
        decision, _ = decide(policy(), seen(count, {"throughput": load}), Memory(), NOW)
        self.observer.notify(CycleFinished(NOW, 0.1, {"s": ServiceOutcome("s", action, decision)}))

    def held(self, reason: Reason) -> None:
        decision, _ = decide(policy(), seen(4, {"throughput": 200.0}), Memory(), NOW)
        outcome = ServiceOutcome("s", Action.UNCHANGED, replace(decision, reason=reason))
        self.observer.notify(CycleFinished(NOW, 0.1, {"s": outcome}))

    def learned(self, **trusted: bool) -> None:
        decision, _ = decide(policy(), seen(4, {"throughput": 200.0}), Memory(), NOW)
        estimates = tuple(Estimate(name, trusted=so, note=f"why {name}") for name, so in trusted.items())
        decision = replace(decision, sizing=Sizing("throughput", 50.0, estimates=estimates))
        self.observer.notify(CycleFinished(NOW, 0.1, {"s": ServiceOutcome("s", Action.UNCHANGED, decision)}))

    def failed(self, error: str) -> None:
        self.observer.notify(CycleFinished(NOW, 0.1, {"s": ServiceOutcome("s", Action.FAILED, error=error)}))

    def refused(self, error: str) -> None:
        self.observer.notify(CycleFinished(NOW, 0.1, {"s": ServiceOutcome("s", Action.REFUSED, error=error)}))

    def lines(self, *, debug: bool = False) -> list[tuple[str, str]]:
        calls = [
            (LEVELS[call.args[0]], call.args[1]) if call.method_name == "log" else (call.method_name, call.args[0])
            for call in self._capture.calls
        ]
        return [line for line in calls if debug or line[0] != "debug"]

    @property
    def last(self) -> dict[str, object]:
        return [call.kwargs for call in self._capture.calls if call.args[-1] != "cycle"][-1]


def test_a_service_that_cannot_be_scaled_is_said_once_and_once_more_when_it_can_be_again() -> None:
    log = Log()
    for _ in range(3):
        log.refused("it has a fixed host port")
    assert log.last == {"service": "s", "condition": "refused", "error": "it has a fixed host port"}
    for _ in range(3):
        log.evaluated(200.0)
    assert log.lines() == [("warning", "service.refused"), ("info", "service.accepted")]


def test_an_engine_that_is_away_does_not_make_a_refused_service_a_good_one() -> None:
    log = Log()
    log.refused("it has a fixed host port")
    log.failed("the engine is away")
    assert log.lines() == [("warning", "service.refused"), ("warning", "service.failed")]


def test_an_unchanged_decision_is_said_once() -> None:
    log = Log()
    for _ in range(3):
        log.evaluated(200.0)
    assert log.lines() == [("info", "decision")]
    assert ("debug", "decision") in log.lines(debug=True)


def test_reasons_that_change_with_every_breath_of_the_load_are_not_said_again() -> None:
    log = Log()
    for load in (200.0, 210.0, 190.0, 200.0):  # steady, within tolerance, within tolerance, steady
        log.evaluated(load)
    assert log.lines() == [("info", "decision")]


def test_reaching_the_maximum_is_said_and_leaving_it_too() -> None:
    log = Log()
    for load in (500.0, 900.0, 900.0, 500.0):
        log.evaluated(load, count=10)
    assert log.lines() == [("info", "decision")] * 3


def test_a_changed_decision_carries_its_sentence() -> None:
    log = Log()
    log.evaluated(200.0)
    log.evaluated(400.0, Action.SCALED)
    assert log.lines() == [("info", "decision")] * 2
    assert log.last["sentence"] == "throughput 400 req/s at 50 req/s per replica wants 8; 4 → 8"
    assert (log.last["reason"], log.last["current"], log.last["desired"]) == ("above_target", 4, 8)


def test_a_missing_reading_is_a_warning_that_says_what_was_wrong() -> None:
    log = Log()
    log.evaluated(Reading(ReadingKind.ERROR, note="Prometheus refused the connection"))
    assert log.lines() == [("warning", "decision")]
    assert log.last["missing"] == {"throughput": "Prometheus refused the connection"}


def test_a_service_that_fails_is_said_once_and_its_recovery_too() -> None:
    log = Log()
    for error in ("away", "away", "still away"):
        log.failed(error)
    log.evaluated(200.0)
    assert log.lines() == [("warning", "service.failed"), ("warning", "service.failed"), ("info", "decision")]


@pytest.mark.parametrize(
    "reason", [Reason.AT_MAX, Reason.CAPPED, Reason.OVER_BUDGET, Reason.REVERSING, Reason.MISSING_READING]
)
def test_what_keeps_a_service_from_what_it_needs_is_said_when_it_comes_and_goes(reason: Reason) -> None:
    log = Log()
    for each in (Reason.STEADY, reason, reason, Reason.STEADY):
        log.held(each)
    assert log.lines() == [("info", "decision")] * 3


@pytest.mark.parametrize(
    "reason", [Reason.WARMING_UP, Reason.PROJECTED, Reason.BURSTING, Reason.SEASONAL, Reason.STABILIZING]
)
def test_what_holds_a_count_for_a_while_is_not_said(reason: Reason) -> None:
    log = Log()
    for each in (Reason.STEADY, reason, Reason.STEADY):
        log.held(each)
    assert log.lines() == [("info", "decision")]


def test_an_estimate_that_becomes_trusted_is_one_line_and_so_is_the_way_back() -> None:
    log = Log()
    for trusted in (False, True, True, False, False):
        log.learned(capacity=trusted, headroom=False)
    assert log.lines() == [("info", "decision"), ("info", "sizing.trusted"), ("info", "sizing.distrusted")]


def test_a_line_about_an_estimate_says_which_and_why() -> None:
    log = Log()
    log.learned(capacity=False, headroom=True)
    assert log.last == {"service": "userservice", "estimate": "headroom", "note": "why headroom"}


def test_replicas_and_operations_are_told() -> None:
    log = Log()
    log.observer.notify(ReplicaChanged("s", Direction.UP, "shop-s-3", 2.0))
    log.observer.notify(ReplicaChanged("s", Direction.DOWN, "shop-s-3", 2.0))
    log.observer.notify(OperationFinished("s", Direction.UP, "above_target", 2, 4, NOW, 3.0))
    log.observer.notify(OperationFinished("s", Direction.UP, "above_target", 2, 2, NOW, 3.0, "no image", "create"))
    log.observer.notify(CycleMissed())
    assert log.lines() == [
        ("info", "replica.started"),
        ("info", "replica.removed"),
        ("info", "scaled"),
        ("error", "scale.failed"),
        ("warning", "cycle.missed"),
    ]


def test_requests_are_told_at_debug_only() -> None:
    log = Log()
    log.observer.notify(PrometheusAsked(0.1))
    log.observer.notify(EngineAsked("list", 0.1))
    assert log.lines() == []


@pytest.fixture
def root_logger() -> Iterator[logging.Logger]:
    """Hand out the root logger, and put everything back afterwards."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield root
    root.handlers[:], root.level = before
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def test_json_lines_carry_our_facts_and_the_libraries_lines_too(
    root_logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging("info", json=True)
    structlog.stdlib.get_logger("autoscaler").info("decision", service="s", sentence="2 → 4")
    logging.getLogger("some.library").warning("from %s", "elsewhere")
    ours, theirs = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (ours["event"], ours["level"], ours["sentence"]) == ("decision", "info", "2 → 4")
    assert (theirs["event"], theirs["level"]) == ("from elsewhere", "warning")
    assert ours["timestamp"].endswith("Z")


def test_text_for_people_is_one_line_per_event(root_logger: logging.Logger) -> None:
    configure_logging("info", json=False)
    stream = io.StringIO()
    handler = root_logger.handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(stream)
    structlog.stdlib.get_logger("autoscaler").info("started", version="1")
    assert "started" in stream.getvalue()
    assert stream.getvalue().count("\n") == 1


def test_text_for_people_holds_nothing_that_a_terminal_obeys_but_colours_of_our_own(
    root_logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging("info", json=False)
    log = structlog.stdlib.get_logger("autoscaler")
    log.warning(PLANTED, text=PLANTED, several=[PLANTED], exc_info=ValueError(PLANTED))
    logging.getLogger("some.library").warning("from %s", PLANTED)
    written = re.sub(r"\x1b\[[\d;]*m", "", capsys.readouterr().out)
    assert written.replace("\n", "").isprintable()
    assert written.count(MARK) >= 5
    assert "[red]b[/red]" in written


def test_json_lines_escape_what_a_terminal_obeys(
    root_logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging("info", json=True)
    structlog.stdlib.get_logger("autoscaler").info("猫", text=PLANTED + HALF, number=float("nan"))
    written = capsys.readouterr().out.rstrip("\n")
    assert written.isprintable()
    facts = json.loads(written)
    assert (facts["event"], facts["text"], facts["number"]) == ("猫", PLANTED + HALF, None)
