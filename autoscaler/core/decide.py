"""The decision: rules -> combine -> limits. One pure function drives the daemon, replays and simulations alike."""

from dataclasses import replace

from autoscaler.core.combine import Candidate, blind_candidate, combine, is_unseen
from autoscaler.core.conclude import conclude, conclude_forced, conclude_overridden
from autoscaler.core.context import DecisionContext
from autoscaler.core.memory import LONGEST_START_SECONDS, Memory, observe_blindness, observe_count
from autoscaler.core.model import Decision, Observation, Override, Proposal, Reading, ReadingKind, Reason, Sizing
from autoscaler.core.policy import Policy, Rule
from autoscaler.core.rules import Warming, propose
from autoscaler.core.schedule import Bounds
from autoscaler.core.sizing.sizing import SETTLING_SECONDS, Starts, learn, size
from autoscaler.core.sizing.surge import observe_surge

_NOT_MEASURED = Reading(ReadingKind.ERROR, note="not measured")


def decide(
    policy: Policy, observation: Observation, memory: Memory, now: float, override: Override | None = None
) -> tuple[Decision, Memory]:
    """Return the decision for one service at `now` (unix seconds), and the memory for the next one.

    The same arguments give the same result. The desired count is always within the present bounds, except 0 for a
    service without any replica. A missing reading never lowers it. An override replaces the rules until its end, within
    the bounds and caps; a stopped service stays stopped.
    """
    replicas = observation.replicas
    bounds = policy.bounds_at(now)
    memory = _observe(policy, observation, memory, now)
    sizing = size(policy, memory.learned)
    proposals = propose_all(policy, observation, memory, sizing, now)
    candidate = combine(proposals, replicas.count)
    if candidate is None and is_unseen(proposals):
        candidate = Candidate(replicas.count, Reason.UNSEEN)
    memory = observe_surge(policy, observation, memory, sizing, now)
    memory = _note_burst(policy, proposals, replicas.count, memory, now)
    memory = observe_blindness(memory, now, blind=candidate is None)
    if override is not None and now >= override.until:
        override = None
    context = DecisionContext(policy, bounds, replicas, proposals, memory, now, sizing, override)
    forced = _without_readings(bounds, replicas.count)
    if forced is not None and (override is None or forced.reason is Reason.STOPPED):
        return conclude_forced(context, forced)
    candidate = candidate or blind_candidate(policy, replicas, memory, now)
    if override is not None:
        return conclude_overridden(context, candidate, override)
    return conclude(context, candidate)


def _observe(policy: Policy, observation: Observation, memory: Memory, now: float) -> Memory:
    memory = observe_count(memory, observation.replicas, now, policy)
    change = memory.change
    settled = change is None or (change.ready_at is not None and now - change.ready_at >= SETTLING_SECONDS)
    learned = learn(policy, observation, memory.learned, Starts(memory.start_seconds, settled), now)
    return memory if learned is memory.learned else replace(memory, learned=learned)


def propose_all(
    policy: Policy, observation: Observation, memory: Memory, sizing: Sizing | None, now: float
) -> tuple[Proposal, ...]:
    """Return each rule's proposal, in the policy's order; the sized rule's target is the learned load per replica."""
    readings, replicas = observation.readings, observation.replicas
    proposals = []
    for rule in policy.rules:
        sized = sizing if sizing is not None and sizing.rule == rule.name else None
        if sized is not None and sized.sure_load is None:
            rule, sized = replace(rule, target=sized.per_replica), None  # noqa: PLW2901  the learned capacity alone
        reading, burst = readings.get(rule.name, _NOT_MEASURED), readings.get(rule.burst_name) if rule.burst else None
        warming = warming_of(rule, memory, now)
        proposals.append(propose(rule, reading, replicas, policy, warming=warming, burst=burst, sizing=sized))
    return tuple(proposals)


def warming_of(rule: Rule, memory: Memory, now: float) -> Warming:
    """Return whether the rule's window still reaches back before the last change was in effect.

    A fall in effect forbids a further fall only: it may be a foreign change, made without knowledge of the load.
    """
    change = memory.change
    if change is None or not rule.depends_on_replicas:
        return Warming.NO
    if change.ready_at is None:
        return Warming.RAISED if now - change.decided_at < LONGEST_START_SECONDS else Warming.NO
    if now - change.ready_at >= rule.source.window_seconds:
        return Warming.NO
    return Warming.RAISED if change.raised else Warming.LOWERED


def _note_burst(policy: Policy, proposals: tuple[Proposal, ...], count: int, memory: Memory, now: float) -> Memory:
    """Record until when a burst that raises forbids lowering: for one long window."""
    until = memory.burst_until or now
    for rule, proposal in zip(policy.rules, proposals, strict=True):
        if proposal.burst and (proposal.replicas or 0) > count:
            until = max(until, now + rule.source.window_seconds)
    return memory if until == (memory.burst_until or now) else replace(memory, burst_until=until)


def _without_readings(bounds: Bounds, count: int) -> Candidate | None:
    """Return the candidate that the bounds alone require, before any reading (HPA does this first, too)."""
    if count == 0:
        return Candidate(0, Reason.STOPPED)
    if count < bounds.low:
        return Candidate(bounds.low, Reason.BELOW_MIN)
    if count > bounds.high:
        return Candidate(bounds.high, Reason.ABOVE_MAX)
    return None
