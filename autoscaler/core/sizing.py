"""Sizing that needs no expert: capacity, headroom and season, learned for one rule from load and slow answers."""

from dataclasses import dataclass, field, replace

from autoscaler.core import season, shadow
from autoscaler.core.capacity import Capacity, see_load, see_slowness
from autoscaler.core.model import Estimate, Observation, Sizing
from autoscaler.core.policy import OBJECTIVE, Objective, Policy, Rule
from autoscaler.core.season import Profile

TRUSTED_BINS = 24 * 3600 / shadow.BIN_SECONDS  # a day
TRUSTED_WEIGHT = TRUSTED_BINS / 2  # of slowly forgotten bins
ELECTION_BINS = 20  # the leader is looked for every 5 minutes
USUAL_START_SECONDS = 20.0  # until one was measured
_LONGEST_GAP_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Learned:
    """All that was learned about one service; of bounded size."""

    at: float  # of the latest load
    bin: int
    loads: shadow.Loads = field(default_factory=shadow.new_loads)
    plain: shadow.Field = field(default_factory=lambda: shadow.new_field(1))
    seasonal: shadow.Field = field(default_factory=lambda: shadow.new_field(1))
    profiles: tuple[Profile, ...] = field(default_factory=season.new_profiles)
    capacity: Capacity = Capacity()
    sizing: Sizing | None = None  # what follows from all that, as of the latest bin

    @property
    def trusted(self) -> bool:
        """Whether enough was seen to follow the shadows."""
        return self.loads.seen >= TRUSTED_BINS and self.plain.leader >= 0


def learn(
    policy: Policy, observation: Observation, learned: Learned | None, start_seconds: float | None, now: float
) -> Learned | None:
    """Return what is known after this observation; without an objective or a load, nothing new."""
    objective = policy.objective
    if objective is None:
        return None
    load = observation.value(objective.rule)
    if load is None:
        return learned
    if learned is None:
        return Learned(now, _bin(now))
    learned = _settle(policy, objective, observation, learned, load, now)
    if _bin(now) == learned.bin:
        return replace(learned, at=now)
    return _next_bin(policy, objective, learned, load, start_seconds, now)


def _bin(now: float) -> int:
    return int(now // shadow.BIN_SECONDS)


def _settle(
    policy: Policy, objective: Objective, observation: Observation, learned: Learned, load: float, now: float
) -> Learned:
    seconds = min(max(now - learned.at, 0.0), _LONGEST_GAP_SECONDS)
    capacity = see_load(learned.capacity, load, seconds)
    slow_share = observation.value(OBJECTIVE)
    if slow_share is not None and objective.learn_capacity:
        at_max = observation.replicas.count >= policy.max_replicas
        capacity = see_slowness(capacity, load, slow_share, seconds, objective.budget, at_max=at_max)
    return replace(learned, capacity=capacity)


def _next_bin(
    policy: Policy, objective: Objective, learned: Learned, load: float, start_seconds: float | None, now: float
) -> Learned:
    loads = learned.loads.with_bin(load)
    profiles = tuple(season.see(profile, load, now) for profile in learned.profiles)
    rule = sized_rule(policy, objective)
    footing = _footing(policy, rule, learned.capacity, start_seconds)
    plain = shadow.step(learned.plain, loads, footing)
    seasonal = learned.seasonal
    floor = _floor(replace(learned, profiles=profiles), footing, load, now)
    if floor is not None:
        seasonal = shadow.step(seasonal, loads, replace(footing, floor=floor))
    if loads.seen % ELECTION_BINS == 0:
        plain = shadow.elect(plain, objective.budget)
        seasonal = shadow.elect(seasonal, objective.budget) if floor is not None else seasonal
    learned = Learned(now, _bin(now), loads, plain, seasonal, profiles, learned.capacity)
    return replace(learned, sizing=_size(objective, rule, learned, floor or 0))


def _footing(policy: Policy, rule: Rule, capacity: Capacity, start_seconds: float | None) -> shadow.Footing:
    reaction_seconds = reaction_delay_seconds(rule) + (start_seconds or USUAL_START_SECONDS)
    return shadow.Footing(
        per_replica=rule.target * capacity.factor,
        lag_bins=min(reaction_seconds / shadow.BIN_SECONDS, shadow.LONGEST_LAG_BINS),
        low=policy.min_replicas,
        high=policy.max_replicas,
        tolerance_up=policy.scale_up.tolerance,
        tolerance_down=policy.scale_down.tolerance,
    )


def sized_rule(policy: Policy, objective: Objective) -> Rule:
    """Return the rule that is sized."""
    return next(rule for rule in policy.rules if rule.name == objective.rule)


def reaction_delay_seconds(rule: Rule) -> float:
    """Return how long a new load takes to be seen whole: the shortest window that looks at it."""
    return rule.source.window_seconds if rule.burst is None else rule.burst.window_seconds


def _floor(learned: Learned, footing: shadow.Footing, load: float, now: float) -> int | None:
    profile = season.best(learned.profiles)
    if profile is None:
        return None
    ahead_seconds = (footing.lag_bins + 1) * shadow.BIN_SECONDS
    coming = season.forecast(profile, load, now, ahead_seconds)
    return min(footing.high, int(-(-coming // footing.per_replica)))


def size(policy: Policy, learned: Learned | None) -> Sizing | None:
    """Return how the sized rule turns load into replicas now, and what of that is trusted, and why."""
    objective = policy.objective
    if objective is None:
        return None
    if learned is None or learned.sizing is None:
        return Sizing(objective.rule, sized_rule(policy, objective).target)
    return learned.sizing


def _size(objective: Objective, rule: Rule, learned: Learned, floor: int) -> Sizing:
    capacity = _capacity_estimate(objective, learned)
    seasonal = _season_estimate(objective, learned)
    leading = learned.seasonal if seasonal.trusted else learned.plain
    headroom = _headroom_estimate(objective, learned, leading)
    return Sizing(
        rule.name,
        rule.target,
        capacity_factor=learned.capacity.factor if capacity.trusted else 1.0,
        headroom=shadow.headroom_of(leading.leader) if headroom.trusted else 1.0,
        hold_seconds=shadow.hold_seconds_of(leading.leader) if headroom.trusted else None,
        floor=floor if seasonal.trusted else 0,
        estimates=(capacity, headroom, seasonal),
    )


def _capacity_estimate(objective: Objective, learned: Learned) -> Estimate:
    if not objective.learn_capacity:
        return Estimate("capacity", trusted=False, note="capacity: off")
    share, budget = learned.capacity.slow_share, objective.budget
    note = f"x {learned.capacity.factor:.2f}: {share:.2%} of the answers were slow, {budget:.2%} may be"
    return Estimate("capacity", trusted=True, note=note)


def _headroom_estimate(objective: Objective, learned: Learned, leading: shadow.Field) -> Estimate:
    if not objective.learn_headroom:
        return Estimate("headroom", trusted=False, note="headroom: off")
    hours = learned.loads.seen * shadow.BIN_SECONDS / 3600
    if not learned.trusted:
        return Estimate("headroom", trusted=False, note=f"{hours:.1f} h of load were seen, 24 h are needed")
    headroom, hold = shadow.headroom_of(leading.leader), shadow.hold_seconds_of(leading.leader)
    missed = leading.missed_share
    note = f"x {headroom:g}, kept for {hold:g} s: the cheapest of {shadow.SHADOWS}, would have missed {missed:.2%}"
    return Estimate("headroom", trusted=True, note=note)


def _season_estimate(objective: Objective, learned: Learned) -> Estimate:
    if not objective.learn_season:
        return Estimate("season", trusted=False, note="season: off")
    profile, seasonal = season.best(learned.profiles), learned.seasonal
    if profile is None:
        return Estimate("season", trusted=False, note=f"fewer than {season.CYCLES_NEEDED} cycles were seen")
    if not learned.trusted or not objective.learn_headroom or seasonal.leader < 0 or seasonal.weight < TRUSTED_WEIGHT:
        return Estimate("season", trusted=False, note=f"the {profile.name}'s profile is still on trial")
    gain = 1 - seasonal.mean_cost / learned.plain.mean_cost
    trusted = gain > 1 - shadow.CHALLENGE and seasonal.missed_share <= objective.budget
    return Estimate("season", trusted=trusted, note=f"with the {profile.name}'s profile {gain:+.1%} cheaper")
