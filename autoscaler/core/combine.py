"""Combines proposals into one candidate: the highest wins, because too many replicas cost less than too few."""

from dataclasses import dataclass
from typing import assert_never

from autoscaler.core.memory import Memory
from autoscaler.core.model import AppliedLimit, Direction, Limit, Proposal, ReadingKind, Reason, Replicas
from autoscaler.core.policy import BlindAction, Policy
from autoscaler.core.reasons import HELD_BY


@dataclass(frozen=True, slots=True)
class Candidate:
    """A count before the limits, its reason, and the rule that proposed it."""

    replicas: int
    reason: Reason
    winner: Proposal | None = None
    limits: tuple[AppliedLimit, ...] = ()


def combine(proposals: tuple[Proposal, ...], count: int) -> Candidate | None:
    """Return the highest usable proposal (at a tie the first rule's), or None; proposals of caps do not count."""
    winner, most = None, -1
    for proposal in proposals:
        if proposal.replicas is not None and proposal.replicas > most and not proposal.cap:
            winner, most = proposal, proposal.replicas
    if winner is None:
        return None
    if winner.held_by is not None and winner.unheld is not None:
        limit = AppliedLimit(winner.held_by, winner.unheld, count, f"{winner.rule} {_NOTES[winner.held_by]}")
        return Candidate(most, HELD_BY[winner.held_by], winner, (limit,))
    reason = {Direction.UP: Reason.ABOVE_TARGET, Direction.DOWN: Reason.BELOW_TARGET, Direction.NONE: Reason.STEADY}
    return Candidate(most, reason[Direction.between(count, most)], winner)


_NOTES = {
    Limit.TOLERANCE: "is within tolerance of its target",
    Limit.WARM_UP: "still measures the time before the last change",
}


def is_unseen(proposals: tuple[Proposal, ...]) -> bool:
    """Return whether no load is seen, and no required reading is missing for another cause."""
    missing = [each for each in proposals if each.replicas is None and not each.cap]
    unseen = [each for each in missing if each.reading.kind is ReadingKind.UNSEEN]
    return bool(unseen) and all(each in unseen or not each.blocks for each in missing)


def blind_candidate(policy: Policy, replicas: Replicas, memory: Memory, now: float) -> Candidate:
    """Return the candidate without any usable reading: hold, and after `when_blind.after` the policy's fallback."""
    fallback = policy.when_blind
    since = now if memory.blind_since is None else memory.blind_since
    match fallback.action:
        case BlindAction.HOLD:
            wanted = replicas.count
        case BlindAction.AT_LEAST:
            wanted = max(fallback.replicas, replicas.count)
        case BlindAction.SET:
            wanted = fallback.replicas
        case _:
            assert_never(fallback.action)
    if wanted == replicas.count or now - since < fallback.after_seconds:
        return Candidate(replicas.count, Reason.BLIND)
    return Candidate(wanted, Reason.BLIND_FALLBACK)
