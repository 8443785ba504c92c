"""What one replica can serve within the objective, learned from pairs of load per replica and share of slow answers.

Two laws. The ceiling is the least load per replica at which most answers became slow although nothing jumped: more than
that a replica cannot serve. Below it, an integral control on the error budget: every answer within the objective earns
its share of the allowed slow ones, every slow answer costs one, and the account moves the assumed capacity, in
logarithms. In the long run the share of slow answers is the budget, whatever the stated capacity was, as in adaptive
conformal inference (Gibbs and Candes, 2021), which moves a quantile's level in the same way.
"""

import math
from dataclasses import dataclass, replace

GAIN_PER_HOUR = 0.01
EARLY_GAIN_PER_HOUR = 0.02  # more while little is known
EARLY_SECONDS = 4 * 3600.0
AIM = 0.95  # of the budget; the rest is for what comes too late to be counted
LOWEST, HIGHEST = 0.5, 2.0  # never further than this from what the operator stated
OVERLOADED_SHARE = 0.5  # of the answers are slow
CEILING_GROWTH_PER_HOUR = 0.005  # an old ceiling is trusted less and less
JUMP = 1.25  # times the load before: what is seen then is half before and half after
_MEAN_SECONDS = 24 * 3600.0
_SHARE_REQUESTS_HOURS = 24.0


@dataclass(frozen=True, slots=True)
class Pair:
    """One observation: what each ready replica got, and which share of the answers was slow."""

    load: float  # per second, of all replicas
    ready: int
    slow_share: float


@dataclass(frozen=True, slots=True)
class CapacityOptions:
    """Under which terms a pair is judged."""

    stated: float  # load per replica, by the policy
    budget: float  # the share of answers that may be slow
    settled: bool  # no replica came or went within the pair's window
    at_min: bool  # quick answers are no sign of large replicas then
    at_max: bool  # and slow ones no sign of small replicas


@dataclass(frozen=True, slots=True)
class Capacity:
    """The learned factor on the stated load per replica, and from how much it was learned."""

    log_factor: float = 0.0
    log_ceiling: float = math.inf  # over the stated load per replica
    mean_load: float = 0.0  # per second, over about a day
    age_seconds: float = 0.0  # of observed time
    judged_seconds: float = 0.0  # of it with a share of slow answers
    slow_share: float = 0.0  # of the answers of about the last day of average load
    latest: Pair | None = None
    unjudged_note: str = ""  # why there is no latest one

    @property
    def factor(self) -> float:
        """Real over stated load per replica, `LOWEST` to `HIGHEST`."""
        return math.exp(self.log_factor)


def recalled(capacity: Capacity, per_replica: float, stated: float) -> Capacity:
    """Return the capacity with what was learned before a restart (load per replica, per second).

    It moves on as calmly as one that has been judged for some hours.
    """
    factor = min(max(per_replica / stated, LOWEST), HIGHEST)
    return replace(capacity, log_factor=math.log(factor), judged_seconds=EARLY_SECONDS)


def see_load(capacity: Capacity, load: float, seconds: float) -> Capacity:
    """Count a stretch of load (per second) into the mean; it makes the ceiling so much older."""
    age_seconds = capacity.age_seconds + seconds
    weight = seconds / min(age_seconds, _MEAN_SECONDS) if age_seconds > 0 else 0.0
    return replace(
        capacity,
        log_ceiling=capacity.log_ceiling + CEILING_GROWTH_PER_HOUR * seconds / 3600.0,
        mean_load=capacity.mean_load + weight * (load - capacity.mean_load),
        age_seconds=age_seconds,
    )


def see_no_pair(capacity: Capacity, note: str = "") -> Capacity:
    """Note that, and why, it is not known how slow the answers are: what is seen next is not the onset of anything."""
    return replace(capacity, latest=None, unjudged_note=note)


def see_pair(capacity: Capacity, pair: Pair, seconds: float, terms: CapacityOptions) -> Capacity:
    """Settle a stretch of such load and slowness."""
    if capacity.mean_load <= 0.0:
        return replace(capacity, latest=pair)
    hours = pair.load * seconds / (capacity.mean_load * 3600.0)  # of average load
    ceiling = _ceiling(capacity, pair, terms)
    early = EARLY_GAIN_PER_HOUR * math.exp(-capacity.judged_seconds / EARLY_SECONDS)
    move = (GAIN_PER_HOUR + early) * hours * (1.0 - pair.slow_share / (AIM * terms.budget))
    if (terms.at_max and move < 0.0) or (terms.at_min and move > 0.0):
        move = 0.0
    highest = max(math.log(LOWEST), min(math.log(HIGHEST), ceiling))
    share = capacity.slow_share + min(1.0, hours / _SHARE_REQUESTS_HOURS) * (pair.slow_share - capacity.slow_share)
    return replace(
        capacity,
        log_factor=min(max(capacity.log_factor + move, math.log(LOWEST)), highest),
        log_ceiling=ceiling,
        judged_seconds=capacity.judged_seconds + seconds,
        slow_share=share,
        latest=pair,
    )


def _ceiling(capacity: Capacity, pair: Pair, terms: CapacityOptions) -> float:
    before = capacity.latest
    if not terms.settled or pair.load < capacity.mean_load or before is None or not _is_onset(before, pair):
        return capacity.log_ceiling
    return min(capacity.log_ceiling, math.log(pair.load / (pair.ready * terms.stated)))


def _is_onset(before: Pair, pair: Pair) -> bool:
    """Return whether answers became slow by this load alone: no queue from before, no jump, no replica more or less."""
    steady = before.load > 0.0 and before.load < pair.load * JUMP and pair.load < before.load * JUMP
    became_slow = before.slow_share < OVERLOADED_SHARE <= pair.slow_share
    return steady and became_slow and 0 < pair.ready == before.ready
