"""Several proposals make one wish: the highest wins, because too many replicas cost less than too few."""

from dataclasses import dataclass

from autoscaler.core.memory import Memory
from autoscaler.core.model import AppliedLimit, Limit, Proposal, Reason, Replicas
from autoscaler.core.policy import BlindAction, Policy


@dataclass(frozen=True, slots=True)
class Candidate:
    """A count before any limit, why, and the rule behind it."""

    replicas: int
    reason: Reason
    winner: Proposal | None = None
    limits: tuple[AppliedLimit, ...] = ()


def combine(proposals: tuple[Proposal, ...], count: int) -> Candidate | None:
    """Return the highest usable proposal (at a tie the first rule's), or None when there is none; caps do not vote."""
    winner, most = None, -1
    for proposal in proposals:
        if proposal.replicas is not None and proposal.replicas > most and not proposal.cap:
            winner, most = proposal, proposal.replicas
    if winner is None:
        return None
    return Candidate(most, _reason(winner, most, count), winner, _held(winner, count))


_HELD_BY = {Limit.TOLERANCE: Reason.WITHIN_TOLERANCE, Limit.WARM_UP: Reason.WARMING_UP}


def _reason(winner: Proposal, wanted: int, count: int) -> Reason:
    if wanted > count:
        return Reason.ABOVE_TARGET
    if wanted < count:
        return Reason.BELOW_TARGET
    return Reason.STEADY if winner.held_by is None else _HELD_BY[winner.held_by]


def _held(winner: Proposal, count: int) -> tuple[AppliedLimit, ...]:
    if winner.held_by is None or winner.unheld is None:
        return ()
    if winner.held_by is Limit.TOLERANCE:
        note = f"{winner.rule} is within tolerance of its target"
    else:
        note = f"{winner.rule} still measures the time before the last change"
    return (AppliedLimit(winner.held_by, winner.unheld, count, note),)


def blind_wish(policy: Policy, replicas: Replicas, memory: Memory, now: float) -> Candidate:
    """Return what to do without any usable reading: hold, and after a while what `when_blind` says."""
    fallback = policy.when_blind
    since = now if memory.blind_since is None else memory.blind_since
    if fallback.action is BlindAction.HOLD or now - since < fallback.after_seconds:
        return Candidate(replicas.count, Reason.BLIND)
    wanted = max(fallback.replicas, replicas.count if fallback.action is BlindAction.AT_LEAST else 0)
    reason = Reason.BLIND if wanted == replicas.count else Reason.BLIND_FALLBACK
    return Candidate(wanted, reason)
