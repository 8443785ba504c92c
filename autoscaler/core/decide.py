"""The decision: rules -> combine -> limits. One pure function drives the daemon, replays and simulations alike."""

from autoscaler.core.combine import Wish, blind_wish, combine
from autoscaler.core.explain import sentence
from autoscaler.core.limits import GUARDS, LIMITS, apply_limits
from autoscaler.core.memory import recommend, see_blindness, see_count
from autoscaler.core.model import (
    AppliedLimit,
    Decision,
    Limit,
    Memory,
    Observation,
    Proposal,
    Reading,
    ReadingKind,
    Reason,
)
from autoscaler.core.policy import Policy
from autoscaler.core.rules import propose
from autoscaler.core.situation import Situation

_NOT_MEASURED = Reading(ReadingKind.ERROR, note="not measured")


def decide(policy: Policy, observation: Observation, memory: Memory, now: float) -> tuple[Decision, Memory]:
    """Return the decision for one service at `now` (unix seconds), and the memory for the next one.

    The same arguments give the same result. The desired count is never outside the policy's bounds, except 0 for a
    service that has no replica at all, and a reading that is missing never lowers it.
    """
    memory = see_count(memory, observation.replicas.count, now, policy.horizon_seconds)
    proposals = _proposals(policy, observation)
    forced = _without_readings(policy, observation.replicas.count)
    if forced is not None:
        return _decision(Situation(policy, observation.replicas, proposals, memory, now), forced), memory
    wish = combine(proposals, observation.replicas)
    memory = see_blindness(memory, now, blind=wish is None)
    wish = wish or blind_wish(policy, observation.replicas, memory, now)
    return _limited(Situation(policy, observation.replicas, proposals, memory, now), wish)


def _proposals(policy: Policy, observation: Observation) -> tuple[Proposal, ...]:
    readings = observation.readings
    return tuple(
        propose(rule, readings.get(rule.name, _NOT_MEASURED), observation.replicas, policy) for rule in policy.rules
    )


def _without_readings(policy: Policy, count: int) -> Wish | None:
    """Return what follows from the bounds alone, before any reading (HPA does this first, too)."""
    if count == 0:
        return Wish(0, Reason.STOPPED)
    if count < policy.min_replicas:
        return Wish(policy.min_replicas, Reason.BELOW_MIN)
    if count > policy.max_replicas:
        return Wish(policy.max_replicas, Reason.ABOVE_MAX)
    return None


def _limited(situation: Situation, wish: Wish) -> tuple[Decision, Memory]:
    guards = () if wish.reason is Reason.BLIND_FALLBACK else GUARDS
    wanted, guarded = apply_limits(guards, situation, wish.replicas)
    memory = recommend(situation.memory, wanted, situation.now, situation.policy.horizon_seconds)
    situation = Situation(situation.policy, situation.replicas, situation.proposals, memory, situation.now)
    desired, limited = apply_limits(LIMITS, situation, wanted)
    applied = (*wish.limits, *guarded, *limited)
    reason = _reason(wish.reason, applied, situation.replicas.count, desired)
    return _decision(situation, Wish(desired, reason, wish.winner, applied)), memory


_HELD_BY = {
    Limit.TOLERANCE: Reason.WITHIN_TOLERANCE,
    Limit.MISSING_READING: Reason.MISSING_READING,
    Limit.NOT_READY: Reason.NOT_READY,
    Limit.STABILIZATION: Reason.STABILIZING,
    Limit.RATE: Reason.RATE_LIMITED,
}


def _reason(wished: Reason, applied: tuple[AppliedLimit, ...], count: int, desired: int) -> Reason:
    """Return why the count changes, or which limit kept it from changing."""
    if desired != count:
        return wished
    holding = next((limit for limit in applied if limit.after == count), None)
    if holding is None:
        return wished
    if holding.limit is Limit.BOUNDS:
        return Reason.AT_MAX if holding.before > count else Reason.AT_MIN
    return _HELD_BY[holding.limit]


def _decision(situation: Situation, wish: Wish) -> Decision:
    return Decision(
        service=situation.policy.service,
        at=situation.now,
        replicas=situation.replicas,
        desired=wish.replicas,
        reason=wish.reason,
        sentence=sentence(situation, wish),
        proposals=situation.proposals,
        winner=wish.winner.rule if wish.winner else None,
        limits=wish.limits,
    )
