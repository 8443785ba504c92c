"""Is the load even? Tables, and what holds for any counts."""

import math
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoscaler.loadtest.answers import Answer, Spread, percentile, spread
from autoscaler.loadtest.replicas import Recogniser
from autoscaler.loadtest.verdict import Balance, Verdict, at_least, at_most, judge


def judged(counts: Mapping[str, int], replicas: int) -> Verdict:
    names = tuple(name for name, count in counts.items() for _ in range(count))
    return judge([Answer(0, 0.1, 200)] * len(names), Spread(names, "a header"), replicas)


@pytest.mark.parametrize(
    ("counts", "replicas", "balance"),
    [
        ({"a": 16, "b": 14}, 2, Balance.BALANCED),
        ({"a": 21, "b": 9}, 2, Balance.BALANCED),
        ({"a": 24, "b": 6}, 2, Balance.UNEVEN),
        ({"a": 30}, 2, Balance.UNEVEN),
        ({"a": 15, "b": 15}, 3, Balance.UNEVEN),
        ({"a": 5, "b": 5}, 3, Balance.BALANCED),
        ({"a": 9}, 2, Balance.UNEVEN),
        ({"a": 8}, 2, Balance.TOO_FEW),
        ({"a": 1}, 5, Balance.TOO_FEW),
        ({"a": 30}, 1, Balance.SINGLE),
        ({"a": 30}, 0, Balance.UNKNOWN),
        ({"a": 16, "b": 14}, 0, Balance.BALANCED),
        ({"a": 16, "b": 14}, 1, Balance.BALANCED),
        ({"a": 50_000, "b": 50_000}, 2, Balance.BALANCED),
        ({"a": 51_000, "b": 49_000}, 2, Balance.UNEVEN),
    ],
)
def test_the_balance(counts: Mapping[str, int], replicas: int, balance: Balance) -> None:
    assert judged(counts, replicas).balance is balance


def test_a_replica_that_got_nothing_is_counted_in_words() -> None:
    assert judged({"a": 15, "b": 15}, 3).words == "uneven: chance alone would hardly do this; 1 of 3 replicas got none"


@given(st.integers(2, 20), st.integers(0, 300))
def test_turns_are_always_even_enough(replicas: int, requests: int) -> None:
    counts = {f"r{number}": len(range(number, requests, replicas)) for number in range(replicas)}
    if requests:
        assert judged(counts, replicas).balance in {Balance.BALANCED, Balance.TOO_FEW}


@given(st.integers(2, 10), st.integers(1, 200), st.data())
def test_the_tails_are_those_of_the_binomial_distribution(replicas: int, requests: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, requests))
    exact = [
        math.comb(requests, each) * (replicas - 1) ** (requests - each) / replicas**requests
        for each in range(requests + 1)
    ]
    assert math.isclose(at_most(count, requests, replicas), sum(exact[: count + 1]), rel_tol=1e-9)
    assert math.isclose(at_least(count, requests, replicas), sum(exact[count:]), rel_tol=1e-9)


def sticky(*names: str, clients: int = 1) -> Verdict:
    answers = [
        Answer(index % clients, 0.1, 200, cookie=name, cookie_sent=index >= clients) for index, name in enumerate(names)
    ]
    return judge(answers, Spread(names, "the cookie"), 2)


def test_a_client_that_keeps_its_cookie_is_no_imbalance() -> None:
    assert sticky(*["a"] * 30) == Verdict(Balance.STICKY, "sticky: all 30 requests went to a, as the cookie says")


def test_several_clients_each_have_their_replica() -> None:
    assert sticky("a", "b", "a", "b", clients=2).words == "sticky: each of the 2 clients stayed with its replica"


def test_a_client_that_was_moved_is_told() -> None:
    assert sticky("a", "a", "b", "b").words == "sticky, but a client was moved to another replica once"
    assert sticky("a", "b", "a").words == "sticky, but a client was moved to another replica 2 times"


def answer(status: int = 200, **facts: object) -> Answer:
    return Answer(0, 0.1, status, **facts)  # type: ignore[arg-type]


def test_one_thing_must_name_every_good_answer() -> None:
    header = {"x-served-by": "a"}
    named = [answer(headers=header, marked="web-1"), answer(headers=header), answer(502)]
    assert spread(named, Recogniser([])) == Spread(("a", "a"), "the header x-served-by")
    assert spread([answer(headers=header), answer()], Recogniser([])) == Spread()
    assert spread([answer(502), Answer(0, 5.0, error="timed out")], Recogniser([])) == Spread()


def test_a_redirect_is_no_answer_of_the_service() -> None:
    assert [answer(status).ok for status in (200, 204, 301, 404, 500)] == [True, True, False, False, False]
    assert answer(301).problem == "HTTP 301"


@pytest.mark.parametrize(
    ("share", "expected"), [(0.0, 1.0), (0.05, 1.0), (0.5, 10.0), (0.95, 19.0), (0.96, 20.0), (0.99, 20.0), (1.0, 20.0)]
)
def test_percentiles_are_durations_that_were_measured(share: float, expected: float) -> None:
    assert percentile([float(each) for each in range(20, 0, -1)], share) == expected
    assert percentile([3.0], share) == 3.0
