"""Learns capacity, headroom and season for one rule from load and slow answers."""

from dataclasses import dataclass, replace

from autoscaler.core.model import Estimate, Observation, Sizing
from autoscaler.core.policy import OBJECTIVE, Objective, Policy, Rule
from autoscaler.core.rules import ceil_replicas, usable_value
from autoscaler.core.sizing import levels, onsets
from autoscaler.core.sizing.capacity import Capacity, CapacityOptions, Pair, observe_load, observe_no_pair, observe_pair
from autoscaler.core.sizing.learned import Learned
from autoscaler.core.sizing.levels import BASES, sure_load
from autoscaler.core.sizing.rehearsal import MEMORY_SECONDS, Choice, Service, elect, order, rehearse

COLD_SECONDS = 3600.0  # of load that are seen before a choice
REACH_SECONDS = 5 * 86_400.0  # older loads neither weigh nor are in a calendar
USUAL_START_SECONDS = 20.0  # until a start was measured
SETTLING_SECONDS = 30.0  # after a change: the short windows then no longer reach back before it
_SHORTEST_BIN_SECONDS, _FIRST_BIN_SECONDS = 3.0, 4.0
_LONGEST_GAP_SECONDS = 60.0
_ELECTION_SECONDS = 60.0
_LONGEST_START_SECONDS = 300.0
_HOLD_SEEN_SECONDS = 600.0  # of load, after which the levels hold what the policy's window held
_AHEAD_SECONDS = 30.0  # that an onset is prepared for earlier than a start takes


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
    load = recent_load(policy, observation)
    if load is None:
        return learned
    if learned is None:
        learned = Learned(now, load, now - _FIRST_BIN_SECONDS)
    capacity = _update_capacity(policy, objective, observation, learned, load, starts, now)
    if now < learned.bin_at:  # the clock was set back
        learned = replace(learned, bin_at=now - _FIRST_BIN_SECONDS, levels=levels.Levels(), orders=())
    if objective.learn_headroom and (not learned.orders or now - learned.bin_at >= _SHORTEST_BIN_SECONDS):
        return _next_bin(policy, objective, learned, capacity, load, starts, now)
    return replace(learned, at=now, load=load, capacity=capacity)


def recent_load(policy: Policy, observation: Observation) -> float | None:
    """Return the load of the window that counts the slow answers: the short one, if there is one."""
    rule = policy.sized_rule
    recent, reading = observation.value(rule.burst_name), observation.readings.get(rule.name)
    if recent is not None or reading is None or reading.partial:
        return recent
    return usable_value(rule, reading)


def window_seconds(rule: Rule) -> float:
    """Return the window over which a load is measured: the rule's shortest."""
    return rule.source.window_seconds if rule.burst is None else rule.burst.window_seconds


def _update_capacity(  # noqa: PLR0917
    policy: Policy, objective: Objective, seen: Observation, learned: Learned, load: float, starts: Starts, now: float
) -> Capacity:
    """Update the capacity for the time since the latest load; only a measured share of slow answers moves it."""
    passed_seconds = now - learned.at
    seconds = min(max(passed_seconds, 0.0), _LONGEST_GAP_SECONDS)
    capacity, reading = observe_load(learned.capacity, load, seconds), seen.readings.get(OBJECTIVE)
    if reading is None or reading.full_value is None or not objective.learn_capacity:
        return observe_no_pair(capacity, "" if reading is None else reading.note or reading.kind)
    if seconds != passed_seconds:
        capacity = observe_no_pair(capacity)
    options = CapacityOptions(
        stated=policy.sized_rule.target,
        budget=objective.budget,
        settled=starts.settled,
        at_max=seen.replicas.count >= policy.max_replicas,
    )
    return observe_pair(capacity, Pair(load, seen.replicas.ready, reading.full_value), seconds, options)


def _next_bin(  # noqa: PLR0917
    policy: Policy, objective: Objective, learned: Learned, capacity: Capacity, load: float, starts: Starts, now: float
) -> Learned:
    """Let the levels, the calendars and the rehearsal live through the time since the latest bin."""
    rule = policy.sized_rule
    window, seconds = window_seconds(rule), min(now - learned.bin_at, _LONGEST_GAP_SECONDS)
    start = min(starts.seconds or USUAL_START_SECONDS, _LONGEST_START_SECONDS)
    lag = start + max(window, seconds) / 2
    after = levels.observe(learned.levels, load, now, seconds, window)
    calendars = tuple(onsets.observe(each, load, now) for each in learned.calendars)
    floor = max(onsets.floor(each, now, lag + _AHEAD_SECONDS) for each in calendars) if objective.learn_season else 0.0
    per_replica = rule.target * capacity.factor
    service = Service(per_replica, policy.min_replicas, policy.max_replicas)
    orders = (*learned.orders, (now, order(after.bases, after.surely, floor, service)))
    too_new = next(index for index, (at, _) in enumerate(orders) if at >= now - max(lag - seconds / 2, 0.0))
    orders = orders[max(0, too_new - 1) :]
    rehearsal = rehearse(learned.rehearsal, orders[-1][1], orders[0][1], load, seconds=seconds, per_replica=per_replica)
    seen_seconds, choice, elected_at = learned.seen_seconds + seconds, learned.choice, learned.elected_at
    if seen_seconds >= COLD_SECONDS and abs(now - elected_at) >= _ELECTION_SECONDS:
        choice = elect(rehearsal, choice, objective.budget, per_replica, calendar=objective.learn_season)
        elected_at = now
    seen = (seen_seconds, after, calendars, orders, floor, rehearsal, choice, elected_at)
    return Learned(now, load, now, *seen, capacity)


def size(policy: Policy, learned: Learned | None) -> Sizing | None:
    """Return how the sized rule turns load into replicas now, and which learned parts are trusted, and why."""
    objective = policy.objective
    if objective is None:
        return None
    rule = policy.sized_rule
    if learned is None:
        return Sizing(rule.name, rule.target)
    capacity = _capacity_estimate(objective, learned.capacity)
    factor = learned.capacity.factor if capacity.trusted else 1.0
    if not objective.learn_headroom or not learned.orders:
        off = tuple(Estimate(name, trusted=False, note="objective.headroom is off") for name in ("headroom", "season"))
        return Sizing(rule.name, rule.target, factor, estimates=(capacity, *off))
    choice = learned.choice
    margin = learned.levels.cold_margin if choice.margin is None else choice.margin
    reserve = learned.levels.bases[choice.base] * margin
    words = f"{BASES[choice.base]} x {margin:.2f}"
    levels_hold = not policy.scale_down.window_stated and learned.seen_seconds >= _HOLD_SEEN_SECONDS
    return Sizing(
        rule.name,
        rule.target,
        capacity_factor=factor,
        sure_load=max(learned.levels.surely, sure_load(learned.load, window_seconds(rule))),
        reserve=reserve,
        reserve_note=f"{reserve:.4g}/s, {words}",
        hold_seconds=0.0 if levels_hold else None,
        floor=ceil_replicas(learned.floor / (rule.target * factor)) if choice.calendar else 0,
        estimates=(capacity, _headroom_estimate(learned, words), _season_estimate(objective, choice)),
    )


def _capacity_estimate(objective: Objective, capacity: Capacity) -> Estimate:
    """Return the factor on the stated load per replica; it is used from the first judged answer on."""
    if not objective.learn_capacity:
        return Estimate("capacity", trusted=False, note="objective.capacity is off")
    because = f" ({capacity.unjudged_note})" if capacity.unjudged_note else ""
    if capacity.judged_seconds <= 0.0:
        return Estimate("capacity", trusted=False, note=f"how many answers are slow was not measured yet{because}")
    note = f"{capacity.slow_share:.2%} of the answers were slow, {objective.budget:.2%} may be"
    if capacity.latest is None:
        note = f"how many answers are slow is not measured now{because}"
    return Estimate("capacity", trusted=True, note=f"x {capacity.factor:.2f}: {note}")


def _headroom_estimate(learned: Learned, words: str) -> Estimate:
    """Return the leading base and margin."""
    choice, seen_minutes = learned.choice, learned.seen_seconds / 60.0
    if choice.margin is None:
        note = f"{words}, until {COLD_SECONDS / 60.0:.0f} min of load were seen; now {seen_minutes:.0f}"
        return Estimate("headroom", trusted=False, note=note)
    hours = min(learned.seen_seconds, MEMORY_SECONDS) / 3600.0
    kept = f"{words} would have kept {1.0 - choice.missed_share:.2%} of {hours:.2g} h"
    note = f"{kept} with {choice.replicas:.1f} replicas, the fewest"
    return Estimate("headroom", trusted=True, note=note)


def _season_estimate(objective: Objective, choice: Choice) -> Estimate:
    """Return the calendar of onsets; it is used while the rehearsal is cheaper with it."""
    if not objective.learn_season:
        return Estimate("season", trusted=False, note="objective.season is off")
    if choice.margin is None:
        return Estimate("season", trusted=False, note="no choice yet")
    note = f"with the calendar of onsets the same would have cost {choice.calendar_cost - 1.0:+.1%}"
    return Estimate("season", trusted=choice.calendar, note=note)
