"""The limits: each may change the wanted count, and says why. Assembled in one place, `GUARDS` and `LIMITS`."""

from collections.abc import Callable, Iterable

from autoscaler.core.memory import recent
from autoscaler.core.model import AppliedLimit, Limit
from autoscaler.core.policy import SelectPolicy
from autoscaler.core.rates import scale_down_limit, scale_up_limit
from autoscaler.core.situation import Situation

Outcome = tuple[int, str]  # the allowed count, and why in words
LimitFunction = Callable[[Situation, int], Outcome]


def missing_reading(situation: Situation, wanted: int) -> Outcome:
    """Lower only if every rule has a usable reading: what is not seen may be load (HPA does the same)."""
    count = situation.replicas.count
    missing = [proposal for proposal in situation.proposals if proposal.replicas is None]
    if not missing or wanted >= count:
        return wanted, ""
    names = ", ".join(f"{proposal.rule} ({proposal.reading.kind})" for proposal in missing)
    return count, f"nothing is lowered without a reading of {names}"


def not_ready(situation: Situation, wanted: int) -> Outcome:
    """Lower only while some replica serves: with none, Traefik measures no load although there may be some."""
    count = situation.replicas.count
    if situation.replicas.ready > 0 or wanted >= count:
        return wanted, ""
    return count, "nothing is lowered while no replica is ready"


def stabilization(situation: Situation, wanted: int) -> Outcome:
    """Follow the least of the up window and the greatest of the down window (HPA's stabilizeRecommendation)."""
    count = situation.replicas.count
    least = min(_recommended(situation, up=True), default=wanted)
    greatest = max(_recommended(situation, up=False), default=wanted)
    if count < least:
        stabilized = least
    elif count > greatest:
        stabilized = greatest
    else:
        stabilized = count
    if stabilized == wanted:
        return wanted, ""
    return stabilized, _stabilization_note(situation, up=wanted > count)


def _recommended(situation: Situation, *, up: bool) -> list[int]:
    window_seconds = situation.policy.behavior(up=up).stabilization_window_seconds
    latest = situation.memory.recommendations[-1:]
    in_window = recent(situation.memory.recommendations, situation.now, window_seconds)
    return [moment.replicas for moment in (*in_window, *latest)]


def _stabilization_note(situation: Situation, *, up: bool) -> str:
    name = "scale_up" if up else "scale_down"
    window_seconds = situation.policy.behavior(up=up).stabilization_window_seconds
    return f"{name}.stabilization_window holds for {window_seconds:g} s"


def rate(situation: Situation, wanted: int) -> Outcome:
    """Go no further than the rate policies of that direction allow."""
    count = situation.replicas.count
    if wanted == count:
        return wanted, ""
    up = wanted > count
    behavior = situation.policy.behavior(up=up)
    limit = (scale_up_limit if up else scale_down_limit)(count, behavior, situation.memory.changes, situation.now)
    if limit is None or (wanted <= limit if up else wanted >= limit):
        return wanted, ""
    return limit, _rate_note(behavior.select_policy, limit, up=up)


def _rate_note(select_policy: SelectPolicy, limit: int, *, up: bool) -> str:
    name = "scale_up" if up else "scale_down"
    if select_policy is SelectPolicy.DISABLED:
        return f"{name}.select_policy is disabled"
    return f"{name}.policies allow {limit} now"


def bounds(situation: Situation, wanted: int) -> Outcome:
    """Stay within the policy's replicas."""
    low, high = situation.policy.min_replicas, situation.policy.max_replicas
    if wanted > high:
        return high, f"replicas.max is {high}"
    if wanted < low:
        return low, f"replicas.min is {low}"
    return wanted, ""


GUARDS: tuple[tuple[Limit, LimitFunction], ...] = (
    (Limit.MISSING_READING, missing_reading),
    (Limit.NOT_READY, not_ready),
    (Limit.BOUNDS, bounds),  # first, so that a service at its minimum is at its minimum, and not "stabilizing"
)
LIMITS: tuple[tuple[Limit, LimitFunction], ...] = (
    (Limit.STABILIZATION, stabilization),
    (Limit.RATE, rate),
    (Limit.BOUNDS, bounds),  # again: what is remembered may be of other bounds
)


def apply_limits(
    stages: Iterable[tuple[Limit, LimitFunction]], situation: Situation, wanted: int
) -> tuple[int, tuple[AppliedLimit, ...]]:
    """Pass the wanted count through the stages; return what is left of it, and each limit that changed it."""
    applied: list[AppliedLimit] = []
    for name, function in stages:
        allowed, note = function(situation, wanted)
        if allowed != wanted:
            applied.append(AppliedLimit(name, wanted, allowed, note))
        wanted = allowed
    return wanted, tuple(applied)
