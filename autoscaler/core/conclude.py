"""From a wish to a decision: through guards and limits, or around them, and what is remembered of it."""

from dataclasses import replace

from autoscaler.core.combine import Wish
from autoscaler.core.explain import sentence
from autoscaler.core.guards import FALLBACK_GUARDS, GUARDS
from autoscaler.core.limits import LIMITS, apply_limits
from autoscaler.core.memory import Memory, recommend, reversals
from autoscaler.core.model import AppliedLimit, Decision, Override, Reason
from autoscaler.core.reasons import reason_of
from autoscaler.core.situation import Situation

_ONLY_KEPT = frozenset(
    {Reason.BLIND, Reason.BURSTING, Reason.MISSING_READING, Reason.NOT_READY, Reason.WARMING_UP}
)  # says nothing of how many are needed


def conclude_forced(situation: Situation, wish: Wish) -> tuple[Decision, Memory]:
    """Take the count that the bounds force, and remember it as wanted, so that it is held for a window."""
    memory = situation.memory
    if wish.reason is not Reason.STOPPED:
        memory = recommend(memory, wish.replicas, situation.now, situation.policy)
    return _decision(situation, wish), memory


def conclude(situation: Situation, wish: Wish) -> tuple[Decision, Memory]:
    """Pass a wish through the guards and limits, and remember what was wanted in between."""
    wanted, guarded = _guarded(situation, wish)
    memory = recommend(situation.memory, wanted, situation.now, situation.policy)
    situation = replace(situation, memory=memory)
    desired, limited = apply_limits(LIMITS, situation, wanted)
    applied = (*wish.limits, *guarded, *limited)
    reason = reason_of(wish.reason, applied, situation.replicas.count, desired)
    return _decision(situation, Wish(desired, reason, wish.winner, applied)), memory


def _guarded(situation: Situation, wish: Wish) -> tuple[int, tuple[AppliedLimit, ...]]:
    guards = FALLBACK_GUARDS if wish.reason is Reason.BLIND_FALLBACK else GUARDS
    return apply_limits(guards, situation, wish.replicas)


def conclude_overridden(situation: Situation, wish: Wish, override: Override) -> tuple[Decision, Memory]:
    """Take the operator's count, and remember what the rules want meanwhile, so that they go on from there.

    The operator's count itself is no recommendation, not even where a guard keeps it: then the last one stands.
    """
    wanted, guarded = _guarded(situation, wish)
    count, last = situation.replicas.count, situation.memory.recommendations[-1:]
    if last and wanted == count and reason_of(wish.reason, (*wish.limits, *guarded), count, wanted) in _ONLY_KEPT:
        wanted = last[0].replicas
    memory = recommend(situation.memory, wanted, situation.now, situation.policy)
    desired, limited = apply_limits(FALLBACK_GUARDS, situation, override.replicas)
    return _decision(situation, Wish(desired, Reason.OVERRIDE, limits=limited)), memory


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
        low=situation.bounds.low,
        high=situation.bounds.high,
        sizing=situation.sizing,
        reversals=reversals(situation.memory.changes, situation.now, situation.policy.reversals.period_seconds),
        override=situation.override,
    )
