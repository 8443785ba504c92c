"""Rate policies: how far one direction may go now."""

import pytest

from autoscaler.core.model import Moment
from autoscaler.core.policy import Behavior, SelectPolicy
from autoscaler.core.rates import rate_limit
from tests.support.builders import NOW, at_most, at_most_percent, behavior

HPA_UP = behavior(at_most(4), at_most_percent(100))


@pytest.mark.parametrize(
    ("count", "rates", "changes", "limit"),
    [
        pytest.param(2, HPA_UP, (), 6, id="few replicas: 4 more is the larger change"),
        pytest.param(10, HPA_UP, (), 20, id="many replicas: doubling is the larger change"),
        pytest.param(
            10, behavior(at_most(4), at_most_percent(100), select=SelectPolicy.MIN), (), 14, id="min takes the smaller"
        ),
        pytest.param(6, HPA_UP, (Moment(NOW - 5, 4),), 6, id="the period's budget is used up"),
        pytest.param(6, HPA_UP, (Moment(NOW - 15, 4),), 12, id="the far edge of the period is outside"),
        pytest.param(4, HPA_UP, (Moment(NOW - 5, -2),), 12, id="what was removed in the period counts back in"),
        pytest.param(3, behavior(at_most_percent(10)), (), 4, id="a percentage rounds up to a whole replica"),
        pytest.param(10, behavior(at_most_percent(10)), (), 11, id="10 % of 10 is one, without float noise"),
        pytest.param(5, behavior(), (), None, id="no policies, no limit"),
        pytest.param(5, behavior(select=SelectPolicy.DISABLED), (), 5, id="disabled freezes the direction"),
        pytest.param(20, behavior(at_most(1)), (Moment(NOW - 1, 9),), 20, id="never below the present count"),
    ],
)
def test_scale_up_limit(count: int, rates: Behavior, changes: tuple[Moment, ...], limit: int | None) -> None:
    assert rate_limit(count, rates, changes, NOW, up=True) == limit


@pytest.mark.parametrize(
    ("count", "rates", "changes", "limit"),
    [
        pytest.param(8, behavior(at_most_percent(100)), (), 0, id="HPA's default lets everything go"),
        pytest.param(8, behavior(at_most(2)), (), 6, id="two at a time"),
        pytest.param(6, behavior(at_most(2)), (Moment(NOW - 5, -2),), 6, id="the period's budget is used up"),
        pytest.param(8, behavior(at_most(2), at_most_percent(50)), (), 4, id="max takes the larger change"),
        pytest.param(
            8, behavior(at_most(2), at_most_percent(50), select=SelectPolicy.MIN), (), 6, id="min takes the smaller"
        ),
        pytest.param(5, behavior(at_most_percent(50)), (), 2, id="a percentage rounds the remainder down"),
        pytest.param(5, behavior(), (), None, id="no policies, no limit"),
        pytest.param(5, behavior(select=SelectPolicy.DISABLED), (), 5, id="disabled freezes the direction"),
        pytest.param(3, behavior(at_most(1)), (Moment(NOW - 1, -9),), 3, id="never above the present count"),
    ],
)
def test_scale_down_limit(count: int, rates: Behavior, changes: tuple[Moment, ...], limit: int | None) -> None:
    assert rate_limit(count, rates, changes, NOW, up=False) == limit
