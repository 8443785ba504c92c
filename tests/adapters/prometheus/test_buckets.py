"""A threshold among Traefik's buckets: on a bound, between two, below the lowest, above the highest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoscaler.adapters.prometheus.buckets import Buckets, Part, longest
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


def counted(protocol: str, *counts: tuple[str, float]) -> list[Sample]:
    return [Sample({"le": bound, "protocol": protocol}, 0.0, value) for bound, value in counts]


INF, NAN = ("+Inf", 40.0), float("nan")


@pytest.mark.parametrize(
    ("samples", "seconds"),
    [
        pytest.param(counted("http", ("0.1", 40), ("0.3", 40), ("5", 40), INF), 0.1, id="all in the lowest"),
        pytest.param(counted("http", ("0.1", 20), ("0.3", 39.9999999), ("5", 40), INF), 0.3, id="all but a rounding"),
        pytest.param(counted("http", ("0.1", 20), ("0.3", 39), ("5", 40), INF), 5.0, id="one was longer"),
        pytest.param(counted("http", ("0.1", 20), ("5", 39), INF), None, id="one was longer than any bucket"),
        pytest.param(counted("http", ("0.1", 0), ("+Inf", 0)), None, id="no requests"),
        pytest.param(counted("http", ("0.1", NAN), ("+Inf", NAN)), None, id="no numbers"),
        pytest.param([], None, id="unknown to Prometheus"),
        pytest.param([*counted("http", ("0.1", 40), INF), *counted("websocket", ("0.1", 0))], None, id="websockets"),
        pytest.param(counted("http", ("5", 20), ("5.0", 20), INF), 5.0, id="two notations"),
    ],
)
def test_the_longest_request_is_within_the_lowest_bucket_that_has_them_all(
    samples: list[Sample], seconds: float | None
) -> None:
    assert longest(samples) == seconds
