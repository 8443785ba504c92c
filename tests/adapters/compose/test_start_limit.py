"""How long a replica may take to be ready, without a word of the policy: as long as its healthcheck may need."""

from typing import Any

import pytest

from autoscaler.adapters.compose.healthcheck import start_limit_seconds
from tests.support.engine_answers import inspected

SECOND = 1_000_000_000


def check(**seconds: float) -> dict[str, Any]:
    return {
        "Test": ["CMD", "true"],
        **{name: value * (1 if name == "Retries" else SECOND) for name, value in seconds.items()},
    }


@pytest.mark.parametrize(
    ("healthcheck", "seconds"),
    [
        pytest.param(None, 60.0, id="without one, a minute"),
        pytest.param({"Test": ["NONE"], "StartPeriod": 300 * SECOND}, 60.0, id="one that is switched off"),
        pytest.param(check(Interval=1, Timeout=1, Retries=3), 60.0, id="a quick one: a minute at least"),
        pytest.param(check(), 180.0, id="the engine's defaults: 3 times 30 s + 30 s"),
        pytest.param(check(StartPeriod=90, Interval=5, Timeout=5, Retries=4), 130.0, id="a long start period"),
        pytest.param(check(StartPeriod=3600, Interval=5), 600.0, id="10 minutes at most"),
        pytest.param(
            {"Test": ["CMD", "true"], "Interval": None, "Timeout": None, "StartPeriod": None, "Retries": None},
            180.0,
            id="what it leaves open is the engine's default",
        ),
    ],
)
def test_without_a_limit_of_the_policy_the_healthcheck_says_it(
    healthcheck: dict[str, Any] | None, seconds: float
) -> None:
    template = inspected(Config={"Healthcheck": healthcheck})
    assert start_limit_seconds(template, None) == pytest.approx(seconds)


def test_what_the_policy_says_goes_before_the_healthcheck() -> None:
    assert start_limit_seconds(inspected(Config={"Healthcheck": check(StartPeriod=300)}), 5.0) == 5.0
