"""The guards: what keeps the rules' wish from being taken at its word, before it is remembered as a recommendation."""

from autoscaler.core.limits import LimitFunction, Outcome, bounds
from autoscaler.core.model import Limit, Proposal, ReadingKind
from autoscaler.core.policy import Goal, OnMissing, Query, Rule, Signal
from autoscaler.core.situation import Situation


def missing_reading(situation: Situation, wanted: int) -> Outcome:
    """Lower only if every required rule has a usable reading: what is not seen may be load (HPA does the same)."""
    count = situation.replicas.count
    if wanted >= count:
        return wanted, ""
    missing = [proposal for proposal in situation.proposals if blocks_lowering(situation, proposal)]
    if not missing:
        return wanted, ""
    names = ", ".join(f"{proposal.rule} ({proposal.reading.kind})" for proposal in missing)
    return count, f"nothing is lowered without a reading of {names}"


def blocks_lowering(situation: Situation, proposal: Proposal) -> bool:
    """Return whether this proposal's missing reading forbids to lower; a cap's and an optional rule's do not."""
    if proposal.replicas is not None:
        return False
    rule = next(rule for rule in situation.policy.rules if rule.name == proposal.rule)
    fault = proposal.reading.kind is ReadingKind.ERROR and OnMissing.ERROR in {rule.on_empty, rule.on_nan}
    return not rule.cap and (rule.required or fault)


def not_ready(situation: Situation, wanted: int) -> Outcome:
    """Lower only while some replica serves: with none, Traefik measures no load although there may be some."""
    count = situation.replicas.count
    if situation.replicas.ready > 0 or wanted >= count:
        return wanted, ""
    return count, "nothing is lowered while no replica is ready"


def projection(situation: Situation, wanted: int) -> Outcome:
    """Lower no further than to where no rule would ask for more again, its value spread over the fewer replicas."""
    count, ready = situation.replicas.count, situation.replicas.ready
    if wanted >= count:
        return wanted, ""
    for proposal in situation.proposals:
        enough = _enough(situation, proposal, ready, max(1, wanted), count)
        if enough > wanted:
            return enough, f"{proposal.rule} would ask for more again below {enough}"
    return wanted, ""


def _enough(situation: Situation, proposal: Proposal, ready: int, wanted: int, count: int) -> int:
    """Return the least count from `wanted` up at which the rule's projected value asks for no more."""
    rule = next(rule for rule in situation.policy.rules if rule.name == proposal.rule)
    value = proposal.reading.value
    if value is None or not spreads(rule):
        return wanted
    up = 1.0 if rule.goal is Goal.STEPS else 1.0 + situation.policy.scale_up.tolerance
    return next((few for few in range(wanted, count) if value * ready / few <= rule.target * up), count)


def spreads(rule: Rule) -> bool:
    """Return whether the rule's value is one per replica, which grows when there are fewer of them."""
    per_replica = isinstance(rule.source, Query) or rule.source.signal is Signal.LATENCY
    return per_replica and not rule.cap and (rule.goal is Goal.TARGET or _steps_of_latency(rule))


def _steps_of_latency(rule: Rule) -> bool:
    return rule.goal is Goal.STEPS and not isinstance(rule.source, Query)


def burst(situation: Situation, wanted: int) -> Outcome:
    """Never lower in a burst, nor for a whole long window after it (Knative's panic mode)."""
    count, until = situation.replicas.count, situation.memory.burst_until
    if wanted >= count or until is None or situation.now >= until:
        return wanted, ""
    return count, f"nothing is lowered for {until - situation.now:.0f} s after a burst"


def season(situation: Situation, wanted: int) -> Outcome:
    """Have at least what this time of the hour, day or week needed before, if that has proved right."""
    floor = 0 if situation.sizing is None else situation.sizing.floor
    return (floor, f"the season's floor is {floor}") if floor > wanted else (wanted, "")


def cap(situation: Situation, wanted: int) -> Outcome:
    """Want no more than the least that a cap rule allows, but never fewer than the minimum."""
    caps = [each for each in situation.proposals if each.replicas is not None and _is_cap(situation, each)]
    least = min(caps, key=lambda each: each.replicas or 0, default=None)
    if least is None or least.replicas is None:
        return wanted, ""
    allowed = max(situation.bounds.low, least.replicas)
    return (allowed, f"{least.rule} caps it at {allowed}") if wanted > allowed else (wanted, "")


def _is_cap(situation: Situation, proposal: Proposal) -> bool:
    return any(rule.cap for rule in situation.policy.rules if rule.name == proposal.rule)


GUARDS: tuple[tuple[Limit, LimitFunction], ...] = (
    (Limit.MISSING_READING, missing_reading),
    (Limit.NOT_READY, not_ready),
    (Limit.PROJECTION, projection),
    (Limit.BURST, burst),
    (Limit.SEASON, season),
    (Limit.CAP, cap),
    (Limit.BOUNDS, bounds),  # already here, so that a service at its minimum is at its minimum, and not "stabilizing"
)
