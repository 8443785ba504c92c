"""From a wish to a decision: through guards and limits, or around them, and what is remembered of it."""

from dataclasses import replace

from autoscaler.core.combine import Candidate
from autoscaler.core.context import DecisionContext
from autoscaler.core.explain import sentence
from autoscaler.core.guards import FALLBACK_GUARDS, GUARDS
from autoscaler.core.limits import LIMITS, apply_limits
from autoscaler.core.memory import Memory, recommend, reversals
from autoscaler.core.model import AppliedLimit, Decision, Override, Reason
from autoscaler.core.reasons import reason_of

_ONLY_KEPT = frozenset(
    {Reason.BLIND, Reason.BURSTING, Reason.MISSING_READING, Reason.NOT_READY, Reason.WARMING_UP}
)  # says nothing of how many are needed


def conclude_forced(context: DecisionContext, candidate: Candidate) -> tuple[Decision, Memory]:
    """Take the count that the bounds force, and remember it as wanted, so that it is held for a window."""
    memory = context.memory
    if candidate.reason is not Reason.STOPPED:
        memory = recommend(memory, candidate.replicas, context.now, context.policy)
    return _decision(context, candidate), memory


def conclude(context: DecisionContext, candidate: Candidate) -> tuple[Decision, Memory]:
    """Pass a wish through the guards and limits, and remember what was wanted in between."""
    wanted, guarded = _guarded(context, candidate)
    memory = recommend(context.memory, wanted, context.now, context.policy)
    context = replace(context, memory=memory)
    desired, limited = apply_limits(LIMITS, context, wanted)
    applied = (*candidate.limits, *guarded, *limited)
    reason = reason_of(candidate.reason, applied, context.replicas.count, desired)
    return _decision(context, Candidate(desired, reason, candidate.winner, applied)), memory


def _guarded(context: DecisionContext, candidate: Candidate) -> tuple[int, tuple[AppliedLimit, ...]]:
    guards = FALLBACK_GUARDS if candidate.reason is Reason.BLIND_FALLBACK else GUARDS
    return apply_limits(guards, context, candidate.replicas)


def conclude_overridden(context: DecisionContext, candidate: Candidate, override: Override) -> tuple[Decision, Memory]:
    """Take the operator's count, and remember what the rules want meanwhile, so that they go on from there.

    The operator's count itself is no recommendation, not even where a guard keeps it: then the last one stands.
    """
    wanted, guarded = _guarded(context, candidate)
    count, last = context.replicas.count, context.memory.recommendations[-1:]
    if (
        last
        and wanted == count
        and reason_of(candidate.reason, (*candidate.limits, *guarded), count, wanted) in _ONLY_KEPT
    ):
        wanted = last[0].replicas
    memory = recommend(context.memory, wanted, context.now, context.policy)
    desired, limited = apply_limits(FALLBACK_GUARDS, context, override.replicas)
    return _decision(context, Candidate(desired, Reason.OVERRIDE, limits=limited)), memory


def _decision(context: DecisionContext, candidate: Candidate) -> Decision:
    return Decision(
        service=context.policy.service,
        at=context.now,
        replicas=context.replicas,
        desired=candidate.replicas,
        reason=candidate.reason,
        sentence=sentence(context, candidate),
        proposals=context.proposals,
        winner=candidate.winner.rule if candidate.winner else None,
        limits=candidate.limits,
        low=context.bounds.low,
        high=context.bounds.high,
        sizing=context.sizing,
        reversals=reversals(context.memory.changes, context.now, context.policy.reversals.period_seconds),
        override=context.override,
    )
