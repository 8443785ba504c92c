"""One rule and one reading make one proposal. Formulae: HPA's replica_calculator.go."""

import math

from autoscaler.core.model import Proposal, Reading, ReadingKind, Replicas
from autoscaler.core.policy import Goal, OnMissing, Policy, Rule

MOST_REPLICAS = 2**31 - 1  # HPA's cap: a wild reading must not overflow


def propose(rule: Rule, reading: Reading, replicas: Replicas, policy: Policy) -> Proposal:
    """Return what `rule` wants; without a usable reading, `Proposal.replicas` is None."""
    value = usable_value(rule, reading)
    if value is None:
        return Proposal(rule.name, reading, rule.target)
    ratio = usage_ratio(rule, value, replicas)
    wanted = wanted_replicas(rule, value, replicas)
    tolerated = replicas.count if is_within_tolerance(ratio, policy) else wanted
    return Proposal(rule.name, reading, rule.target, replicas=tolerated, ratio=ratio, untolerated=wanted)


def usable_value(rule: Rule, reading: Reading) -> float | None:
    """Return the number to calculate with, or None: "no answer" is zero only where the operator said so."""
    if reading.kind is ReadingKind.EMPTY and rule.on_empty is OnMissing.ZERO:
        return 0.0
    if reading.kind is ReadingKind.NAN and rule.on_nan is OnMissing.ZERO:
        return 0.0
    return reading.value


def usage_ratio(rule: Rule, value: float, replicas: Replicas) -> float:
    """Return the value over what it should be: 1.0 is on target, 2.0 is twice the load."""
    if rule.goal is Goal.TARGET:
        return value / rule.target
    return value / (rule.target * max(1, replicas.count))


def wanted_replicas(rule: Rule, value: float, replicas: Replicas) -> int:
    """Return the count that would bring the rule on target, without tolerance.

    `per_replica` (HPA AverageValue): ceil(value / target). `target` (HPA Value): ceil(ready x value / target);
    with no replica ready such a ratio is what is left of the past, and never raises.
    """
    if rule.goal is Goal.PER_REPLICA:
        return ceil_replicas(value / rule.target)
    if replicas.ready == 0:
        return min(replicas.count, ceil_replicas(replicas.count * value / rule.target))
    return ceil_replicas(replicas.ready * value / rule.target)


def is_within_tolerance(ratio: float, policy: Policy) -> bool:
    """Return whether the ratio is so near 1.0 that nothing should change (HPA `isWithin`)."""
    return 1 - policy.scale_down.tolerance <= ratio <= 1 + policy.scale_up.tolerance


def ceil_replicas(exact: float) -> int:
    """Round up to whole replicas, 0 to 2^31-1; noise of the last float digits does not cost a replica."""
    bounded = min(max(exact, 0.0), MOST_REPLICAS)
    return math.ceil(bounded * (1 - 1e-12))
