"""Durations: a number with a unit, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoscaler.formats import format_duration, parse_duration, whole_number


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("300ms", 0.3), ("5s", 5.0), ("1m30s", 90.0), ("10h", 36000.0), ("0s", 0.0), ("1.5s", 1.5), ("1d", 86400.0)],
)
def test_a_number_with_a_unit_is_a_duration(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "value", ["5", "", "s", "5 s", "-5s", "5x", "five seconds", "1s" * 33, f"{'9' * 400}d", 5, 5.0, None, True, ["5s"]]
)
def test_anything_else_is_refused_with_what_is_allowed(value: object) -> None:
    with pytest.raises(
        ValueError, match=r'must be a duration: a number with a unit \(ms, s, m, h, d\), such as "300ms"'
    ):
        parse_duration(value)


@given(st.integers(0, 10**9))
def test_what_is_written_is_read_back(milliseconds: int) -> None:
    assert parse_duration(format_duration(milliseconds / 1000)) == pytest.approx(milliseconds / 1000)


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("42", 42), ("9" * 9, 999_999_999), ("9" * 10, None), ("9" * 5000, None), ("-1", None), (7, None)],
)
def test_a_whole_number_of_foreign_text_has_nine_digits_at_most(text: object, number: int | None) -> None:
    assert whole_number(text) == number
