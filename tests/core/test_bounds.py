"""What an operator asks for keeps to what the policy allows at that moment, whoever is asked."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from autoscaler.core.limits import beyond_bounds
from autoscaler.core.schedule import Schedule
from tests.support.builders import policy

OFFICE = Schedule("0 8 * * *", 10 * 3600.0, ZoneInfo("UTC"), min_replicas=4, max_replicas=20)
POLICY = replace(policy(low=1, high=10), schedules=(OFFICE,))
DAY, NIGHT = (datetime(2026, 3, 2, hour, tzinfo=UTC).timestamp() for hour in (12, 22))


@pytest.mark.parametrize(("replicas", "now"), [(4, DAY), (20, DAY), (1, NIGHT), (10, NIGHT)])
def test_a_count_within_the_bounds_of_the_moment_is_allowed(replicas: int, now: float) -> None:
    assert beyond_bounds(POLICY, replicas, now) is None


@pytest.mark.parametrize(
    ("replicas", "now", "message"),
    [
        (3, DAY, "userservice: 3 is outside replicas 4 to 20 of its policy (schedule 0 8 * * * UTC)"),
        (21, DAY, "userservice: 21 is outside replicas 4 to 20 of its policy (schedule 0 8 * * * UTC)"),
        (11, NIGHT, "userservice: 11 is outside replicas 1 to 10 of its policy"),
    ],
)
def test_a_count_outside_the_bounds_of_the_moment_is_refused(replicas: int, now: float, message: str) -> None:
    assert beyond_bounds(POLICY, replicas, now) == message
