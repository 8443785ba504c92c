"""What one replica can serve within the objective, learned from what was slow: the error budget is spent, not hoarded.

An integral control on the budget: every answer within the objective earns its share of the allowed slow ones, every slow
answer costs one; the account moves the assumed capacity, in logarithms, by `GAIN` for an hour of average load without a
slow answer. In the long run the share of slow answers is the budget, whatever the stated capacity was, as in adaptive
conformal inference (Gibbs and Candes, 2021), which moves a quantile's level in the same way.
"""

import math
from dataclasses import dataclass

GAIN_PER_HOUR = 0.01
EARLY_GAIN_PER_HOUR = 0.02  # more while little is known
EARLY_SECONDS = 4 * 3600.0
AIM = 0.93  # of the budget; the rest is for what comes too late to be counted
LOWEST, HIGHEST = 0.5, 2.0  # never further than this from what the operator stated
LONGEST_GAP_SECONDS = 60.0
_MEAN_SECONDS = 24 * 3600.0
_SHARE_REQUESTS_HOURS = 24.0


@dataclass(frozen=True, slots=True)
class Capacity:
    """The learned factor on the stated load per replica, and from how much it was learned."""

    log_factor: float = 0.0
    mean_load: float = 0.0  # per second, over about a day
    age_seconds: float = 0.0  # of observed time
    slow_share: float = 0.0  # of the answers of about the last day of average load

    @property
    def factor(self) -> float:
        """Real over stated load per replica, `LOWEST` to `HIGHEST`."""
        return math.exp(self.log_factor)


def see_load(capacity: Capacity, load: float, seconds: float) -> Capacity:
    """Count a stretch of load (per second) into the mean."""
    age_seconds = capacity.age_seconds + seconds
    weight = seconds / min(age_seconds, _MEAN_SECONDS) if age_seconds > 0 else 0.0
    mean = capacity.mean_load + weight * (load - capacity.mean_load)
    return Capacity(capacity.log_factor, mean, age_seconds, capacity.slow_share)


def see_slowness(
    capacity: Capacity, load: float, slow_share: float, seconds: float, budget: float, *, at_max: bool
) -> Capacity:
    """Settle a stretch of load of which `slow_share` was slow. At the maximum slowness is no sign of small replicas."""
    if capacity.mean_load <= 0.0:
        return capacity
    hours = load * seconds / (capacity.mean_load * 3600.0)  # of average load
    early = EARLY_GAIN_PER_HOUR * math.exp(-capacity.age_seconds / EARLY_SECONDS)
    move = (GAIN_PER_HOUR + early) * hours * (1.0 - slow_share / (AIM * budget))
    if at_max:
        move = max(move, 0.0)
    log_factor = min(max(capacity.log_factor + move, math.log(LOWEST)), math.log(HIGHEST))
    weight = min(1.0, hours / _SHARE_REQUESTS_HOURS)
    share = capacity.slow_share + weight * (slow_share - capacity.slow_share)
    return Capacity(log_factor, capacity.mean_load, capacity.age_seconds, share)
