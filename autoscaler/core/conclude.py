"""From a candidate to a decision: applies guards and limits, and records the recommendation."""

from dataclasses import replace

from autoscaler.core.combine import Candidate
from autoscaler.core.context import DecisionContext
from autoscaler.core.explain import describe_decision
from autoscaler.core.guards import FALLBACK_GUARDS, GUARDS
from autoscaler.core.limits import LIMITS, apply_limits
from autoscaler.core.memory import Memory, recommend, reversals
from autoscaler.core.model import AppliedLimit, Decision, Override, Reason
from autoscaler.core.reasons import reason_of

_ONLY_KEPT = frozenset(
    {Reason.BLIND, Reason.BURSTING, Reason.MISSING_READING, Reason.NOT_READY, Reason.UNSEEN, Reason.WARMING_UP}
)  # reasons that keep the count without knowing the need


def conclude_forced(context: DecisionContext, candidate: Candidate) -> tuple[Decision, Memory]:
    """Decide on the count that the bounds require, and record it as a recommendation, so that it holds for a window."""
    memory = context.memory
    if candidate.reason is not Reason.STOPPED:
        memory = recommend(memory, candidate.replicas, context.now, context.policy)
    return _decision(context, candidate), memory


def conclude(context: DecisionContext, candidate: Candidate) -> tuple[Decision, Memory]:
    """Apply the guards and then the limits to a candidate, and record the count between them as a recommendation."""
    wanted, guarded = _apply_guards(context, candidate)
    memory = recommend(context.memory, wanted, context.now, context.policy)
    context = replace(context, memory=memory)
    desired, limited = apply_limits(LIMITS, context, wanted)
    applied = (*candidate.limits, *guarded, *limited)
    reason = reason_of(candidate.reason, applied, context.replicas.count, desired)
    return _decision(context, Candidate(desired, reason, candidate.winner, applied)), memory


def _apply_guards(context: DecisionContext, candidate: Candidate) -> tuple[int, tuple[AppliedLimit, ...]]:
    guards = FALLBACK_GUARDS if candidate.reason is Reason.BLIND_FALLBACK else GUARDS
    return apply_limits(guards, context, candidate.replicas)


def conclude_overridden(context: DecisionContext, candidate: Candidate, override: Override) -> tuple[Decision, Memory]:
    """Decide on the operator's count, and record what the rules want meanwhile, so that they continue from there.

    The operator's count is never a recommendation; where a guard only keeps it, the last recommendation stands.
    """
    wanted, guarded = _apply_guards(context, candidate)
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
        sentence=describe_decision(context, candidate),
        proposals=context.proposals,
        winner=candidate.winner.rule if candidate.winner else None,
        limits=candidate.limits,
        low=context.bounds.low,
        high=context.bounds.high,
        sizing=context.sizing,
        reversals=reversals(context.memory.changes, context.now, context.policy.reversals.period_seconds),
        override=context.override,
        blind=context.memory.blind_since is not None,
    )
