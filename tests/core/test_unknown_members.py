"""A member of an enum that a decision does not know is a bug that shows, and is never taken for another member."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from autoscaler.core.combine import blind_candidate
from autoscaler.core.explain import describe_proposal
from autoscaler.core.memory import Memory
from autoscaler.core.model import Replicas
from autoscaler.core.policy import BlindAction, TraefikSignal, WhenBlind
from autoscaler.core.rates import rate_limit
from autoscaler.core.rules import propose, usage_ratio, wanted_replicas
from autoscaler.core.units import format_value
from tests.support.builders import NOW, STEPPED, THROUGHPUT, at_most, behavior, policy, seen

UNKNOWN: Any = "unheard_of"
FOUR = Replicas(4, 4)
RULE = replace(THROUGHPUT, goal=UNKNOWN)
STEP = replace(STEPPED, steps=(replace(STEPPED.steps[0], change=UNKNOWN),))
READING = seen(4, {"throughput": 300.0}).readings["throughput"]
PROPOSAL = propose(THROUGHPUT, READING, FOUR, policy())


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda: wanted_replicas(RULE, 300.0, FOUR), id="a goal"),
        pytest.param(lambda: usage_ratio(RULE, 300.0, FOUR), id="a goal's ratio"),
        pytest.param(lambda: describe_proposal(RULE, PROPOSAL), id="a goal in words"),
        pytest.param(lambda: wanted_replicas(STEP, 0.9, FOUR), id="a step"),
        pytest.param(lambda: propose(STEP, READING, FOUR, policy(), warming=UNKNOWN), id="a warming"),
        pytest.param(
            lambda: format_value(replace(THROUGHPUT, source=TraefikSignal(UNKNOWN, 60.0)), 1.0), id="a signal's unit"
        ),
        pytest.param(
            lambda: rate_limit(4, behavior(at_most(1), select=UNKNOWN), (), NOW, up=True),
            id="a choice of rates",
        ),
        pytest.param(
            lambda: rate_limit(4, behavior(replace(at_most(1), unit=UNKNOWN)), (), NOW, up=False), id="a rate's unit"
        ),
        pytest.param(
            lambda: blind_candidate(policy(when_blind=WhenBlind(0.0, UNKNOWN, 9)), FOUR, Memory(), NOW), id="blindness"
        ),
    ],
)
def test_it_is_refused(call: Callable[[], object]) -> None:
    with pytest.raises((AssertionError, KeyError), match="unheard_of"):
        call()


def test_the_known_fallbacks_are_what_they_were() -> None:
    wishes = {
        action: blind_candidate(policy(when_blind=WhenBlind(0.0, action, 3)), FOUR, Memory(), NOW).replicas
        for action in BlindAction
    }
    assert wishes == {BlindAction.HOLD: 4, BlindAction.AT_LEAST: 4, BlindAction.SET: 3}
