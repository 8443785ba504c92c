"""The reaction benchmark's own arithmetic: the plan of the steps, the moments of each, the percentiles."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from benchmarks.reaction.plan import DEFAULT, FAST, PATHS, Mode, loads
from benchmarks.reaction.timeline import AT_REST, STAGES, NoReactionError, Notes, Step, largest_gap_seconds, step
from benchmarks.reaction.verdict import percentiles, result, sentence

REPLICA = "0123456789ab"


def entry(at: float, direction: str = "up", **changes: Any) -> dict[str, Any]:
    return {"at": at, "action": "scaled", "decision": {"direction": direction, "replicas": AT_REST}, **changes}


def event(action: str, at: float, container: str = REPLICA) -> dict[str, Any]:
    return {"Action": action, "timeNano": round(at * 1e9), "id": container + "cdef"}


def line(load: str, at: float, replica: str = "old", status: int = 200) -> dict[str, Any]:
    return {"load": load, "at": at * 1000 - 50, "took": 50, "status": status, "replica": replica}


NOTES = Notes(
    requests=[line("quiet", 1.0), line("step", 10.05), line("step", 10.2), line("quiet", 20.5, REPLICA)],
    scrapes=[4.0, 9.0, 14.0, 19.0],
    decisions=[entry(5.0), entry(14.5)],
    engine=[
        event("create", 1.0, "ffffffffffff"),
        event("create", 14.8),
        event("start", 15.3),
        event("health_status: healthy", 17.4),
    ],
)


def test_each_moment_of_a_step_is_found() -> None:
    assert step("step", NOTES) == Step("step", 10.0, 14.0, 14.0, 14.5, 14.8, 15.3, 17.4, 20.5)


def test_the_stages_add_up_to_the_whole() -> None:
    found = step("step", NOTES)
    assert list(found.stages) == list(STAGES)
    assert sum(found.stages.values()) == pytest.approx(found.served_at - found.stepped_at)


def test_the_replica_that_serves_first_is_followed_back_to_its_making() -> None:
    other = [event("create", 14.7, "aaaaaaaaaaaa"), event("start", 14.9, "aaaaaaaaaaaa")]
    late = replace(NOTES, engine=[*other, *NOTES.engine], requests=[*NOTES.requests, line("step", 21.0, "a" * 12)])
    assert step("step", late).created_at == 14.8


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"requests": NOTES.requests[:1]}, "no request"),
        ({"decisions": [entry(14.5, "down")]}, "nothing was decided from rest"),
        ({"decisions": [entry(14.5, action="held")]}, "nothing was decided from rest"),
        ({"decisions": [entry(5.0), entry(200.0)]}, "nothing was decided from rest"),
        (
            {"decisions": [entry(14.5, decision={"direction": "up", "replicas": {**AT_REST, "current": 3}})]},
            "nothing was decided from rest",
        ),
        ({"requests": NOTES.requests[:3]}, "no new replica served"),
        ({"requests": [*NOTES.requests[:3], line("quiet", 20.5, REPLICA, 502)]}, "no new replica served"),
        ({"engine": NOTES.engine[:3]}, "did not tell"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_step_without_a_reaction_says_what_is_missing(changes: Mapping[str, Any], says: str) -> None:
    with pytest.raises(NoReactionError, match=says):
        step("step", replace(NOTES, **changes))


@pytest.mark.parametrize("mode", [DEFAULT, FAST], ids=lambda mode: mode.name)
def test_steps_of_one_service_never_overlap_and_begin_at_chance_moments_that_a_seed_fixes(mode: Mode) -> None:
    plan = loads(mode, 3, seed=1)
    assert plan == loads(mode, 3, seed=1)
    assert plan != loads(mode, 3, seed=2)
    for service in PATHS:
        steps = [load for load in plan if load.service == service and load.name.startswith("step")]
        assert len(steps) == 3
        gaps = [after.start_s - before.start_s - before.duration_s for before, after in pairwise(steps)]
        assert min(gaps) >= mode.calm_seconds - mode.interval_seconds
        quiet = next(load for load in plan if load.service == service and load.name.startswith("quiet"))
        assert quiet.duration_s >= steps[-1].start_s + mode.step_seconds - mode.interval_seconds


def test_percentiles_are_interpolated_and_one_value_is_all_of_them() -> None:
    assert percentiles([float(n) for n in range(101)]) == {"p50": 50.0, "p95": 95.0, "max": 100.0}
    assert percentiles([3.0]) == {"p50": 3.0, "p95": 3.0, "max": 3.0}


def test_a_mode_is_good_when_every_one_of_enough_steps_was_served_within_the_goal() -> None:
    steps = [step("step", NOTES)] * 10
    assert result(DEFAULT, steps, [], failed=0, requests=9)["ok"] is True
    assert result(replace(DEFAULT, goal_seconds=10.4), steps, [], failed=0, requests=9)["ok"] is False
    assert result(DEFAULT, steps, ["step-1: no request"], failed=0, requests=9)["ok"] is False
    assert result(DEFAULT, steps[:9], [], failed=0, requests=9)["ok"] is False


def test_the_result_is_told_in_one_line_even_without_a_step() -> None:
    told = sentence("default", result(DEFAULT, [step("step", NOTES)] * 10, [], failed=1, requests=9))
    assert told.startswith("reaction, default: ok  10 steps; p50/p95: decided after 4.5/4.5 s, ready 7.4/7.4 s,")
    nothing = result(DEFAULT, [], ["step: no request"], failed=0, requests=0)
    assert sentence("default", nothing) == "reaction, default: failed  step: no request"
    assert nothing["ok"] is False


def test_a_missed_scrape_shows_as_a_gap() -> None:
    assert largest_gap_seconds([1.0, 6.0, 16.0]) == 10.0
    assert largest_gap_seconds([1.0]) == 0.0
