"""When the bounds change next: starts, ends, what overlaps, what never comes."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from autoscaler.core.calendar import next_change
from autoscaler.core.schedule import Schedule
from tests.support.builders import policy

UTC_ZONE = ZoneInfo("UTC")
BOGOTA, BERLIN = ZoneInfo("America/Bogota"), ZoneInfo("Europe/Berlin")
WORKDAYS = Schedule("0 8 * * 1-5", 36_000.0, BOGOTA, min_replicas=4)
LUNCH = Schedule("0 12 * * *", 3600.0, BOGOTA, min_replicas=6)


def moment(text: str, zone: ZoneInfo = BOGOTA) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


@pytest.mark.parametrize(
    ("schedules", "now", "at", "bounds"),
    [
        pytest.param((WORKDAYS,), "2026-01-05 07:59:59", "2026-01-05 08:00", (4, 10), id="it begins"),
        pytest.param((WORKDAYS,), "2026-01-05 08:00", "2026-01-05 18:00", (2, 10), id="it ends"),
        pytest.param((WORKDAYS,), "2026-01-09 18:00", "2026-01-12 08:00", (4, 10), id="over the weekend"),
        pytest.param((WORKDAYS, LUNCH), "2026-01-05 09:00", "2026-01-05 12:00", (6, 10), id="another on top"),
        pytest.param((WORKDAYS, LUNCH), "2026-01-05 12:30", "2026-01-05 13:00", (4, 10), id="back to the one below"),
        pytest.param(
            (Schedule("*/30 * * * *", 3600.0, BOGOTA, 4), Schedule("0 20 * * *", 60.0, BOGOTA, 5)),
            "2026-01-05 09:10",
            "2026-01-05 20:00",
            (5, 10),
            id="starts that change nothing are passed over",
        ),
        pytest.param(
            (Schedule("0 8 * * *", 90.0, BOGOTA, 4),),
            "2026-01-05 08:01",
            "2026-01-05 08:01:30",
            (2, 10),
            id="an end between two minutes",
        ),
    ],
)
def test_the_next_change(schedules: tuple[Schedule, ...], now: str, at: str, bounds: tuple[int, int]) -> None:
    change = next_change(policy(low=2, schedules=schedules), moment(now))
    assert change is not None
    assert (change.at, change.bounds.low, change.bounds.high) == (moment(at), *bounds)


def test_a_day_is_shorter_where_the_clock_is_put_forward() -> None:
    nightly = Schedule("0 1 * * *", 7200.0, BERLIN, 4)
    change = next_change(policy(low=2, schedules=(nightly,)), moment("2026-03-29 01:30", BERLIN))
    assert change is not None
    assert datetime.fromtimestamp(change.at, BERLIN).isoformat() == "2026-03-29T04:00:00+02:00"


@pytest.mark.parametrize(
    "schedules",
    [
        pytest.param((), id="no schedule"),
        pytest.param((Schedule("0 8 * * *", 3600.0, BOGOTA, min_replicas=2),), id="one that changes nothing"),
        pytest.param((Schedule("* * * * *", 3600.0, BOGOTA, min_replicas=4),), id="one that never ends"),
        pytest.param((Schedule("0 0 */31 * 1#5", 60.0, BERLIN, min_replicas=4),), id="one that never comes"),
        pytest.param((Schedule("0 0 29 2 */7", 60.0, BERLIN, min_replicas=2),), id="one that comes every 28 years"),
        pytest.param((Schedule("0 0 29 2 */7", 60.0, UTC_ZONE, min_replicas=2),) * 50, id="fifty of them"),
    ],
)
def test_there_may_be_no_change_at_all(schedules: tuple[Schedule, ...]) -> None:
    assert next_change(policy(low=2, schedules=schedules), moment("2026-01-05 09:00")) is None
