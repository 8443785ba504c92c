"""Policies and decisions in words, as `check` and `plan` print them."""

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from autoscaler.cli.text.evaluation_text import _DONE, in_full, in_short
from autoscaler.cli.text.policy_text import (
    behavior_in_words,
    behaviour_lines,
    blind_in_words,
    bounds_lines,
    counted,
    objective_in_words,
    rule_in_words,
)
from autoscaler.core.decide import decide
from autoscaler.core.memory import Memory
from autoscaler.core.model import Estimate, Reading, ReadingKind, Sizing
from autoscaler.core.policy import (
    Behavior,
    BlindAction,
    Goal,
    Objective,
    Query,
    Reversals,
    Rule,
    SelectPolicy,
    Signal,
    Step,
    StepChange,
    TraefikSignal,
    WhenBlind,
)
from autoscaler.core.schedule import Schedule
from autoscaler.events import Action, ServiceOutcome, evaluation
from tests.support.builders import BACKLOG, LATENCY, NOW, THROUGHPUT, at_most, at_most_percent, behavior, policy, seen

BOGOTA = ZoneInfo("America/Bogota")
STEPS = (
    Step(0.3, above=True, change=StepChange.ADD, amount=2),
    Step(1.0, above=True, change=StepChange.PERCENT, amount=100),
    Step(0.05, above=False, change=StepChange.ADD, amount=-1),
    Step(0.01, above=False, change=StepChange.SET, amount=2),
)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (THROUGHPUT, "throughput: requests, 50 req/s per replica (over 1m)"),
        (
            replace(THROUGHPUT, burst=TraefikSignal(Signal.REQUESTS, 15.0)),
            "throughput: requests, 50 req/s per replica (over 1m, bursts over 15s)",
        ),
        (
            replace(THROUGHPUT, activation=5.0),
            "throughput: requests, 50 req/s per replica, wants nothing up to 5 req/s (over 1m)",
        ),
        (LATENCY, "p95: latency p95, target 300 ms (over 1m)"),
        (
            replace(LATENCY, goal=Goal.STEPS, steps=STEPS),
            "p95: latency p95, above 300 ms +2, above 1000 ms +100 %, below 50 ms -1, below 10 ms at most 2 (over 1m)",
        ),
        (BACKLOG, "backlog: sum(queue), 100 per replica"),
        (
            replace(BACKLOG, source=Query("sum(queue)", 300.0), cap=True, required=False),
            "backlog: sum(queue), 100 per replica, a cap, optional (over 5m)",
        ),
    ],
)
def test_a_rule(rule: Rule, words: str) -> None:
    assert rule_in_words(rule) == words


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (behavior(window=300.0), "window 5m, any number, tolerance 10%"),
        (behavior(at_most(4), at_most_percent(100)), "window 0s, 4 / 15s or 100 % / 15s, tolerance 10%"),
        (behavior(at_most(4), at_most(9), select=SelectPolicy.MIN), "window 0s, 4 / 15s and 9 / 15s, tolerance 10%"),
        (behavior(select=SelectPolicy.DISABLED), "disabled"),
    ],
)
def test_a_behaviour(given: Behavior, words: str) -> None:
    assert behavior_in_words(given) == words


@pytest.mark.parametrize(
    ("blind", "words"),
    [(WhenBlind(60.0), "hold"), (WhenBlind(60.0, BlindAction.AT_LEAST, 4), "after 1m at_least 4")],
)
def test_a_fallback(blind: WhenBlind, words: str) -> None:
    assert blind_in_words(policy(when_blind=blind)) == words


def test_bursts_and_reversals_are_told_where_there_are_any() -> None:
    assert [line.split(":")[0] for line in behaviour_lines(policy())] == ["up", "down", "blind"]
    bursting = replace(THROUGHPUT, burst=TraefikSignal(Signal.REQUESTS, 15.0))
    lines = behaviour_lines(replace(policy(bursting), burst_threshold=1.5, reversals=Reversals(6, 1800.0)))
    assert lines[2:4] == [
        "bursts: from 1.5 x the long window's value",
        "reversals: nothing is lowered after 6 within 30m",
    ]


SLOW = TraefikSignal(Signal.SLOW_RATIO, 60.0, threshold_seconds=0.3)


@pytest.mark.parametrize(
    ("objective", "words"),
    [
        (
            Objective(0.3, 0.995, SLOW, "throughput"),
            "99.5 % within 300ms; sizes throughput; learns capacity, headroom, season",
        ),
        (
            Objective(0.3, 0.99, SLOW, "throughput", learn_season=False),
            "99 % within 300ms; sizes throughput; learns capacity, headroom",
        ),
        (
            Objective(1.0, 0.99, SLOW, "t", learn_capacity=False, learn_headroom=False, learn_season=False),
            "99 % within 1s; sizes t; learns nothing",
        ),
    ],
)
def test_an_objective(objective: Objective, words: str) -> None:
    assert objective_in_words(objective) == words


WORKDAYS = Schedule("0 8 * * 1-5", 36_000.0, BOGOTA, min_replicas=4)


@pytest.mark.parametrize(
    ("schedules", "lines"),
    [
        pytest.param((), ["2-10"], id="no schedule"),
        pytest.param(
            (WORKDAYS,),
            [
                "2-10",
                "now 4-10 (min by schedule 0 8 * * 1-5 America/Bogota)",
                "from Mon 2026-01-05 18:00 America/Bogota: 2-10",
            ],
            id="one that holds now",
        ),
        pytest.param(
            (Schedule("30 9 * * *", 90.0, BOGOTA, max_replicas=3),),
            [
                "2-10",
                "now 2-3 (max by schedule 30 9 * * * America/Bogota)",
                "from Mon 2026-01-05 09:31:30 America/Bogota: 2-10",
            ],
            id="to the second where it matters",
        ),
        pytest.param(
            (Schedule("0 8 * * *", 3600.0, BOGOTA, min_replicas=2),),
            ["2-10", "now 2-10", "for good: no schedule will change that"],
            id="one that changes nothing",
        ),
    ],
)
def test_bounds_now_and_next(schedules: tuple[Schedule, ...], lines: list[str]) -> None:
    now = datetime(2026, 1, 5, 9, 30, 10, tzinfo=BOGOTA).timestamp()
    assert bounds_lines(replace(policy(low=2), schedules=schedules), now) == lines


def test_a_decision_in_short_says_what_is_missing_what_moved_the_bounds_and_what_is_trusted() -> None:
    given = replace(policy(THROUGHPUT, LATENCY), schedules=(Schedule("* * * * *", 3600.0, BOGOTA, 4),))
    lost = Reading(ReadingKind.STALE, note="31 s old")
    decision, _ = decide(given, seen(4, {"throughput": 400.0, "p95": lost}, ready=3), Memory(), NOW)
    estimates = (Estimate("capacity", trusted=True, note="x 1.08"), Estimate("season", trusted=False, note="too early"))
    decision = replace(decision, sizing=Sizing("throughput", 50.0, estimates=estimates))
    replicas, ready, reason, says = in_short(evaluation(ServiceOutcome("s", Action.DRY_RUN, decision), given, NOW))
    assert (replicas, ready, reason) == ("4 → 8", "3", "above_target")
    assert says.splitlines() == [
        "throughput 400 req/s at 50 req/s per replica wants 8; 4 → 8",
        "p95: stale: 31 s old",
        "bounds: 4-10 (min by schedule * * * * * America/Bogota)",
        "capacity: trusted, x 1.08",
        "season: not trusted, too early",
    ]


def test_an_unchanged_decision_in_short_is_its_sentence() -> None:
    decision, _ = decide(policy(), seen(4, {"throughput": 200.0}), Memory(), NOW)
    assert in_short(evaluation(ServiceOutcome("s", Action.UNCHANGED, decision), policy(), NOW)) == (
        "4",
        "4",
        "steady",
        "throughput 200 req/s at 50 req/s per replica wants 4; stays at 4",
    )


def test_a_service_that_failed_in_short_is_its_error() -> None:
    outcome = ServiceOutcome("s", Action.FAILED, error="away")
    assert in_short(evaluation(outcome, policy(), NOW)) == ("?", "?", "failed", "away")


@pytest.mark.parametrize(("count", "words"), [(1, "1 replica"), (0, "0 replicas"), (2, "2 replicas")])
def test_a_count_agrees_with_its_noun(count: int, words: str) -> None:
    assert counted(count, "replica") == words


def test_the_result_of_one_replica_is_no_plural() -> None:
    decision, _ = decide(policy(), seen(1, {"throughput": 40.0}), Memory(), NOW)
    outcome = ServiceOutcome("s", Action.UNCHANGED, decision)
    printed = io.StringIO()
    for part in in_full(evaluation(outcome, policy(), NOW)):
        Console(width=120, file=printed).print(part)
    assert "1 replica (1 ready), nothing to do" in printed.getvalue()


UNKNOWN: Any = "unheard_of"


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda: rule_in_words(replace(THROUGHPUT, goal=UNKNOWN)), id="a goal"),
        pytest.param(
            lambda: rule_in_words(replace(LATENCY, goal=Goal.STEPS, steps=(replace(STEPS[0], change=UNKNOWN),))),
            id="a step",
        ),
        pytest.param(lambda: behavior_in_words(behavior(at_most(1), select=UNKNOWN)), id="a choice of rates"),
        pytest.param(lambda: behavior_in_words(behavior(replace(at_most(1), unit=UNKNOWN))), id="a rate's unit"),
    ],
)
def test_what_has_no_words_is_never_written_as_something_else(write: Callable[[], str]) -> None:
    with pytest.raises((AssertionError, KeyError), match="unheard_of"):
        write()


def test_every_action_has_its_words() -> None:
    assert set(_DONE) == set(Action)
