"""The rehearsal: every candidate pays for its replicas and for what it missed; the cheapest that misses few leads."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoscaler.core.sizing.levels import BASES
from autoscaler.core.sizing.rehearsal import MARGINS, SLACK, Choice, Rehearsal, Service, elect, order, rehearse
from tests.support.examples import examples

BUDGET = 0.01
SERVICE = Service(per_replica=50.0, low=1, high=1000)
STEP = 4.0  # seconds


def needs(base: float, surely: float = 0.0, floor: float = 0.0, service: Service = SERVICE) -> array[int]:
    """The orders at the same base level for all."""
    return order((base,) * len(BASES), surely, floor, service)


def after(
    now: array[int],
    then: array[int] | None = None,
    load: float = 100.0,
    *,
    times: int = 1,
    seconds: float = STEP,
    known: Rehearsal | None = None,
) -> Rehearsal:
    known = known or Rehearsal()
    for _ in range(times):
        known = rehearse(known, now, now if then is None else then, load, seconds=seconds, per_replica=50.0)
    return known


def replicas(known: Rehearsal) -> list[int]:
    """The replicas of the first base at each margin."""
    return [round(cost / known.seconds) for cost in known.cost[: len(MARGINS)]]


def missed(known: Rehearsal) -> list[bool]:
    return [bool(each) for each in known.missed[: len(MARGINS)]]


def test_a_candidate_has_replicas_for_its_base_times_its_margin() -> None:
    assert list(needs(100.0)[: len(MARGINS)]) == [2, 2, 2, 3, 3, 4]
    assert replicas(after(needs(100.0))) == [2, 2, 2, 3, 3, 4]


def test_every_candidate_has_replicas_for_the_load_that_is_surely_there() -> None:
    assert set(needs(10.0, surely=140.0)) == {3}


def test_the_second_half_has_replicas_for_the_calendar_s_onsets() -> None:
    orders = needs(10.0, floor=400.0)
    half = len(orders) // 2
    assert list(orders) == [1] * half + [8] * half


@pytest.mark.parametrize(("low", "high", "counts"), [(3, 1000, [3, 3, 3, 3, 3, 4]), (1, 2, [2] * 6), (1, 1, [1] * 6)])
def test_no_candidate_leaves_the_bounds(low: int, high: int, counts: list[int]) -> None:
    assert list(needs(100.0, service=Service(50.0, low, high))[: len(MARGINS)]) == counts


def test_replicas_serve_only_one_start_after_they_were_ordered() -> None:
    assert missed(after(needs(200.0), needs(50.0))) == [True] * 3 + [False] * 3
    assert missed(after(needs(200.0))) == [False] * 6
    assert missed(after(needs(50.0), needs(200.0))) == [True] * 3 + [False] * 3  # those that go are gone at once


def test_a_replica_serves_a_little_more_than_its_target() -> None:
    most = 50.0 * (1.0 + SLACK)
    assert not any(missed(after(needs(10.0), load=most)))
    assert all(missed(after(needs(10.0), load=most + 0.1)))


def test_a_queue_outlives_its_overload_and_its_load_is_missed_too() -> None:
    known = after(needs(10.0), load=300.0)
    later = after(needs(10.0), load=40.0, known=known)
    assert later.missed[0] > known.missed[0]
    much_later = after(needs(10.0), load=40.0, known=later, times=100)
    assert after(needs(10.0), load=40.0, known=much_later).missed[0] == much_later.missed[0]


def test_newer_loads_weigh_more() -> None:
    old = after(needs(100.0), times=100)
    assert replicas(after(needs(1000.0), load=1000.0, seconds=48 * 3600.0, known=old))[0] > 15


def test_the_weights_never_overflow() -> None:
    known = after(needs(100.0), seconds=48 * 3600.0, times=100)
    assert known.weight < 1e12
    assert replicas(known) == [2, 2, 2, 3, 3, 4]


def judged(
    cost: Sequence[float], miss: Sequence[float], before: Choice | None = None, *, calendar: bool = True
) -> Choice:
    """The choice among the first bases with these mean costs at all margins, and these shares missed at each margin."""
    known, size = Rehearsal(load=1000.0, seconds=1000.0), len(MARGINS)
    costs, misses = known.cost[:], known.missed[:]
    for index in range(len(costs)):
        base, margin = divmod(index, size)
        costs[index] = 1000.0 * (cost[base] if base < len(cost) else 1e9) * (1.0 + margin / 10)
        misses[index] = 1000.0 * miss[margin]
    known = replace(known, cost=costs, missed=misses)
    return elect(known, before or Choice(), BUDGET, 1.0, calendar=calendar)


KEEPS_ALL = [0.0] * 6


def test_the_cheapest_base_leads() -> None:
    choice = judged([5.0, 4.0, 3.0, 3.5, 6.0], KEEPS_ALL)
    assert (choice.base, choice.margin, choice.calendar, choice.replicas) == (2, MARGINS[0], False, 3.0)


def test_the_calendar_leads_when_it_is_cheaper_and_is_asked_for() -> None:
    costs = [5.0, 4.0, 5.0, 5.0, 5.0, 5.0, 5.0, 2.0]
    choice = judged(costs, KEEPS_ALL, Choice(base=4))
    assert (choice.base, choice.calendar, choice.calendar_cost) == (2, True, 0.5)
    without = judged(costs, KEEPS_ALL, Choice(base=4), calendar=False)
    assert (without.base, without.calendar, without.calendar_cost) == (1, False, 1.0)


def test_the_leader_stays_while_it_is_hardly_dearer() -> None:
    before = Choice(base=1, margin=1.0)
    stays = judged([4.0, 4.1], KEEPS_ALL, before)
    assert stays.base == 1
    assert stays.replicas == pytest.approx(4.1)
    assert judged([4.0, 4.2], KEEPS_ALL, before).base == 0


@pytest.mark.parametrize(
    ("miss", "low", "high"),
    [
        pytest.param([0.0] * 6, 0.8, 0.8, id="the least margin"),
        pytest.param([0.04, 0.01, 0.0, 0.0, 0.0, 0.0], 0.9, 0.9, id="one that just keeps it"),
        pytest.param([0.9, 0.5, 0.1, 0.001, 0.0, 0.0], 1.0, 1.2, id="between two"),
        pytest.param([0.9, 0.5, 0.4, 0.3, 0.2, 0.1], 1.8, 1.8, id="the most, if none keeps it"),
    ],
)
def test_the_margin_is_the_least_that_keeps_the_budget(miss: list[float], low: float, high: float) -> None:
    choice = judged([4.0], miss)
    assert choice.margin is not None
    assert low - 1e-6 <= choice.margin <= high + 1e-6


def test_what_no_margin_keeps_is_charged_by_how_much_it_misses() -> None:
    """So that an impossible budget does not make the safest lead at any price."""
    known = Rehearsal(load=1000.0, seconds=1000.0)
    size, costs, misses = len(MARGINS), known.cost[:], known.missed[:]
    for index in range(len(costs)):
        first = index < size
        costs[index], misses[index] = (4000.0, 11.0) if first else (9000.0, 10.0)
    choice = elect(replace(known, cost=costs, missed=misses), Choice(base=3), BUDGET, 1.0, calendar=False)
    assert (choice.base, choice.margin, choice.missed_share, choice.replicas) == (0, MARGINS[-1], 0.011, 4.0)


def test_without_any_load_the_choice_stays() -> None:
    assert elect(Rehearsal(), Choice(base=4), BUDGET, 50.0, calendar=True) == Choice(base=4)


@examples(50)
@given(st.lists(st.floats(0.1, 500.0), min_size=30, max_size=60), st.floats(0.01, 1000.0))
def test_the_choice_is_the_same_in_any_unit_of_load(loads: list[float], unit: float) -> None:
    def chosen(scale: float) -> Choice:
        known, service = Rehearsal(), Service(scale * 50.3, 1, 1000)
        for before, load in zip([loads[0], *loads], loads, strict=False):
            now, then = (needs(scale * each, service=service) for each in (max(load, before), before))
            known = rehearse(known, now, then, scale * load, seconds=STEP, per_replica=service.per_replica)
        return elect(known, Choice(), BUDGET, service.per_replica, calendar=True)

    plain, scaled = chosen(1.0), chosen(unit)
    assert (scaled.base, scaled.calendar) == (plain.base, plain.calendar)
    assert scaled.margin == pytest.approx(plain.margin, rel=1e-3)
