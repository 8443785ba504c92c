"""A threshold among Traefik's buckets: on a bound, between two, below the lowest, above the highest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoscaler.adapters.prometheus.buckets import Buckets, Part
from autoscaler.adapters.prometheus.samples import Sample


def buckets(*texts: str) -> Buckets:
    return Buckets.of([Sample({"le": text}, 0.0, 1.0) for text in texts])


@pytest.mark.parametrize(
    ("texts", "highest"),
    [
        (("0.1", "5", "+Inf"), 5.0),
        (("+Inf",), None),
        ((), None),
        (("5.0", "10.0"), 10.0),
        (("10", "9"), 10.0),
        (("x", "`|1", "", "1e1"), 10.0),
    ],
)
def test_the_highest_finite_bucket(texts: tuple[str, ...], highest: float | None) -> None:
    assert buckets(*texts).highest == highest


@pytest.mark.parametrize(
    ("threshold", "parts"),
    [
        pytest.param(0.5, (Part(("0.5",), 1.0),), id="on a bound"),
        pytest.param(5.0, (Part(("5", "5.0"), 1.0),), id="on a bound that two servers write in two ways"),
        pytest.param(0.2, (Part(("0.1",), 0.75), Part(("0.5",), 0.25)), id="between two"),
        pytest.param(0.025, (Part(("0.1",), 0.25),), id="below the lowest"),
        pytest.param(5.1, (), id="above the highest"),
    ],
)
def test_where_a_threshold_lies(threshold: float, parts: tuple[Part, ...]) -> None:
    found = buckets("0.1", "0.5", "5", "5.0", "+Inf").up_to(threshold)
    assert [part.texts for part in found] == [part.texts for part in parts]
    assert [part.weight for part in found] == pytest.approx([part.weight for part in parts])


@given(st.floats(0.001, 5.0), st.sets(st.sampled_from(["0.1", "0.3", "0.5", "1", "2.5"])))
def test_the_parts_of_a_threshold_weigh_no_more_than_all_answers(threshold: float, bounds: set[str]) -> None:
    parts = buckets("5.0", "+Inf", *bounds).up_to(threshold)
    assert 0.0 < sum(part.weight for part in parts) <= 1.0 + 1e-9


def test_without_buckets_nothing_is_said_to_be_wrong_with_them() -> None:
    assert (buckets().too_low_note(1.0), buckets().slow_note(1.0)) == (None, "")
