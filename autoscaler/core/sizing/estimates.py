"""Reports for each learned part of the sizing whether it is trusted, and so used, and why."""

from autoscaler.core.model import Estimate
from autoscaler.core.policy import Objective
from autoscaler.core.sizing import season, shadow
from autoscaler.core.sizing.learned import TRUSTED_BINS, Learned

TRUSTED_WEIGHT = TRUSTED_BINS / 2  # of slowly forgotten bins


def capacity_estimate(objective: Objective, learned: Learned) -> Estimate:
    """Return the factor on the stated load per replica; it is used from the first judged answer on."""
    if not objective.learn_capacity:
        return Estimate("capacity", trusted=False, note="objective.capacity is off")
    factor, share, why = learned.capacity.factor, learned.capacity.slow_share, learned.capacity.unjudged_note
    because = f" ({why})" if why else ""
    if learned.capacity.judged_seconds <= 0.0:
        note = f"how many answers are slow was not measured yet{because}"
        return Estimate("capacity", trusted=False, note=note)
    if learned.capacity.latest is None:
        note = f"x {factor:.2f}: how many answers are slow is not measured now{because}"
        return Estimate("capacity", trusted=True, note=note)
    note = f"x {factor:.2f}: {share:.2%} of the answers were slow, {objective.budget:.2%} may be"
    return Estimate("capacity", trusted=True, note=note)


def headroom_estimate(objective: Objective, learned: Learned, leading: shadow.Field) -> Estimate:
    """Return the leading shadow's headroom; it is used after a day of load."""
    if not objective.learn_headroom:
        return Estimate("headroom", trusted=False, note="objective.headroom is off")
    hours = learned.loads.seen * shadow.BIN_SECONDS / 3600
    if not learned.trusted:
        return Estimate("headroom", trusted=False, note=f"{hours:.1f} h of load were seen, 24 h are needed")
    best = "cheapest" if leading.missed_share <= objective.budget else "safest"
    note = (
        f"{describe_headroom(leading.headroom)}, and the most of {leading.headroom.hold_seconds:g} s: "
        f"the {best} of {shadow.SHADOWS}, would have missed {leading.missed_share:.2%}"
    )
    return Estimate("headroom", trusted=True, note=note)


def describe_headroom(headroom: shadow.Headroom) -> str:
    return f"{headroom.deviations:g} deviations above the trend of {headroom.window_seconds / 60:g} min"


def season_estimate(objective: Objective, learned: Learned) -> Estimate:
    """Return the best profile; it is used while its shadows keep the budget, and cost less or the others miss it."""
    if not objective.learn_season:
        return Estimate("season", trusted=False, note="objective.season is off")
    if not objective.learn_headroom:
        return Estimate("season", trusted=False, note="objective.headroom is off, and a season is tried against it")
    profile, seasonal = season.best(learned.profiles), learned.seasonal
    if profile is None:
        note = "no profile of an hour, a day or a week forecasts better than the latest load"
        return Estimate("season", trusted=False, note=note)
    if not learned.trusted or seasonal.leader < 0 or seasonal.weight < TRUSTED_WEIGHT:
        return Estimate("season", trusted=False, note=f"the {profile.name}'s profile is still on trial")
    cost, missed = seasonal.mean_cost / learned.plain.mean_cost, learned.plain.missed_share
    needed = cost < shadow.CHALLENGE or missed > objective.budget
    without = f"{missed:.2%}, at {cost - 1:+.1%} of the replicas"
    note = f"with the {profile.name}'s profile {seasonal.missed_share:.2%} would have been missed instead of {without}"
    return Estimate("season", trusted=needed and seasonal.missed_share <= objective.budget, note=note)
