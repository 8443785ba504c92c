"""The decision: rules -> combine -> limits. One pure function drives the daemon, replays and simulations alike."""

from dataclasses import replace

from autoscaler.core.combine import Wish, blind_wish, combine
from autoscaler.core.explain import sentence
from autoscaler.core.guards import FALLBACK_GUARDS, GUARDS
from autoscaler.core.limits import LIMITS, apply_limits
from autoscaler.core.memory import LONGEST_START_SECONDS, Memory, recommend, reversals, see_blindness, see_count
from autoscaler.core.model import (
    AppliedLimit,
    Decision,
    Observation,
    Override,
    Proposal,
    Reading,
    ReadingKind,
    Reason,
    Sizing,
)
from autoscaler.core.policy import Policy, Rule
from autoscaler.core.reasons import reason_of
from autoscaler.core.rules import Warming, propose
from autoscaler.core.schedule import Bounds, bounds_at
from autoscaler.core.situation import Situation
from autoscaler.core.sizing import SETTLING_SECONDS, Starts, learn, size
from autoscaler.core.surge import see_surge

_NOT_MEASURED = Reading(ReadingKind.ERROR, note="not measured")
_ONLY_KEPT = frozenset(
    {Reason.BLIND, Reason.BURSTING, Reason.MISSING_READING, Reason.NOT_READY, Reason.WARMING_UP}
)  # says nothing of how many are needed


def decide(
    policy: Policy, observation: Observation, memory: Memory, now: float, override: Override | None = None
) -> tuple[Decision, Memory]:
    """Return the decision for one service at `now` (unix seconds), and the memory for the next one.

    The same arguments give the same result. The desired count is never outside the bounds of the moment, except 0 for
    a service that has no replica at all, and a reading that is missing never lowers it. An override goes before the
    rules until its time, within the bounds and caps; only a service that is stopped stays so.
    """
    replicas = observation.replicas
    bounds = bounds_at(policy.min_replicas, policy.max_replicas, policy.schedules, now)
    memory = _observe(policy, observation, memory, now)
    sizing = size(policy, memory.learned)
    proposals = propose_all(policy, observation, memory, sizing, now)
    wish = combine(proposals, replicas.count)
    memory = see_surge(policy, observation, memory, sizing, now)
    memory = see_blindness(_see_burst(policy, proposals, replicas.count, memory, now), now, blind=wish is None)
    situation = Situation(policy, bounds, replicas, proposals, memory, now, sizing, _in_force(override, now))
    forced = _without_readings(bounds, replicas.count)
    if forced is not None and (situation.override is None or forced.reason is Reason.STOPPED):
        return _forced(situation, forced)
    wish = wish or blind_wish(policy, replicas, memory, now)
    return conclude(situation, wish) if situation.override is None else _overridden(situation, wish, situation.override)


def _in_force(override: Override | None, now: float) -> Override | None:
    return override if override is not None and now < override.until else None


def _observe(policy: Policy, observation: Observation, memory: Memory, now: float) -> Memory:
    """Note what is seen, whatever is decided."""
    memory = see_count(memory, observation.replicas, now, policy)
    starts = Starts(memory.start_seconds, settled=_is_settled(memory, now))
    learned = learn(policy, observation, memory.learned, starts, now)
    return memory if learned is memory.learned else replace(memory, learned=learned)


def _is_settled(memory: Memory, now: float) -> bool:
    change = memory.change
    return change is None or (change.ready_at is not None and now - change.ready_at >= SETTLING_SECONDS)


def propose_all(
    policy: Policy, observation: Observation, memory: Memory, sizing: Sizing | None, now: float
) -> tuple[Proposal, ...]:
    """Return what each rule wants, in the policy's order; the sized rule aims at the learned load per replica."""
    readings, replicas, proposals = observation.readings, observation.replicas, []
    for rule in policy.rules:
        proposal = propose(
            rule if sizing is None or sizing.rule != rule.name else replace(rule, target=sizing.per_replica),
            readings.get(rule.name, _NOT_MEASURED),
            replicas,
            policy,
            warming=warming_of(rule, memory, now),
            burst=None if rule.burst is None else readings.get(rule.burst_name),
        )
        proposals.append(proposal)
    return tuple(proposals)


def warming_of(rule: Rule, memory: Memory, now: float) -> Warming:
    """Return whether the rule's window still reaches back before the last change was in effect.

    A fall that is in effect keeps from a further one only: somebody may have made it who did not know the load.
    """
    change = memory.change
    if change is None or not rule.depends_on_replicas:
        return Warming.NO
    if change.ready_at is None:
        return Warming.RAISED if now - change.decided_at < LONGEST_START_SECONDS else Warming.NO
    if now - change.ready_at >= rule.source.window_seconds:
        return Warming.NO
    return Warming.RAISED if change.raised else Warming.LOWERED


def _see_burst(policy: Policy, proposals: tuple[Proposal, ...], count: int, memory: Memory, now: float) -> Memory:
    """Remember until when a burst that asks for more replicas keeps the count from falling: a whole long window."""
    until = memory.burst_until or now
    for rule, proposal in zip(policy.rules, proposals, strict=True):
        if proposal.burst and (proposal.replicas or 0) > count:
            until = max(until, now + rule.source.window_seconds)
    return memory if until == (memory.burst_until or now) else replace(memory, burst_until=until)


def _without_readings(bounds: Bounds, count: int) -> Wish | None:
    """Return what follows from the bounds alone, before any reading (HPA does this first, too)."""
    if count == 0:
        return Wish(0, Reason.STOPPED)
    if count < bounds.low:
        return Wish(bounds.low, Reason.BELOW_MIN)
    if count > bounds.high:
        return Wish(bounds.high, Reason.ABOVE_MAX)
    return None


def _forced(situation: Situation, wish: Wish) -> tuple[Decision, Memory]:
    """Take the count that the bounds force, and remember it as wanted, so that it is held for a window."""
    memory = situation.memory
    if wish.reason is not Reason.STOPPED:
        memory = recommend(memory, wish.replicas, situation.now, situation.policy)
    return _decision(situation, wish), memory


def conclude(situation: Situation, wish: Wish) -> tuple[Decision, Memory]:
    """Pass a wish through the guards and limits, and remember what was wanted in between."""
    wanted, guarded = _guarded(situation, wish)
    memory = recommend(situation.memory, wanted, situation.now, situation.policy)
    situation = replace(situation, memory=memory)
    desired, limited = apply_limits(LIMITS, situation, wanted)
    applied = (*wish.limits, *guarded, *limited)
    reason = reason_of(wish.reason, applied, situation.replicas.count, desired)
    return _decision(situation, Wish(desired, reason, wish.winner, applied)), memory


def _guarded(situation: Situation, wish: Wish) -> tuple[int, tuple[AppliedLimit, ...]]:
    guards = FALLBACK_GUARDS if wish.reason is Reason.BLIND_FALLBACK else GUARDS
    return apply_limits(guards, situation, wish.replicas)


def _overridden(situation: Situation, wish: Wish, override: Override) -> tuple[Decision, Memory]:
    """Take the operator's count, and remember what the rules want meanwhile, so that they go on from there.

    The operator's count itself is no recommendation, not even where a guard keeps it: then the last one stands.
    """
    wanted, guarded = _guarded(situation, wish)
    count, last = situation.replicas.count, situation.memory.recommendations[-1:]
    if last and wanted == count and reason_of(wish.reason, (*wish.limits, *guarded), count, wanted) in _ONLY_KEPT:
        wanted = last[0].replicas
    memory = recommend(situation.memory, wanted, situation.now, situation.policy)
    desired, limited = apply_limits(FALLBACK_GUARDS, situation, override.replicas)
    return _decision(situation, Wish(desired, Reason.OVERRIDE, limits=limited)), memory


def _decision(situation: Situation, wish: Wish) -> Decision:
    return Decision(
        service=situation.policy.service,
        at=situation.now,
        replicas=situation.replicas,
        desired=wish.replicas,
        reason=wish.reason,
        sentence=sentence(situation, wish),
        proposals=situation.proposals,
        winner=wish.winner.rule if wish.winner else None,
        limits=wish.limits,
        low=situation.bounds.low,
        high=situation.bounds.high,
        sizing=situation.sizing,
        reversals=reversals(situation.memory.changes, situation.now, situation.policy.reversals.period_seconds),
        override=situation.override,
    )
