"""A replica budget over all services, shared by max-min fairness: the smallest desired counts are met first.

Max-min fairness as in Bertsekas and Gallager, Data Networks, 6.5.2, with a floor for each service: no service gets
more at the cost of one that has less and wants more.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import replace

from autoscaler.core.explain import with_limit
from autoscaler.core.model import AppliedLimit, Decision, Limit, Reason


def within_budget(decisions: Mapping[str, Decision], total: int) -> dict[str, Decision]:
    """Return the decisions, cut so that all services together have at most `total` replicas.

    A service without a required reading keeps at least its present count, any other at least its minimum, if the
    budget suffices for these floors.
    """
    candidates = {name: decision.desired for name, decision in decisions.items()}
    floors = {name: min(decision.desired, _floor(decision)) for name, decision in decisions.items()}
    shares = share(candidates, floors, total)
    return {name: _cut(decision, shares[name], total) for name, decision in decisions.items()}


def share(candidates: Mapping[str, int], floors: Mapping[str, int], total: int) -> dict[str, int]:
    """Return each service's share, at most its candidate: first the floors, then one by one to the service with least.

    Names break ties. If the floors alone exceed `total`, the floors are shared instead.
    """
    if sum(candidates.values()) <= total:
        return dict(candidates)
    if sum(floors.values()) > total:
        return share(floors, dict.fromkeys(floors, 0), total)
    level = bisect_right(
        range(max(candidates.values())), total, key=lambda each: sum(_at(candidates, floors, each).values())
    )
    shares = _at(candidates, floors, level - 1)
    poorest = sorted(name for name, candidate in candidates.items() if shares[name] == level - 1 < candidate)
    for name in poorest[: total - sum(shares.values())]:
        shares[name] += 1
    return shares


def _at(candidates: Mapping[str, int], floors: Mapping[str, int], level: int) -> dict[str, int]:
    """Return each service's count when all are raised to that level, at most to their candidates."""
    return {name: max(floors[name], min(level, candidate)) for name, candidate in candidates.items()}


def _floor(decision: Decision) -> int:
    """Return the least count that the budget leaves: the minimum, or the present count if the load is unknown."""
    usable = [proposal for proposal in decision.proposals if proposal.replicas is not None and not proposal.cap]
    unknown = not usable or decision.replicas.ready == 0 or any(proposal.blocks for proposal in decision.proposals)
    return max(decision.low, decision.replicas.count if unknown else 0)


def _cut(decision: Decision, allowed: int, total: int) -> Decision:
    if allowed == decision.desired:
        return decision
    note = f"limits.max_replicas_total {total} leaves it {allowed}"
    limit = AppliedLimit(Limit.BUDGET, decision.desired, allowed, note)
    reason = decision.reason if allowed > decision.replicas.count else Reason.OVER_BUDGET
    return replace(
        decision,
        desired=allowed,
        reason=reason,
        limits=(*decision.limits, limit),
        sentence=with_limit(decision, limit),
    )
