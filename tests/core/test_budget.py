"""The budget over all services: shared fairly, minima first, and whoever is not seen keeps what it has."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoscaler.core.budget import share, within_budget
from autoscaler.core.model import Decision, Limit, Observation, Reason
from tests.support.builders import CONNECTIONS, LATENCY, THROUGHPUT, missing, policy, seen
from tests.support.examples import examples
from tests.support.reason_examples import decided


@pytest.mark.parametrize(
    ("candidates", "floors", "total", "shares"),
    [
        pytest.param({"a": 4, "b": 6}, {"a": 1, "b": 1}, 10, {"a": 4, "b": 6}, id="enough for all"),
        pytest.param({"a": 9, "b": 9}, {"a": 1, "b": 1}, 10, {"a": 5, "b": 5}, id="equal candidates share equally"),
        pytest.param({"a": 2, "b": 9}, {"a": 1, "b": 1}, 10, {"a": 2, "b": 8}, id="a small candidate is met first"),
        pytest.param({"b": 9, "a": 9}, {"b": 1, "a": 1}, 11, {"b": 5, "a": 6}, id="the rest goes by name"),
        pytest.param({"a": 9, "b": 9}, {"a": 7, "b": 1}, 10, {"a": 7, "b": 3}, id="a floor is kept"),
        pytest.param({"a": 9, "b": 9, "c": 9}, {"a": 5, "b": 0, "c": 0}, 8, {"a": 5, "b": 2, "c": 1}, id="one is rich"),
        pytest.param({"a": 9, "b": 9}, {"a": 8, "b": 4}, 10, {"a": 6, "b": 4}, id="too little for the floors"),
        pytest.param({"a": 9, "b": 0}, {"a": 8, "b": 0}, 0, {"a": 0, "b": 0}, id="nothing at all"),
        pytest.param({}, {}, 5, {}, id="nobody"),
    ],
)
def test_the_least_is_raised_first(
    candidates: dict[str, int], floors: dict[str, int], total: int, shares: dict[str, int]
) -> None:
    assert share(candidates, floors, total) == shares


counts = st.integers(0, 30)
services = st.dictionaries(st.text("abcdefgh", min_size=1, max_size=2), st.tuples(counts, counts), max_size=8)


@examples(500)
@given(services, st.integers(0, 120))
def test_shares_are_fair(wanted: dict[str, tuple[int, int]], total: int) -> None:
    candidates = {name: max(pair) for name, pair in wanted.items()}
    floors = {name: min(pair) for name, pair in wanted.items()}
    shares = share(candidates, floors, total)
    if sum(floors.values()) > total:
        candidates, floors = floors, dict.fromkeys(floors, 0)
    assert sum(shares.values()) == min(total, sum(candidates.values()))
    assert all(0 <= shares[name] <= candidates[name] for name in candidates)
    assert all(shares[name] >= floors[name] for name in candidates)
    wanting = [name for name in candidates if shares[name] < candidates[name]]
    for poor in wanting:
        assert all(shares[rich] <= max(shares[poor] + 1, floors[rich]) for rich in candidates)


@examples(200)
@given(services, st.integers(0, 119))
def test_a_larger_budget_takes_from_nobody(wanted: dict[str, tuple[int, int]], total: int) -> None:
    candidates = {name: max(pair) for name, pair in wanted.items()}
    floors = {name: min(pair) for name, pair in wanted.items()}
    if sum(floors.values()) <= total:
        before, after = share(candidates, floors, total), share(candidates, floors, total + 1)
        assert all(after[name] >= before[name] for name in candidates)


def test_huge_numbers_are_not_counted_one_by_one() -> None:
    candidates = {f"service{index}": 10**9 + index for index in range(200)}
    shares = share(candidates, dict.fromkeys(candidates, 1), 10**11)
    assert set(shares.values()) == {5 * 10**8}


def decisions(**observed: Observation) -> dict[str, Decision]:
    which = policy(THROUGHPUT, low=2)
    return {name: decided(replace(which, service=name), observation) for name, observation in observed.items()}


def test_within_the_budget_nothing_is_touched() -> None:
    asked = decisions(a=seen(2, {"throughput": 200}), b=seen(4, {"throughput": 300}))
    assert within_budget(asked, 10) == asked


def test_a_cut_decision_says_so_and_keeps_its_chain_of_limits() -> None:
    cut = within_budget(decisions(a=seen(2, {"throughput": 900}), b=seen(4, {"throughput": 300})), 10)["a"]
    assert (cut.desired, cut.reason) == (5, Reason.ABOVE_TARGET)
    assert [(limit.limit, limit.before, limit.after) for limit in cut.limits] == [
        (Limit.BOUNDS, 18, 10),
        (Limit.BUDGET, 10, 5),
    ]
    assert cut.sentence == (
        "throughput 900 req/s at 50 req/s per replica wants 18; replicas.max is 10; "
        "limits.max_replicas_total 10 leaves it 5; 2 → 5"
    )


def test_what_may_not_be_raised_or_must_be_lowered_is_over_budget() -> None:
    cut = within_budget(decisions(a=seen(5, {"throughput": 400}), b=seen(7, {"throughput": 350})), 10)
    assert {name: (each.desired, each.reason) for name, each in cut.items()} == {
        "a": (5, Reason.OVER_BUDGET),
        "b": (5, Reason.OVER_BUDGET),
    }


def test_the_minimum_is_met_before_any_candidate() -> None:
    asked = decisions(a=seen(2, {"throughput": 100}), b=seen(9, {"throughput": 450}))
    assert [each.desired for each in within_budget(asked, 8).values()] == [2, 6]


@pytest.mark.parametrize(
    "unseen",
    [
        pytest.param(decided(policy(), seen(8, {"throughput": missing()})), id="blind"),
        pytest.param(
            decided(policy(THROUGHPUT, LATENCY), seen(8, {"throughput": 400, "p95": missing()})), id="half blind"
        ),
        pytest.param(decided(policy(), seen(8, {"throughput": 400}, ready=0)), id="none ready"),
        pytest.param(
            decided(policy(THROUGHPUT, CONNECTIONS), seen(8, {"throughput": missing(), "connections": 900})),
            id="only a cap",
        ),
    ],
)
def test_a_service_that_is_not_seen_keeps_what_it_has(unseen: Decision) -> None:
    asked = {"unseen": unseen, **decisions(b=seen(2, {"throughput": 450}))}
    assert {name: each.desired for name, each in within_budget(asked, 12).items()} == {"unseen": 8, "b": 4}


def test_even_those_are_cut_when_they_alone_are_too_many() -> None:
    asked = {name: decided(policy(), seen(8, {"throughput": missing()})) for name in ("a", "b")}
    assert {name: each.desired for name, each in within_budget(asked, 10).items()} == {"a": 5, "b": 5}
