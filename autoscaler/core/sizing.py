"""Sizing that needs no expert: capacity, headroom and season, learned for one rule from load and slow answers."""

from dataclasses import dataclass, field, replace

from autoscaler.core import season, shadow
from autoscaler.core.capacity import Capacity, Pair, Terms, see_load, see_pair
from autoscaler.core.model import Estimate, Observation, Sizing
from autoscaler.core.policy import OBJECTIVE, Objective, Policy, Rule
from autoscaler.core.season import Profile

TRUSTED_BINS = 24 * 3600 / shadow.BIN_SECONDS  # a day
TRUSTED_WEIGHT = TRUSTED_BINS / 2  # of slowly forgotten bins
SHADOWS_REACH_SECONDS = 2 * shadow.MEMORY_SECONDS  # what is older hardly weighs
ELECTION_BINS = 20  # the leader is looked for every 5 minutes
USUAL_START_SECONDS = 20.0  # until one was measured
SETTLING_SECONDS = 30.0  # after a change: what was measured before it is out of the short windows then
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
    capacity: Capacity = field(default_factory=Capacity)
    sizing: Sizing | None = None  # what follows from all that, as of the latest bin

    @property
    def trusted(self) -> bool:
        """Whether enough was seen to follow the shadows."""
        return self.loads.seen >= TRUSTED_BINS and self.plain.leader >= 0


@dataclass(frozen=True, slots=True)
class Starts:
    """What is known of the replicas' starts: how long one takes, and whether all are long over."""

    seconds: float | None = None  # measured; None: never seen
    settled: bool = True  # so long that no window looks back at fewer or more replicas


def learn(
    policy: Policy, observation: Observation, learned: Learned | None, starts: Starts, now: float
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
    slow_share = observation.value(OBJECTIVE) if objective.learn_capacity else None
    capacity = see_load(learned.capacity, load, seconds := min(max(now - learned.at, 0.0), _LONGEST_GAP_SECONDS))
    if slow_share is not None:
        pair = Pair(_recent_load(policy, objective, observation, load), observation.replicas.ready, slow_share)
        capacity = see_pair(capacity, pair, seconds, _terms(policy, objective, observation, starts))
    if _bin(now) == learned.bin:
        return replace(learned, at=now, capacity=capacity)
    return _next_bin(policy, replace(learned, at=now, capacity=capacity), load, starts, now)


def _bin(now: float) -> int:
    return int(now // shadow.BIN_SECONDS)


def learn_season(learned: Learned | None, load: float, now: float) -> Learned:
    """Return what is known after a load so long ago that only the seasons can learn from it."""
    learned = learned or Learned(now, _bin(now))
    return replace(
        learned, at=now, bin=_bin(now), profiles=tuple(season.see(each, load, now) for each in learned.profiles)
    )


def _terms(policy: Policy, objective: Objective, observation: Observation, starts: Starts) -> Terms:
    count = observation.replicas.count
    return Terms(
        stated=sized_rule(policy, objective).target,
        budget=objective.budget,
        settled=starts.settled,
        at_min=count <= policy.min_replicas,
        at_max=count >= policy.max_replicas,
    )


def _recent_load(policy: Policy, objective: Objective, observation: Observation, load: float) -> float:
    """Return the load of the window in which the slow answers were counted."""
    recent = observation.value(sized_rule(policy, objective).burst_name)
    return load if recent is None else recent


def _next_bin(policy: Policy, learned: Learned, load: float, starts: Starts, now: float) -> Learned:
    objective = policy.objective
    assert objective is not None  # noqa: S101  nothing is learned without
    loads = learned.loads.with_bin(load)
    profiles = tuple(season.see(profile, load, now) for profile in learned.profiles)
    footing = _footing(policy, sized_rule(policy, objective), learned.capacity, starts)
    plain, seasonal = shadow.step(learned.plain, loads, footing), learned.seasonal
    floor = _floor(profiles, footing, load, now)
    if floor is not None:
        seasonal = shadow.step(seasonal, loads, replace(footing, floor=floor))
    if loads.seen % ELECTION_BINS == 0:
        plain = shadow.elect(plain, objective.budget)
        seasonal = shadow.elect(seasonal, objective.budget) if floor is not None else seasonal
    learned = Learned(now, _bin(now), loads, plain, seasonal, profiles, learned.capacity)
    return replace(learned, sizing=_size(objective, sized_rule(policy, objective), learned, floor or 0))


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
    """Return the rule that is sized."""
    return next(rule for rule in policy.rules if rule.name == objective.rule)


def reaction_delay_seconds(rule: Rule) -> float:
    """Return how long a new load takes to be seen whole: the shortest window that looks at it."""
    return rule.source.window_seconds if rule.burst is None else rule.burst.window_seconds


def _floor(profiles: tuple[Profile, ...], footing: shadow.Footing, load: float, now: float) -> int | None:
    profile = season.best(profiles)
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
    reserve = leading.headroom.reserve(learned.loads) if headroom.trusted else 0.0
    return Sizing(
        rule.name,
        rule.target,
        capacity_factor=learned.capacity.factor if capacity.trusted else 1.0,
        reserve=reserve,
        reserve_note=f"{reserve:.4g}/s, {_words(leading.headroom)}" if headroom.trusted else "",
        hold_seconds=leading.headroom.hold_seconds if headroom.trusted else None,
        floor=floor if seasonal.trusted else 0,
        estimates=(capacity, headroom, seasonal),
    )


def _words(headroom: shadow.Headroom) -> str:
    return f"{headroom.deviations:g} deviations above the mean of {headroom.window_seconds / 60:g} min"


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
    chosen = leading.headroom
    note = (
        f"{_words(chosen)}, and the most of {chosen.hold_seconds:g} s: the cheapest of {shadow.SHADOWS}, "
        f"would have missed {leading.missed_share:.2%}"
    )
    return Estimate("headroom", trusted=True, note=note)


def _season_estimate(objective: Objective, learned: Learned) -> Estimate:
    if not objective.learn_season:
        return Estimate("season", trusted=False, note="season: off")
    profile, seasonal = season.best(learned.profiles), learned.seasonal
    if profile is None:
        return Estimate("season", trusted=False, note="no profile of an hour, a day or a week forecasts better than the latest load")
    if not learned.trusted or not objective.learn_headroom or seasonal.leader < 0 or seasonal.weight < TRUSTED_WEIGHT:
        return Estimate("season", trusted=False, note=f"the {profile.name}'s profile is still on trial")
    gain = 1 - seasonal.mean_cost / learned.plain.mean_cost
    trusted = gain > 1 - shadow.CHALLENGE and seasonal.missed_share <= objective.budget
    return Estimate("season", trusted=trusted, note=f"with the {profile.name}'s profile {gain:+.1%} cheaper")
