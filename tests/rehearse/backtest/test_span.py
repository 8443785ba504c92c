"""Which stretch of the past is replayed, in the operator's words."""

import pytest

from autoscaler.errors import ConfigError
from autoscaler.ports.metrics import Span
from autoscaler.rehearse.backtest.span import MOST_INSTANTS, choose_span

NOW = 1_700_006_400.0 + 3600.0  # 2023-11-15 01:00 UTC
HOUR = 3600.0


def chosen(since: str, until: str | None = None, step: float | None = None, *, interval: float = 5.0) -> Span:
    return choose_span(since, until, step, interval_seconds=interval, now=NOW)


@pytest.mark.parametrize(
    ("since", "until", "start", "end"),
    [
        pytest.param("1h", None, NOW - HOUR, NOW, id="an hour ago until now"),
        pytest.param("2h", "30m", NOW - 2 * HOUR, NOW - HOUR / 2, id="both ago"),
        pytest.param("2023-11-15", None, NOW - HOUR, NOW, id="a day, which begins at midnight UTC"),
        pytest.param("2023-11-15T00:30", None, NOW - HOUR / 2, NOW, id="a time without a zone is UTC"),
        pytest.param("2023-11-15T00:30:00Z", None, NOW - HOUR / 2, NOW, id="UTC by its letter"),
        pytest.param("2023-11-15T01:30+02:00", "2023-11-15T00:30", NOW - 1.5 * HOUR, NOW - HOUR / 2, id="a zone"),
        pytest.param("7d", "2023-11-14", NOW - 7 * 24 * HOUR, NOW - 25 * HOUR, id="mixed"),
    ],
)
def test_a_beginning_and_an_end(since: str, until: str | None, start: float, end: float) -> None:
    assert chosen(since, until) == Span(start, end, 5.0)


def test_a_span_is_in_whole_milliseconds() -> None:
    span = choose_span("1h", None, None, interval_seconds=5.0, now=NOW + 0.123456)
    assert (span.start, span.end) == (round(NOW - HOUR + 0.123, 3), round(NOW + 0.123, 3))


def test_it_decides_as_often_as_the_daemon_but_in_a_long_span_less_often() -> None:
    assert chosen("7d").step_seconds == 5.0
    assert chosen("30d").step_seconds == 15.0
    assert len(chosen("30d")) <= MOST_INSTANTS + 1
    assert chosen("30d", interval=30.0).step_seconds == 30.0


def test_a_stated_step_is_taken() -> None:
    assert chosen("1h", step=60.0) == Span(NOW - HOUR, NOW, 60.0)


@pytest.mark.parametrize(
    ("since", "until", "step", "message"),
    [
        pytest.param("yesterday", None, None, "--since: must be a number with a unit", id="no time"),
        pytest.param("7", None, None, "--since: must be a number with a unit", id="no unit"),
        pytest.param("2023-02-30", None, None, '--since: must be .* or a time such as "2026-02-28"', id="no such day"),
        pytest.param("1h", "later", None, "--until: must be a number with a unit", id="no end"),
        pytest.param("1h", "2h", None, "--since 1h is not before --until 2h: nothing is in between", id="backwards"),
        pytest.param("2024-01-01", None, None, "--since 2024-01-01 is not before --until now", id="still to come"),
        pytest.param("0s", None, None, "--since 0s is not before --until now", id="nothing"),
        pytest.param("1h", "2023-11-16", None, "--until 2023-11-16 is in the future", id="an end to come"),
        pytest.param("3s", None, None, "is less than one step of 5s", id="less than a step"),
        pytest.param("1h", None, 0.5, "--step: must be 1s or more, not 500ms", id="too dense a step"),
        pytest.param("30d", None, 5.0, "--step: would be more than 200,000 decisions; use 13s or more", id="too many"),
    ],
)
def test_what_is_no_stretch_of_the_past_is_refused(
    since: str, until: str | None, step: float | None, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        chosen(since, until, step)
