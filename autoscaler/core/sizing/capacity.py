"""Learns the load that one replica serves within the objective from load per replica and share of slow answers.

An integral control on the error budget: every answer within the objective earns its share of the allowed slow ones,
every slow answer costs one, and the balance moves the assumed capacity, in logarithms. In the long run the share of
slow answers equals the budget for any stated capacity, as in adaptive conformal inference (Gibbs and Candes, 2021),
which moves a quantile's level in the same way. Only settled pairs count: what is slow after a jump of the load, or
while replicas come and go, says nothing of what a replica serves.
"""

import math
from dataclasses import dataclass, replace

GAIN_PER_HOUR = 0.01
EARLY_GAIN_PER_HOUR = 0.02  # added while little is known
EARLY_SECONDS = 4 * 3600.0
AIM = 0.95  # of the budget; the rest covers answers that arrive too late to be counted
LOWEST, HIGHEST = 0.5, 2.0  # the greatest distance from the stated capacity
_LOG_LOWEST, _LOG_HIGHEST = math.log(LOWEST), math.log(HIGHEST)
JUMP = 1.25  # times the load before: the window then mixes both loads
BUSY = 0.8  # of the learned load per replica; quick answers below it prove nothing
_MEAN_SECONDS = 24 * 3600.0
_SHARE_REQUESTS_HOURS = 24.0


@dataclass(frozen=True, slots=True)
class Pair:
    """One observation: the load, the ready replicas, and the share of slow answers."""

    load: float  # per second, of all replicas
    ready: int
    slow_share: float


@dataclass(frozen=True, slots=True)
class CapacityOptions:
    """The conditions under which a pair is judged."""

    stated: float  # load per replica, by the policy
    budget: float  # the share of answers that may be slow
    settled: bool  # no replica was added or removed within the pair's window
    at_max: bool  # slow answers then say nothing of the capacity


@dataclass(frozen=True, slots=True)
class Capacity:
    """The learned factor on the stated load per replica, and the amount of data behind it."""

    log_factor: float = 0.0
    mean_load: float = 0.0  # per second, over about a day
    age_seconds: float = 0.0  # of observed time
    judged_seconds: float = 0.0  # the part of it with a share of slow answers
    slow_share: float = 0.0  # of the answers over about the last day of average load
    latest: Pair | None = None
    unjudged_note: str = ""  # why there is no latest pair

    @property
    def factor(self) -> float:
        """Real over stated load per replica, `LOWEST` to `HIGHEST`."""
        return math.exp(self.log_factor)


def restore(capacity: Capacity, per_replica: float, stated: float) -> Capacity:
    """Return the capacity with the load per replica (per second) that was learned before a restart.

    Its gain is that of a capacity judged for some hours.
    """
    factor = min(max(per_replica / stated, LOWEST), HIGHEST)
    return replace(capacity, log_factor=math.log(factor), judged_seconds=EARLY_SECONDS)


def observe_load(capacity: Capacity, load: float, seconds: float) -> Capacity:
    """Add an interval of load (per second) to the mean."""
    age_seconds = capacity.age_seconds + seconds
    weight = seconds / min(age_seconds, _MEAN_SECONDS) if age_seconds > 0 else 0.0
    return replace(
        capacity,
        mean_load=capacity.mean_load + weight * (load - capacity.mean_load),
        age_seconds=age_seconds,
    )


def observe_no_pair(capacity: Capacity, note: str = "") -> Capacity:
    """Record that the share of slow answers is unknown, and why: the next pair is not settled."""
    return replace(capacity, latest=None, unjudged_note=note)


def observe_pair(capacity: Capacity, pair: Pair, seconds: float, options: CapacityOptions) -> Capacity:
    """Update the factor for an interval with that pair, if it is settled."""
    if capacity.mean_load <= 0.0:
        return replace(capacity, latest=pair)
    hours = pair.load * seconds / (capacity.mean_load * 3600.0)  # of average load
    early = EARLY_GAIN_PER_HOUR * math.exp(-capacity.judged_seconds / EARLY_SECONDS)
    move = (GAIN_PER_HOUR + early) * hours * (1.0 - pair.slow_share / (AIM * options.budget))
    known_hours = min(capacity.judged_seconds / 3600.0 + hours, _SHARE_REQUESTS_HOURS)
    share = capacity.slow_share + min(1.0, hours / max(known_hours, 1.0)) * (pair.slow_share - capacity.slow_share)
    busy = pair.load >= BUSY * pair.ready * options.stated * capacity.factor
    earned = busy and share <= AIM * options.budget  # of all answers, settled or not
    if not _is_settled(capacity.latest, pair, options) or (options.at_max if move < 0.0 else not earned):
        move = 0.0
    return Capacity(
        log_factor=min(max(capacity.log_factor + move, _LOG_LOWEST), _LOG_HIGHEST),
        mean_load=capacity.mean_load,
        age_seconds=capacity.age_seconds,
        judged_seconds=capacity.judged_seconds + seconds,
        slow_share=share,
        latest=pair,
    )


def _is_settled(before: Pair | None, pair: Pair, options: CapacityOptions) -> bool:
    """Return whether only this load can have made the answers slow: the same replicas for a while, and no jump."""
    if before is None or not options.settled or not 0 < pair.ready == before.ready:
        return False
    return 0.0 < before.load < pair.load * JUMP and pair.load < before.load * JUMP
