"""The guards: limits that apply to the candidate before it is recorded as a recommendation."""

from autoscaler.core.context import DecisionContext
from autoscaler.core.limits import Allowed, LimitFunction, bounds
from autoscaler.core.model import Limit, Proposal, Reading
from autoscaler.core.policy import Goal, Rule
from autoscaler.core.rules import ceil_replicas
from autoscaler.core.units import format_value

EAGER, CALM = 0.05, 0.06  # of a sized load: what must be missing to raise, and what is kept when lowering


def missing_reading(context: DecisionContext, wanted: int) -> Allowed:
    """Lower only if every required rule has a usable reading of its whole window: load may be unmeasured, as in HPA."""
    count = context.replicas.count
    if wanted >= count:
        return wanted, ""
    missing = [f"{each.rule} ({_why_missing(each.reading)})" for each in context.proposals if each.blocks]
    return (count, f"nothing is lowered without a reading of {', '.join(missing)}") if missing else (wanted, "")


def _why_missing(reading: Reading) -> str:
    return "part of its window" if reading.partial else reading.kind


def not_ready(context: DecisionContext, wanted: int) -> Allowed:
    """Lower only ready replicas: with none ready Traefik measures no load, with few a ratio covers only those."""
    count, ready = context.replicas.count, context.replicas.ready
    if wanted >= count:
        return wanted, ""
    if ready == 0:
        return count, "nothing is lowered while no replica is ready"
    most = 1 + context.policy.scale_up.tolerance
    above = next((each.rule for each in context.proposals if (each.ratio or 0.0) > most and not each.cap), None)
    if above is None:
        return wanted, ""
    return count, f"nothing is lowered while {above} is above its target and only {ready} of {count} are ready"


def projection(context: DecisionContext, wanted: int) -> Allowed:
    """Lower only so far that no rule would want more again with its value spread over the remaining replicas."""
    count = context.replicas.count
    if wanted >= count:
        return wanted, ""
    for rule, proposal in zip(context.policy.rules, context.proposals, strict=True):
        enough = min(_enough(context, rule, proposal), count)
        if enough > wanted:
            return enough, f"{proposal.rule} would ask for more again below {enough}"
    return wanted, ""


def _enough(context: DecisionContext, rule: Rule, proposal: Proposal) -> int:
    """Return the least count at which the rule's projected value would not raise."""
    value, sizing = proposal.reading.value, context.sizing
    if value is not None and sizing is not None and sizing.rule == rule.name and sizing.sure_load is not None:
        return ceil_replicas(sizing.sure_load * (1.0 + CALM) / sizing.per_replica)
    if value is None or not rule.spreads:
        return 0
    most = rule.target * (1.0 if rule.goal is Goal.STEPS else 1.0 + context.policy.scale_up.tolerance)
    return ceil_replicas(value * context.replicas.ready / most) if most > 0 else context.replicas.count


def burst(context: DecisionContext, wanted: int) -> Allowed:
    """Never lower in a burst, nor for one long window after it (Knative's panic mode)."""
    count, until = context.replicas.count, context.memory.burst_until
    if wanted >= count or until is None or context.now >= until:
        return wanted, ""
    return count, f"nothing is lowered for {until - context.now:.0f} s after a burst"


def headroom(context: DecisionContext, wanted: int) -> Allowed:
    """Keep replicas for the learned reserve; a little too few or too many are left as they are."""
    sizing, count = context.sizing, context.replicas.count
    if sizing is None or sizing.reserve <= 0.0:
        return wanted, ""
    exact = sizing.reserve / sizing.per_replica
    raises = wanted > count or ceil_replicas(exact * (1.0 - EAGER)) > count
    floor = ceil_replicas(exact) if raises else min(count, ceil_replicas(exact * (1.0 + CALM)))
    return (floor, f"{floor} are ready for {sizing.reserve_note}") if floor > wanted else (wanted, "")


def season(context: DecisionContext, wanted: int) -> Allowed:
    """Keep at least the need of an onset that the calendar knows, while the rehearsal is cheaper with it."""
    floor = 0 if context.sizing is None else context.sizing.floor
    return (floor, f"the season's floor is {floor}") if floor > wanted else (wanted, "")


def cap(context: DecisionContext, wanted: int) -> Allowed:
    """Want at most the lowest count of the cap rules, but at least the minimum."""
    least = context.cap
    if least is None or wanted <= least[0]:
        return wanted, ""
    allowed, index = least
    rule, proposal = context.policy.rules[index], context.proposals[index]
    value, target = format_value(rule, proposal.reading.value or 0.0), format_value(rule, proposal.target)
    return allowed, f"{rule.name} {value} at {target} per replica allows no more than {allowed}"


GUARDS: tuple[tuple[Limit, LimitFunction], ...] = (
    (Limit.MISSING_READING, missing_reading),
    (Limit.NOT_READY, not_ready),
    (Limit.PROJECTION, projection),
    (Limit.BURST, burst),
    (Limit.HEADROOM, headroom),
    (Limit.SEASON, season),
    (Limit.CAP, cap),
    (Limit.BOUNDS, bounds),  # here too, so that the reason at the minimum is "at_min", not "stabilizing"
)
FALLBACK_GUARDS = tuple(stage for stage in GUARDS if stage[0] in {Limit.CAP, Limit.BOUNDS})  # for an operator's count
