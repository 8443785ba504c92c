"""Turns one rule and one reading into one proposal. Formulae: HPA's replica_calculator.go; steps: AWS step scaling."""

import math
from enum import Enum, auto
from typing import assert_never

from autoscaler.core.model import Limit, Proposal, Reading, ReadingKind, Replicas, Sizing
from autoscaler.core.policy import Goal, OnMissing, Policy, Rule, Step, StepChange


class Warming(Enum):
    """Whether a rule's window still reaches back before the last change was in effect, and the change's direction."""

    NO = auto()
    RAISED = auto()  # or not in effect yet: neither raise nor lower
    LOWERED = auto()  # the value is rather too low: do not lower


MOST_REPLICAS = 2**31 - 1  # HPA's cap: a huge reading must not overflow
_NOISE = 1e-12  # relative; of the last float digits
_BURST_DEVIATIONS = 3.0  # of a Poisson count; chance exceeds it once in 700 readings


def propose(
    rule: Rule,
    reading: Reading,
    replicas: Replicas,
    policy: Policy,
    *,
    warming: Warming = Warming.NO,
    burst: Reading | None = None,
    sizing: Sizing | None = None,
) -> Proposal:
    """Return the proposal of `rule`; without a usable reading, `Proposal.replicas` is None.

    `warming`: whether the last change is in effect over the whole window. `burst`: the short window's reading.
    `sizing`: of a sized rule; the sure load counts in place of either, without tolerance.
    """
    if sizing is not None and burst is not None and burst.full_value is not None:
        reading = burst
    value = usable_value(rule, reading)
    if value is None or (reading.partial and rule.cap):  # a value that may be too low would cap too much
        return Proposal(rule.name, reading, rule.target, cap=rule.cap, blocks=blocks_lowering(rule, reading))
    partial = reading.partial
    if sizing is not None and sizing.sure_load is not None:
        load = max(sizing.sure_load, value) if partial else sizing.sure_load
        return _sized_proposal(rule, reading, replicas, load, sizing.per_replica)
    higher = burst_value(rule, value, burst, policy)
    if higher is not None and burst is not None:
        value, reading = higher, burst
    wanted = wanted_replicas(rule, value, replicas)
    ratio = usage_ratio(rule, value, replicas)
    near = ratio is not None and is_within_tolerance(ratio, policy) and not is_inactive(rule, value)
    held_by = _held_by(rule, wanted, replicas.count, near=near, warming=warming)
    return Proposal(
        rule.name,
        reading,
        rule.target,
        replicas=wanted if held_by is None else replicas.count,
        ratio=ratio,
        unheld=wanted,
        held_by=held_by,
        burst=higher is not None,
        cap=rule.cap,
        blocks=partial,
    )


def _sized_proposal(rule: Rule, reading: Reading, replicas: Replicas, load: float, target: float) -> Proposal:
    wanted = 0 if is_inactive(rule, load) else ceil_replicas(load / target)
    ratio = load / (target * max(1, replicas.count))
    return Proposal(rule.name, reading, target, replicas=wanted, ratio=ratio, unheld=wanted, blocks=reading.partial)


def usable_value(rule: Rule, reading: Reading) -> float | None:
    """Return the value to calculate with, or None: "no answer" is zero only where the policy declares it."""
    return 0.0 if _meaning(rule, reading) is OnMissing.ZERO else reading.value


def blocks_lowering(rule: Rule, reading: Reading) -> bool:
    """Return whether this reading forbids lowering if missing: never of a cap, of an optional rule only if a fault."""
    return not rule.cap and (rule.required or _meaning(rule, reading) is OnMissing.ERROR)


def _meaning(rule: Rule, reading: Reading) -> OnMissing | None:
    """Return what the policy declares that such a reading means; None for other kinds."""
    if reading.kind is ReadingKind.EMPTY:
        return rule.on_empty
    return rule.on_nan if reading.kind is ReadingKind.NAN else None


def burst_value(rule: Rule, value: float, burst: Reading | None, policy: Policy) -> float | None:
    """Return the short window's value if it exceeds the long one's by the threshold and by more than chance."""
    if burst is None or burst.value is None or rule.burst is None:
        return None
    chance = _BURST_DEVIATIONS * math.sqrt(max(value, 0.0) / rule.burst.window_seconds)
    return burst.value if burst.value > max(value * policy.burst_threshold, value + chance) else None


def usage_ratio(rule: Rule, value: float, replicas: Replicas) -> float | None:
    """Return the value over its target: 1.0 is on target, 2.0 is twice the load; steps have no target."""
    match rule.goal:
        case Goal.PER_REPLICA:
            return value / (rule.target * max(1, replicas.count))
        case Goal.TARGET:
            return value / rule.target
        case Goal.STEPS:
            return None
        case _:
            assert_never(rule.goal)


def wanted_replicas(rule: Rule, value: float, replicas: Replicas) -> int:
    """Return the count that brings the rule on target, without tolerance.

    `per_replica` (HPA AverageValue): ceil(value / target), of a cap rounded down. `target` (HPA Value): ceil(ready x
    value / target), without any replica ceil(value / target). `steps`: the step's count. If no replica is ready, the
    value of the last two dates from the past, and never raises.
    """
    if is_inactive(rule, value):
        return 0
    match rule.goal:
        case Goal.PER_REPLICA:
            return floor_replicas(value / rule.target) if rule.cap else ceil_replicas(value / rule.target)
        case Goal.STEPS:
            wanted = _stepped(rule, value, replicas.count)
        case Goal.TARGET:
            wanted = ceil_replicas((replicas.ready or replicas.count or 1) * value / rule.target)
        case _:
            assert_never(rule.goal)
    return min(wanted, replicas.count) if replicas.count > 0 and replicas.ready == 0 else wanted


def is_inactive(rule: Rule, value: float) -> bool:
    """Return whether the value is at most the rule's activation, so that the rule wants 0 (KEDA's term)."""
    return rule.activation is not None and value <= rule.activation


def _stepped(rule: Rule, value: float, count: int) -> int:
    """Return the count after the largest step; a step above a bound never lowers, one below never raises."""
    above = [_after(step, count) for step in rule.steps if step.above and value > step.bound]
    if above:
        return max(count, *above)
    return min([count, *(_after(step, count) for step in rule.steps if not step.above and value < step.bound)])


def _after(step: Step, count: int) -> int:
    match step.change:
        case StepChange.SET:
            return step.amount
        case StepChange.ADD:
            return max(0, count + step.amount)
        case StepChange.PERCENT:
            part = max(1, count * abs(step.amount) // 100)  # at least one replica, as AWS's MinAdjustmentMagnitude
            return max(0, count + (part if step.amount > 0 else -part))
        case _:
            assert_never(step.change)


def _held_by(rule: Rule, wanted: int, count: int, *, near: bool, warming: Warming) -> Limit | None:
    """Return the limit that holds the count. After a fall the value is too low, which never raises too far."""
    if count in {0, wanted} or rule.cap:
        return None
    if near:
        return Limit.TOLERANCE
    warms = {Warming.NO: False, Warming.RAISED: True, Warming.LOWERED: wanted < count}[warming]
    return Limit.WARM_UP if warms and rule.depends_on_replicas else None


def is_within_tolerance(ratio: float, policy: Policy) -> bool:
    """Return whether the ratio is so near 1.0 that the count should not change (HPA `isWithin`)."""
    return 1 - policy.scale_down.tolerance <= ratio <= 1 + policy.scale_up.tolerance


def ceil_replicas(exact: float) -> int:
    """Round up to whole replicas, 0 to 2^31-1; noise in the last float digits adds no replica."""
    return math.ceil(_bounded(exact) * (1 - _NOISE))


def floor_replicas(exact: float) -> int:
    """Round down to whole replicas, 0 to 2^31-1, with the same noise bound as `ceil_replicas`."""
    return math.floor(_bounded(exact) * (1 + _NOISE))


def _bounded(exact: float) -> float:
    return min(max(exact, 0.0), MOST_REPLICAS)
