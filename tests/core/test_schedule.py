"""Schedules: bounds that move with the clock on the wall, also in the nights when that is changed."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import given
from hypothesis import strategies as st

from autoscaler.core.model import Reason
from autoscaler.core.schedule import Bounds, Schedule, bounds_at, check_cron, is_active, latest_start
from tests.support.builders import behavior, policy
from tests.support.examples import examples
from tests.support.timelines import Timeline

BERLIN, BOGOTA = ZoneInfo("Europe/Berlin"), ZoneInfo("America/Bogota")
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
OFFICE = Schedule("0 8 * * 1-5", 10 * HOUR, BOGOTA, min_replicas=4)


def utc(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("now", "active"),
    [
        pytest.param("2026-03-02T12:59:59", False, id="before 8 in Bogota"),
        pytest.param("2026-03-02T13:00:00", True, id="from 8 in Bogota on"),
        pytest.param("2026-03-02T22:59:59", True, id="for ten hours"),
        pytest.param("2026-03-02T23:00:00", False, id="and no longer"),
        pytest.param("2026-03-07T15:00:00", False, id="not on a Saturday"),
        pytest.param("2026-07-01T13:00:00", True, id="in July as in March: Bogota changes no clocks"),
    ],
)
def test_a_schedule_is_active_from_each_of_its_times_on(now: str, active: bool) -> None:
    assert is_active(OFFICE, utc(now)) is active


@pytest.mark.parametrize(
    ("cron", "hours", "began", "ended"),
    [
        pytest.param("0 8 * * *", 1, "2026-03-28T07:00", "2026-03-28T08:00", id="in winter"),
        pytest.param("0 8 * * *", 1, "2026-03-29T06:00", "2026-03-29T07:00", id="the morning after, summer"),
        pytest.param("0 1 * * *", 3, "2026-03-29T00:00", "2026-03-29T03:00", id="three hours over the gap, 1 to 5"),
        pytest.param("30 2 * * *", 1, "2026-03-29T01:00", "2026-03-29T02:00", id="a skipped time comes after the gap"),
        pytest.param("30 2 * * *", 1, "2026-10-25T00:30", "2026-10-25T01:30", id="the first of two, not the second"),
        pytest.param("30 2 * * *", 3, "2026-10-25T00:30", "2026-10-25T03:30", id="once, for three hours"),
        pytest.param("0 1 * * *", 3, "2026-10-24T23:00", "2026-10-25T02:00", id="three hours over the fold, 1 to 3"),
        pytest.param("0 8 * * *", 1, "2026-10-25T07:00", "2026-10-25T08:00", id="the morning after, winter"),
        pytest.param("0 22 * * 6", 10, "2026-03-28T21:00", "2026-03-29T07:00", id="a night with a gap"),
        pytest.param("0 22 * * 6", 10, "2026-10-24T20:00", "2026-10-25T06:00", id="a night with a fold"),
    ],
)
def test_a_day_with_a_changed_clock_in_berlin(cron: str, hours: int, began: str, ended: str) -> None:
    schedule = Schedule(cron, hours * HOUR, BERLIN, min_replicas=4)
    first, end = utc(began), utc(ended)
    active = [first - 10 * MINUTE + step * MINUTE for step in range(hours * 60 + 20)]
    assert [now for now in active if is_active(schedule, now)] == [now for now in active if first <= now < end]


crons = st.sampled_from(
    ["30 2 * * *", "0 2 * * *", "45 1,2 * * *", "*/20 * * * *", "0 * * * *", "59 2 * * 0", "10 0-4 * * *", "* * * * *"]
)
nights = st.sampled_from(
    [
        ("Europe/Berlin", "2026-03-29T01:00"),
        ("Europe/Berlin", "2026-10-25T01:00"),
        ("America/New_York", "2026-03-08T07:00"),
        ("America/New_York", "2026-11-01T06:00"),
        ("Antarctica/Troll", "2026-03-29T01:00"),
        ("Antarctica/Troll", "2026-10-25T01:00"),
        ("America/Bogota", "2026-03-29T05:00"),
    ]
)


@examples(300)
@given(crons, nights, st.integers(-300, 300))
def test_looking_back_finds_what_looking_ahead_would_have_started(
    cron: str, night: tuple[str, str], minutes: int
) -> None:
    zone, moment = ZoneInfo(night[0]), utc(night[1])
    now = moment + minutes * MINUTE
    begin = datetime.fromtimestamp(moment - 8 * DAY, zone)
    expected = None
    for time in CronSim(cron, begin):
        if time.timestamp() > now:
            break
        expected = time.timestamp()
    assert latest_start(cron, zone, int(now // MINUTE)) == expected


def test_a_time_that_never_comes_never_began() -> None:
    never = "0 0 */31 * 1#5"
    assert latest_start(never, BERLIN, 29_000_000) is None
    assert not is_active(Schedule(never, HOUR, BERLIN, min_replicas=4), utc("2026-01-01T00:00"))


@pytest.mark.parametrize("cron", ["0 8 * * 1-5", "*/5 * * * *", "0 0 L * *", "0 9 * * MON#1", "0 0 29 2 *"])
def test_cron_expressions_of_five_fields_are_allowed(cron: str) -> None:
    check_cron(cron)


@pytest.mark.parametrize("cron", ["", "0 8", "* * * * * *", "61 * * * *", "0 0 31 2 *", "0 0 */31 * 1#5", "@daily"])
def test_what_is_no_cron_or_never_comes_is_refused(cron: str) -> None:
    with pytest.raises(ValueError, match='such as "0 8'):
        check_cron(cron)


def test_a_cron_that_is_too_long_is_refused_with_its_length() -> None:
    with pytest.raises(ValueError, match="has 12001 characters; at most"):
        check_cron(f"{'0,' * 6000}0 * * * *"[:12001])


def always(**bounds: int) -> Schedule:
    return Schedule("* * * * *", HOUR, BERLIN, **bounds)


WHY = "* * * * * Europe/Berlin"


@pytest.mark.parametrize(
    ("schedules", "bounds"),
    [
        pytest.param((), Bounds(2, 10), id="none"),
        pytest.param((OFFICE,), Bounds(2, 10), id="none that is active"),
        pytest.param((always(min_replicas=4),), Bounds(4, 10, WHY), id="a min"),
        pytest.param((always(max_replicas=20),), Bounds(2, 20, "", WHY), id="a max above replicas.max"),
        pytest.param((always(min_replicas=1),), Bounds(1, 10, WHY), id="a min below replicas.min"),
        pytest.param((always(min_replicas=3, max_replicas=5),), Bounds(3, 5, WHY, WHY), id="both"),
        pytest.param((always(min_replicas=3), always(min_replicas=5)), Bounds(5, 10, WHY), id="the greatest min"),
        pytest.param((always(max_replicas=8), always(max_replicas=6)), Bounds(2, 6, "", WHY), id="the least max"),
        pytest.param(
            (always(min_replicas=8), always(max_replicas=6)), Bounds(6, 6, WHY, WHY), id="a max goes before a min"
        ),
    ],
)
def test_the_bounds_of_several_schedules(schedules: tuple[Schedule, ...], bounds: Bounds) -> None:
    assert bounds_at(2, 10, schedules, utc("2026-01-01T00:00")) == bounds


def test_a_schedule_raises_at_its_time_and_lowers_after_its_end_as_the_rules_do() -> None:
    which = policy(low=2, schedules=(OFFICE,), down=behavior(window=60.0))
    timeline = Timeline(which, count=2, now=utc("2026-03-02T12:59:45"))
    steps = [timeline.see(0, after=15.0) for _ in range(2)]
    assert [(step.desired, step.reason) for step in steps] == [(2, Reason.AT_MIN), (4, Reason.BELOW_MIN)]
    assert steps[1].sentence == "fewer replicas than replicas.min 4 (schedule 0 8 * * 1-5 America/Bogota); 2 → 4"
    assert (steps[1].low, steps[1].high) == (4, 10)
    held = timeline.see(0)
    assert held.limits[0].note == "replicas.min is 4 (schedule 0 8 * * 1-5 America/Bogota)"
    timeline.now = utc("2026-03-02T22:59:40")
    assert [timeline.see(0, after=20.0).desired for _ in range(4)] == [4, 4, 4, 2]


def test_a_maximum_that_falls_is_obeyed_at_once_and_needs_no_reading() -> None:
    night = Schedule("0 22 * * *", 8 * HOUR, BERLIN, max_replicas=3)
    timeline = Timeline(policy(schedules=(night,)), count=8, now=utc("2026-01-01T21:00"))
    decision = timeline.see({})
    assert (decision.desired, decision.reason) == (3, Reason.ABOVE_MAX)
    assert decision.sentence == "more replicas than replicas.max 3 (schedule 0 22 * * * Europe/Berlin); 8 → 3"


def test_what_is_held_from_before_never_exceeds_the_bounds_of_now() -> None:
    soon = utc("2026-01-01T21:00")
    night = Schedule("0 22 * * *", 8 * HOUR, BERLIN, max_replicas=3)
    timeline = Timeline(policy(schedules=(night,), down=behavior(window=600.0)), count=8, now=soon - 10.0)
    timeline.see(400)
    timeline.see(400)
    assert [timeline.see(400).desired for _ in range(3)] == [3, 3, 3]


def test_a_rare_time_is_found_quickly_enough_to_be_looked_for_every_minute() -> None:
    end = datetime(2026, 1, 1, tzinfo=UTC)
    found = latest_start("0 0 29 2 *", BERLIN, int((end - timedelta(days=1)).timestamp() // MINUTE))
    assert found == utc("2024-02-28T23:00")
