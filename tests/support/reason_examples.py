"""One decision for each reason: the core made them, and docs/decisions.md shows them."""

from collections.abc import Mapping
from dataclasses import replace

from autoscaler.core.budget import within_budget
from autoscaler.core.combine import combine
from autoscaler.core.conclude import conclude
from autoscaler.core.context import DecisionContext
from autoscaler.core.decide import decide, propose_all
from autoscaler.core.memory import Memory, observe_count
from autoscaler.core.model import Decision, Moment, Observation, Override, ReadingKind, Reason, Sizing
from autoscaler.core.policy import BlindAction, Policy, Reversals, WhenBlind
from tests.support.builders import (
    BURSTY,
    CONNECTIONS,
    LATENCY,
    NOW,
    STEPPED,
    THROUGHPUT,
    at_most,
    behavior,
    below,
    missing,
    policy,
    seen,
)
from tests.support.timelines import Timeline

ERROR, STALE = missing(ReadingKind.ERROR), missing(ReadingKind.STALE)
BOTH = policy(THROUGHPUT, LATENCY, low=2)


def decided(which: Policy, observation: Observation, memory: Memory = Memory()) -> Decision:  # noqa: B008  frozen
    return decide(which, observation, memory, NOW)[0]


def sized(which: Policy, observation: Observation, sizing: Sizing, memory: Memory = Memory()) -> Decision:  # noqa: B008
    """The decision that follows when this is what was learned."""
    memory = observe_count(memory, observation.replicas, NOW, which)
    proposals = propose_all(which, observation, memory, sizing, NOW)
    candidate = combine(proposals, observation.replicas.count)
    bounds = which.bounds_at(NOW)
    assert candidate is not None
    return conclude(DecisionContext(which, bounds, observation.replicas, proposals, memory, NOW, sizing), candidate)[0]


def blind_for_a_minute() -> Decision:
    timeline = Timeline(policy(LATENCY, when_blind=WhenBlind(60.0, BlindAction.AT_LEAST, 4)), count=2)
    return [timeline.see({"p95": ERROR}, after=15.0) for _ in range(5)][-1]


def blind_for_a_while() -> Decision:
    timeline = Timeline(BOTH, count=4)
    timeline.see({"throughput": STALE, "p95": STALE}, after=15.0)
    return timeline.see({"throughput": STALE, "p95": STALE})


def just_raised() -> Decision:
    timeline = Timeline(policy(LATENCY), count=2)
    timeline.see({"p95": 0.6})
    return timeline.see({"p95": 0.6})


def after_a_burst() -> Decision:
    timeline = Timeline(policy(BURSTY), count=4)
    timeline.see({"throughput": 150, "throughput@burst": 400}, after=20.0)
    return timeline.see({"throughput": 150, "throughput@burst": 150})


def after_a_rise() -> Decision:
    timeline = Timeline(policy(up=behavior(at_most(2))), count=4)
    timeline.see(500)
    return timeline.see(500)


def after_many_turns() -> Decision:
    timeline = Timeline(policy(reversals=Reversals(2, 3600.0)), count=2)
    return [timeline.see(load) for load in (400, 100, 400, 100)][-1]


def beyond_the_budget() -> Decision:
    candidate = decided(policy(), seen(5, {"throughput": 400}))
    other = replace(decided(policy(), seen(5, {"throughput": 300})), service="other")
    return within_budget({"userservice": candidate, "other": other}, 10)["userservice"]


def overridden() -> Decision:
    return decide(policy(), seen(2, {"throughput": 330}), Memory(), NOW, Override(4, NOW + 1800.0))[0]


RESERVE = Sizing("throughput", 50.0, sure_load=78.0, reserve=190.0, reserve_note="190/s, the most of 10 min x 1.20")


EXAMPLES: Mapping[Reason, Decision] = {
    Reason.ABOVE_TARGET: decided(policy(), seen(2, {"throughput": 330})),
    Reason.BELOW_TARGET: decided(policy(), seen(7, {"throughput": 60})),
    Reason.BELOW_MIN: decided(policy(low=2), seen(1, {})),
    Reason.ABOVE_MAX: decided(policy(), seen(12, {})),
    Reason.BLIND_FALLBACK: blind_for_a_minute(),
    Reason.OVERRIDE: overridden(),
    Reason.SEASONAL: sized(policy(), seen(2, {"throughput": 98}), Sizing("throughput", 50.0, sure_load=78.0, floor=4)),
    Reason.HEADROOM: sized(policy(), seen(2, {"throughput": 98}), RESERVE),
    Reason.SURGING: sized(
        policy(), seen(2, {"throughput": 98}), Sizing("throughput", 50.0), Memory(surge=Moment(NOW + 30.0, 4))
    ),
    Reason.STEADY: decided(policy(), seen(2, {"throughput": 98})),
    Reason.WITHIN_TOLERANCE: decided(policy(LATENCY), seen(4, {"p95": 0.3071})),
    Reason.AT_MIN: decided(policy(low=2), seen(2, {"throughput": 0})),
    Reason.AT_MAX: decided(policy(), seen(10, {"throughput": 900})),
    Reason.CAPPED: decided(policy(THROUGHPUT, CONNECTIONS), seen(3, {"throughput": 330, "connections": 95})),
    Reason.WARMING_UP: just_raised(),
    Reason.PROJECTED: decided(policy(replace(STEPPED, steps=(*STEPPED.steps, below(0.4, 1)))), seen(2, {"p99": 0.35})),
    Reason.BURSTING: after_a_burst(),
    Reason.STABILIZING: decided(policy(down=behavior(window=300.0)), seen(7, {"throughput": 60})),
    Reason.RATE_LIMITED: after_a_rise(),
    Reason.REVERSING: after_many_turns(),
    Reason.OVER_BUDGET: beyond_the_budget(),
    Reason.MISSING_READING: decided(BOTH, seen(4, {"throughput": 60, "p95": ERROR})),
    Reason.NOT_READY: decided(policy(), seen(4, {"throughput": 60}, ready=0)),
    Reason.UNSEEN: decided(policy(), seen(4, {"throughput": missing(ReadingKind.UNSEEN)})),
    Reason.BLIND: blind_for_a_while(),
    Reason.STOPPED: decided(policy(), seen(0, {})),
}
