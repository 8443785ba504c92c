"""Which changes of a rehearsal are reversals."""

import pytest

from autoscaler.core.model import Decision, Reason, Replicas
from autoscaler.rehearse.run import REVERSAL_SECONDS, count_reversals


def change(at: float, desired: int) -> Decision:
    return Decision("web", at, Replicas(2, 2), desired, Reason.ABOVE_TARGET, "")


@pytest.mark.parametrize(
    ("changes", "reversals"),
    [
        pytest.param([], 0, id="none"),
        pytest.param([change(0.0, 1)], 0, id="the first change"),
        pytest.param([change(0.0, 4), change(100.0, 4)], 0, id="the same direction"),
        pytest.param([change(0.0, 4), change(100.0, 1)], 1, id="down soon after up"),
        pytest.param([change(0.0, 1), change(REVERSAL_SECONDS - 1, 4)], 1, id="up, just in time"),
        pytest.param([change(0.0, 4), change(REVERSAL_SECONDS, 1)], 0, id="too late"),
        pytest.param([change(0.0, 4), change(500.0, 4), change(700.0, 1)], 1, id="soon after the latest of two"),
    ],
)
def test_a_reversal_is_a_change_in_the_other_direction_soon_after_the_one_before(
    changes: list[Decision], reversals: int
) -> None:
    assert count_reversals(changes) == reversals
