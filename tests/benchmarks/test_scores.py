"""The elasticity scores against tables that were worked out by hand."""

import pytest

from autoscaler.rehearse.run import REVERSAL_SECONDS
from benchmarks.elasticity.scores import Scores, Tally, instability


def tallied(*demand_and_supply: tuple[int, int]) -> Tally:
    tally = Tally()
    for demand, supply in demand_and_supply:
        tally.second(demand, supply)
    return tally


def scores(tally: Tally, *, slow: float = 0.0, arrived: float = 0.0, paid: float = 0.0) -> Scores:
    return tally.scores(slow=slow, arrived=arrived, paid_replica_seconds=paid, upsilon=0.0)


def test_accuracy_is_normalised_by_demand_and_timeshare_counts_seconds() -> None:
    """Four seconds: half of 2 missing, 1 of 4 missing, right, 3 times as many as 1."""
    made = scores(tallied((2, 1), (4, 3), (2, 2), (1, 3)))
    assert made.theta_u == pytest.approx(100 * (1 / 2 + 1 / 4) / 4)
    assert made.theta_o == pytest.approx(100 * 2 / 4)
    assert (made.tau_u, made.tau_o) == (50.0, 25.0)


def test_a_perfect_supply_scores_zero() -> None:
    made = scores(tallied((1, 1), (3, 3)), arrived=10.0, paid=4.0)
    assert (made.theta_u, made.theta_o, made.tau_u, made.tau_o, made.slo_violation_pct) == (0, 0, 0, 0, 0)
    assert made.cost_ratio == 1.0


def test_cost_is_what_was_paid_over_what_was_needed_and_violations_are_slow_over_all() -> None:
    made = scores(tallied((2, 4), (2, 4)), slow=3.0, arrived=200.0, paid=10.0)
    assert (made.cost_ratio, made.slo_violation_pct) == (2.5, 1.5)


def test_nothing_tallied_scores_zero_instead_of_failing() -> None:
    made = scores(Tally())
    assert (made.cost_ratio, made.slo_violation_pct, made.theta_u, made.adaptations_per_hour) == (0, 0, 0, 0)


def test_changes_are_counted_per_hour_and_soon_turned_ones_are_reversals() -> None:
    tally = tallied(*[(1, 1)] * 1800)
    tally.change(0, up=True)
    tally.change(100, up=True)  # the same way
    tally.change(200, up=False)  # back after 100 s
    tally.change(200 + REVERSAL_SECONDS, up=True)  # back, but late
    made = scores(tally)
    assert (made.adaptations_per_hour, made.reversals_per_hour) == (8.0, 2.0)


@pytest.mark.parametrize("up", [True, False])
def test_the_first_change_is_no_reversal(up: bool) -> None:
    tally = tallied((1, 1))
    tally.change(0, up=up)
    assert tally.reversals == 0


@pytest.mark.parametrize(
    ("demand", "supply", "expected"),
    [
        pytest.param([1, 2, 2, 1], [1, 2, 2, 1], 0.0, id="moves alike"),
        pytest.param([1, 2, 2, 1], [3, 3, 3, 3], 200 / 3, id="does not move with two of three moves"),
        pytest.param([1, 2], [2, 1], 100.0, id="moves against it"),
        pytest.param([1], [1], 0.0, id="a single sample moves nowhere"),
    ],
)
def test_instability_is_the_share_of_steps_that_differ_in_direction(
    demand: list[int], supply: list[int], expected: float
) -> None:
    assert instability(demand, supply) == pytest.approx(expected)
