"""Learns capacity, headroom and season for one rule from load and slow answers."""

from dataclasses import dataclass, replace

from autoscaler.core.model import Observation, Sizing
from autoscaler.core.policy import OBJECTIVE, Objective, Policy, Rule
from autoscaler.core.sizing import season, shadow
from autoscaler.core.sizing.capacity import Capacity, CapacityOptions, Pair, observe_load, observe_no_pair, observe_pair
from autoscaler.core.sizing.estimates import capacity_estimate, describe_headroom, headroom_estimate, season_estimate
from autoscaler.core.sizing.learned import Learned
from autoscaler.core.sizing.season import Profile

SHADOWS_REACH_SECONDS = 2 * shadow.MEMORY_SECONDS  # older loads hardly weigh
ELECTION_BINS = 20  # the leader is elected every 5 minutes
USUAL_START_SECONDS = 20.0  # until a start was measured
SETTLING_SECONDS = 30.0  # after a change: the short windows then no longer reach back before it
_LONGEST_GAP_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Starts:
    """The replicas' starts: how long one takes, and whether the latest change is out of all short windows."""

    seconds: float | None = None  # measured; None: never
    settled: bool = True  # no short window reaches back to another count


def learn(
    policy: Policy, observation: Observation, learned: Learned | None, starts: Starts, now: float
) -> Learned | None:
    """Return the learned state after this observation; unchanged without a load, None without an objective."""
    objective = policy.objective
    if objective is None:
        return None
    load = observation.value(objective.rule)
    if load is None:
        return learned
    if learned is None:
        return Learned(now, _bin(now))
    capacity = _update_capacity(policy, objective, observation, learned, starts, now=now)
    learned = replace(learned, at=now, capacity=capacity)
    return learned if _bin(now) == learned.bin else _next_bin(policy, objective, learned, load, starts)


def _bin(now: float) -> int:
    return int(now // shadow.BIN_SECONDS)


def _update_capacity(
    policy: Policy, objective: Objective, observation: Observation, learned: Learned, starts: Starts, *, now: float
) -> Capacity:
    """Update the capacity for the time since the latest load; only a measured share of slow answers moves it."""
    passed_seconds, load = now - learned.at, observation.value(objective.rule) or 0.0
    seconds = min(max(passed_seconds, 0.0), _LONGEST_GAP_SECONDS)
    capacity, reading = observe_load(learned.capacity, load, seconds), observation.readings.get(OBJECTIVE)
    if reading is None or reading.full_value is None or not objective.learn_capacity:
        return observe_no_pair(capacity, "" if reading is None else reading.note or reading.kind)
    if seconds != passed_seconds:
        capacity = observe_no_pair(capacity)
    pair = Pair(recent_load(policy, objective, observation) or 0.0, observation.replicas.ready, reading.full_value)
    options = CapacityOptions(
        stated=sized_rule(policy, objective).target,
        budget=objective.budget,
        settled=starts.settled,
        at_min=observation.replicas.count <= policy.min_replicas,
        at_max=observation.replicas.count >= policy.max_replicas,
    )
    return observe_pair(capacity, pair, seconds, options)


def learn_season(learned: Learned | None, load: float, now: float) -> Learned:
    """Return the learned state after a load so old that only the seasons learn from it."""
    learned = learned or Learned(now, _bin(now))
    profiles = tuple(season.observe(each, load, now) for each in learned.profiles)
    return replace(learned, at=now, bin=_bin(now), profiles=profiles)


def recent_load(policy: Policy, objective: Objective, observation: Observation) -> float | None:
    """Return the load of the window that counts the slow answers: the short one, if there is one."""
    recent = observation.value(sized_rule(policy, objective).burst_name)
    return observation.value(objective.rule) if recent is None else recent


def _next_bin(policy: Policy, objective: Objective, learned: Learned, load: float, starts: Starts) -> Learned:
    now, rule, loads = learned.at, sized_rule(policy, objective), learned.loads.with_bin(load)
    profiles = tuple(season.observe(profile, load, now) for profile in learned.profiles)
    footing = _footing(policy, rule, learned.capacity, starts)
    plain, seasonal = shadow.step(learned.plain, loads, footing), learned.seasonal
    floor = _floor(profiles, footing, load, now)
    if floor is not None:
        seasonal = shadow.step(seasonal, loads, replace(footing, floor=floor))
    if loads.seen % ELECTION_BINS == 0:
        plain = shadow.elect(plain, objective.budget)
        seasonal = shadow.elect(seasonal, objective.budget) if floor is not None else seasonal
    learned = Learned(now, _bin(now), loads, plain, seasonal, profiles, learned.capacity)
    return replace(learned, sizing=_size(objective, rule, learned, footing, floor or 0))


def _footing(policy: Policy, rule: Rule, capacity: Capacity, starts: Starts) -> shadow.Footing:
    reaction_seconds = reaction_delay_seconds(rule) + (starts.seconds or USUAL_START_SECONDS)
    return shadow.Footing(
        per_replica=rule.target * capacity.factor,
        lag_bins=min(reaction_seconds / shadow.BIN_SECONDS, shadow.LONGEST_LAG_BINS),
        low=policy.min_replicas,
        high=policy.max_replicas,
        tolerance_up=policy.scale_up.tolerance,
        tolerance_down=policy.scale_down.tolerance,
    )


def sized_rule(policy: Policy, objective: Objective) -> Rule:
    """Return the rule whose target is learned."""
    return next(rule for rule in policy.rules if rule.name == objective.rule)


def reaction_delay_seconds(rule: Rule) -> float:
    """Return how long a new load takes to be measured in full: the rule's shortest window."""
    return rule.source.window_seconds if rule.burst is None else rule.burst.window_seconds


def _floor(profiles: tuple[Profile, ...], footing: shadow.Footing, load: float, now: float) -> int | None:
    profile = season.best(profiles)
    if profile is None:
        return None
    coming = season.forecast(profile, load, now, (footing.lag_bins + 1) * shadow.BIN_SECONDS)
    return min(footing.high, int(-(-coming // footing.per_replica)))


def size(policy: Policy, learned: Learned | None) -> Sizing | None:
    """Return how the sized rule turns load into replicas now, and which learned parts are trusted, and why."""
    objective = policy.objective
    if objective is None:
        return None
    if learned is None or learned.sizing is None:
        return Sizing(objective.rule, sized_rule(policy, objective).target)
    return learned.sizing


def _size(objective: Objective, rule: Rule, learned: Learned, footing: shadow.Footing, floor: int) -> Sizing:
    capacity = capacity_estimate(objective, learned)
    seasonal = season_estimate(objective, learned)
    leading = learned.seasonal if seasonal.trusted else learned.plain
    headroom = headroom_estimate(objective, learned, leading)
    reserve = leading.headroom.reserve(learned.loads, footing.lag_bins) if headroom.trusted else 0.0
    return Sizing(
        rule.name,
        rule.target,
        capacity_factor=learned.capacity.factor if capacity.trusted else 1.0,
        reserve=reserve,
        reserve_note=f"{reserve:.4g}/s, {describe_headroom(leading.headroom)}" if headroom.trusted else "",
        hold_seconds=leading.headroom.hold_seconds if headroom.trusted else None,
        floor=floor if seasonal.trusted else 0,
        estimates=(capacity, headroom, seasonal),
    )
