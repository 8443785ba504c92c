"""One rule and one reading make one proposal. Formulae: HPA's replica_calculator.go; steps: AWS step scaling."""

import math
from dataclasses import replace

from autoscaler.core.model import Limit, Proposal, Reading, ReadingKind, Replicas
from autoscaler.core.policy import Goal, OnMissing, Policy, Rule, StepChange

MOST_REPLICAS = 2**31 - 1  # HPA's cap: a wild reading must not overflow
_BURST_DEVIATIONS = 3.0  # of a Poisson count: what chance does once in 700 readings is no burst


def propose(
    rule: Rule,
    reading: Reading,
    replicas: Replicas,
    policy: Policy,
    *,
    warming: bool = False,
    burst: Reading | None = None,
) -> Proposal:
    """Return what `rule` wants; without a usable reading, `Proposal.replicas` is None.

    `warming`: the last change is not yet in effect over the whole window. `burst`: the short window's reading.
    """
    reading = as_fault(rule, reading)
    value = usable_value(rule, reading)
    if value is None:
        return Proposal(rule.name, reading, rule.target)
    if bursts(rule, value, burst, policy):
        assert burst is not None  # noqa: S101  a burst is one of a reading
        return replace(_proposal(rule, burst, burst.value or 0.0, replicas, policy, warming=warming), burst=True)
    return _proposal(rule, reading, value, replicas, policy, warming=warming)


def _proposal(
    rule: Rule, reading: Reading, value: float, replicas: Replicas, policy: Policy, *, warming: bool
) -> Proposal:
    ratio = usage_ratio(rule, value, replicas)
    wanted = wanted_replicas(rule, value, replicas)
    held_by = _held_by(rule, ratio, wanted, replicas.count, policy, warming=warming)
    kept = wanted if held_by is None else replicas.count
    return Proposal(rule.name, reading, rule.target, replicas=kept, ratio=ratio, unheld=wanted, held_by=held_by)


def _held_by(rule: Rule, ratio: float, wanted: int, count: int, policy: Policy, *, warming: bool) -> Limit | None:
    if wanted == count or rule.cap:
        return None
    if rule.goal is not Goal.STEPS and is_within_tolerance(ratio, policy):
        return Limit.TOLERANCE
    return Limit.WARM_UP if warming and rule.depends_on_replicas else None


def as_fault(rule: Rule, reading: Reading) -> Reading:
    """Return the reading as an error, where the operator said that an empty or NaN answer is one."""
    meaning = {ReadingKind.EMPTY: rule.on_empty, ReadingKind.NAN: rule.on_nan}.get(reading.kind)
    if meaning is not OnMissing.ERROR:
        return reading
    return Reading(ReadingKind.ERROR, age_seconds=reading.age_seconds, note=f"{reading.kind}: {reading.note}")


def usable_value(rule: Rule, reading: Reading) -> float | None:
    """Return the number to calculate with, or None: "no answer" is zero only where the operator said so."""
    if reading.kind is ReadingKind.EMPTY and rule.on_empty is OnMissing.ZERO:
        return 0.0
    if reading.kind is ReadingKind.NAN and rule.on_nan is OnMissing.ZERO:
        return 0.0
    return reading.value


def bursts(rule: Rule, value: float, burst: Reading | None, policy: Policy) -> bool:
    """Return whether the short window shows clearly more than the long one: by the threshold, and not by chance."""
    if burst is None or burst.value is None or rule.burst is None:
        return False
    chance = _BURST_DEVIATIONS * math.sqrt(max(value, 0.0) / rule.burst.window_seconds)
    return burst.value > value * policy.burst_threshold and burst.value > value + chance


def usage_ratio(rule: Rule, value: float, replicas: Replicas) -> float:
    """Return the value over what it should be: 1.0 is on target, 2.0 is twice the load."""
    if rule.goal is Goal.PER_REPLICA:
        return value / (rule.target * max(1, replicas.count))
    return value / rule.target


def wanted_replicas(rule: Rule, value: float, replicas: Replicas) -> int:
    """Return the count that would bring the rule on target, without tolerance.

    `per_replica` (HPA AverageValue): ceil(value / target). `target` (HPA Value): ceil(ready x value / target);
    with no replica ready such a ratio is what is left of the past, and never raises. `steps`: as the step says.
    """
    if rule.activation is not None and value <= rule.activation:
        return 0
    if rule.goal is Goal.PER_REPLICA:
        return ceil_replicas(value / rule.target)
    if rule.goal is Goal.STEPS:
        return _stepped(rule, value, replicas.count)
    if replicas.ready == 0:
        return min(replicas.count, ceil_replicas(replicas.count * value / rule.target))
    return ceil_replicas(replicas.ready * value / rule.target)


def _stepped(rule: Rule, value: float, count: int) -> int:
    """Return the count after the step that applies: the highest one exceeded, or the lowest one undercut."""
    above = [step for step in rule.steps if step.above and value > step.bound]
    below = [step for step in rule.steps if not step.above and value < step.bound]
    if above:
        step = max(above, key=lambda each: each.bound)
    elif below:
        step = min(below, key=lambda each: each.bound)
    else:
        return count
    if step.change is StepChange.SET:
        return step.amount
    if step.change is StepChange.ADD:
        return max(0, count + step.amount)
    part = count * abs(step.amount) / 100  # at least one replica, as AWS's MinAdjustmentMagnitude
    return max(0, count + int(math.copysign(max(1, math.floor(part)), step.amount)))


def is_within_tolerance(ratio: float, policy: Policy) -> bool:
    """Return whether the ratio is so near 1.0 that nothing should change (HPA `isWithin`)."""
    return 1 - policy.scale_down.tolerance <= ratio <= 1 + policy.scale_up.tolerance


def ceil_replicas(exact: float) -> int:
    """Round up to whole replicas, 0 to 2^31-1; noise of the last float digits does not cost a replica."""
    bounded = min(max(exact, 0.0), MOST_REPLICAS)
    return math.ceil(bounded * (1 - 1e-12))
