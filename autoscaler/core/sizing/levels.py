"""What the load alone says of the next minutes: base levels to be ready for, and the load that is surely there. Pure.

A base level is the most of some time, or a mean with two deviations. Which fits, and times what, the rehearsal finds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

BASES = (
    "the most of 30 s",
    "the most of 10 min",
    "the most of 2 h",
    "the mean of 20 min and 2 deviations",
    "the mean of 4 h and 2 deviations",
)
COLD_BASE = 1  # while too little is known to choose
_HOLDS = ((30.0, 4.0), (600.0, 20.0), (7200.0, 240.0))  # seconds, and those of a bucket
_MEANS_SECONDS = (1200.0, 14_400.0)
_DEVIATIONS = 2.0
_MOST_COLD_MARGIN = 1.6

Kept = tuple[tuple[int, float], ...]  # buckets and their highest loads, of which each is lower than the one before


@dataclass(frozen=True, slots=True)
class Levels:
    """The levels after the latest load."""

    holds: tuple[Kept, ...] = ((),) * len(_HOLDS)
    sure: Kept = ()
    means: tuple[float, ...] = ()
    variances: tuple[float, ...] = (0.0,) * len(_MEANS_SECONDS)
    bases: tuple[float, ...] = (0.0,) * len(BASES)
    load: float = 0.0  # the latest
    noise: float = 0.0  # the variance of the load from one to the next

    @property
    def surely(self) -> float:
        """The most load of the last 30 s that chance does not explain."""
        return self.sure[0][1] if self.sure else 0.0

    @property
    def cold_margin(self) -> float:
        """The margin on the base level while too little is known to choose: more for a load that varies more."""
        mean = self.means[0] if self.means else 0.0
        varies = math.sqrt(self.noise) / mean if mean > 0.0 else 0.0
        return min(max(1.0 + 3.0 * (varies - 0.05), 1.0), _MOST_COLD_MARGIN)


def sure_load(load: float, window_seconds: float) -> float:
    """Return the part of a load, measured over that window, that two deviations of a Poisson count do not explain."""
    return max(0.0, load - _DEVIATIONS * math.sqrt(load / window_seconds))


def observe(levels: Levels, load: float, now: float, seconds: float, window_seconds: float) -> Levels:
    """Add a load that lasted for `seconds`, measured over the window."""
    kept, (short, middle, long) = levels.holds, _HOLDS
    holds = (_keep(kept[0], load, now, *short), _keep(kept[1], load, now, *middle), _keep(kept[2], load, now, *long))
    sure = _keep(levels.sure, sure_load(load, window_seconds), now, *short)
    means, variances, waves = [], [], []
    for index, length in enumerate(_MEANS_SECONDS):
        before = levels.means[index] if levels.means else load
        weight, step = 1.0 - math.exp(-seconds / length), load - before
        means.append(before + weight * step)
        variances.append((1.0 - weight) * (levels.variances[index] + weight * step * step))
        waves.append(means[index] + _DEVIATIONS * math.sqrt(variances[index]))
    step = load - levels.load if levels.means else 0.0
    noise = levels.noise + (1.0 - math.exp(-seconds / _MEANS_SECONDS[0])) * (step * step / 2.0 - levels.noise)
    return Levels(holds, sure, tuple(means), tuple(variances), (*(each[0][1] for each in holds), *waves), load, noise)


def _keep(kept: Kept, load: float, now: float, hold_seconds: float, bucket_seconds: float) -> Kept:
    """Add a load to those of which one may yet be the most of the hold."""
    bucket, buckets = int(now // bucket_seconds), int(hold_seconds / bucket_seconds)
    if kept and kept[-1][0] == bucket and kept[-1][1] >= load and kept[0][0] > bucket - buckets:
        return kept
    still = [each for each in kept if each[1] > load and each[0] > bucket - buckets]
    return (*still, (bucket, load))
