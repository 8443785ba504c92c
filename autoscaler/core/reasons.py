"""Selects a decision's reason: the candidate's, or the limit that changed the outcome."""

from collections.abc import Mapping

from autoscaler.core.model import AppliedLimit, Limit, Reason

HELD_BY: Mapping[Limit, Reason] = {
    Limit.TOLERANCE: Reason.WITHIN_TOLERANCE,
    Limit.WARM_UP: Reason.WARMING_UP,
    Limit.MISSING_READING: Reason.MISSING_READING,
    Limit.NOT_READY: Reason.NOT_READY,
    Limit.PROJECTION: Reason.PROJECTED,
    Limit.BURST: Reason.BURSTING,
    Limit.HEADROOM: Reason.HEADROOM,
    Limit.SEASON: Reason.SEASONAL,
    Limit.CAP: Reason.CAPPED,
    Limit.STABILIZATION: Reason.STABILIZING,
    Limit.SURGE: Reason.SURGING,
    Limit.RATE: Reason.RATE_LIMITED,
    Limit.REVERSALS: Reason.REVERSING,
    Limit.BUDGET: Reason.OVER_BUDGET,
}


def reason_of(candidate_reason: Reason, applied: tuple[AppliedLimit, ...], count: int, desired: int) -> Reason:
    """Return why the count changes, or the limit that kept it from changing: the last that applied."""
    if not applied:
        return candidate_reason
    if desired > count:
        return next((HELD_BY[each.limit] for each in applied if each.before <= count < each.after), candidate_reason)
    if desired < count:
        return next((HELD_BY[each.limit] for each in applied if each.after < count <= each.before), candidate_reason)
    holding = applied[-1]
    if holding.limit is Limit.BOUNDS:
        return Reason.AT_MAX if holding.before > count else Reason.AT_MIN
    return HELD_BY[holding.limit]
