"""Scaling by hand keeps to what the policy allows at that moment."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from autoscaler.config.model import ServiceConfig
from autoscaler.core.schedule import Schedule
from autoscaler.errors import ConfigError
from autoscaler.ports.fleet import ServiceRef
from autoscaler.standalone.scale import check_bounds
from tests.support.builders import policy

OFFICE = Schedule("0 8 * * *", 10 * 3600.0, ZoneInfo("UTC"), min_replicas=4, max_replicas=20)
SERVICE = ServiceConfig(replace(policy(low=1, high=10), schedules=(OFFICE,)), ServiceRef("userservice"))
DAY, NIGHT = (datetime(2026, 3, 2, hour, tzinfo=UTC).timestamp() for hour in (12, 22))


@pytest.mark.parametrize(("replicas", "now"), [(4, DAY), (20, DAY), (1, NIGHT), (10, NIGHT)])
def test_a_count_within_the_bounds_of_the_moment_is_allowed(replicas: int, now: float) -> None:
    check_bounds(SERVICE, replicas, now)


@pytest.mark.parametrize(
    ("replicas", "now", "message"),
    [
        (3, DAY, "userservice: 3 is outside replicas 4 to 20 of the policy file as a schedule moves them now"),
        (11, NIGHT, "userservice: 11 is outside replicas 1 to 10 of the policy file"),
    ],
)
def test_a_count_outside_the_bounds_of_the_moment_is_refused(replicas: int, now: float, message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        check_bounds(SERVICE, replicas, now)
    assert str(refused.value) == message
