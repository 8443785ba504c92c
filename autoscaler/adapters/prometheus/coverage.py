"""How well samples cover a window. Pure.

`rate()` divides by the whole window, whatever part of it has samples: a window that fades looks like a falling load.
"""

from dataclasses import dataclass

STALE_INTERVALS = 2.0  # a sample may be this many scrape intervals old
LATE_SECONDS = 2.0  # and as late as this besides: a scrape takes time, and so does storing it
_REACH = 1.1  # intervals that `rate()` extrapolates over at either end of the samples; beyond them half of one
_MOST_UNCOVERED = 0.1  # of the window; as much as the usual tolerance of a rule


def oldest_seconds(most_seconds: float, interval_seconds: float | None) -> float:
    """Return the age from which on a sample is stale: by the observed scrape interval, and at most `most_seconds`."""
    if interval_seconds is None:
        return most_seconds
    return min(most_seconds, STALE_INTERVALS * interval_seconds + LATE_SECONDS)


@dataclass(frozen=True, slots=True)
class Coverage:
    """The samples of one series: the newest one's age, the observed scrape interval, and how many a window has."""

    age_seconds: float
    interval_seconds: float
    samples: int

    def covered_seconds(self, window_seconds: float) -> float:
        """Return the part of the window that `rate()` takes for covered. Gaps between samples do no harm."""
        between = max(0, self.samples - 1) * self.interval_seconds
        before = max(0.0, window_seconds - self.age_seconds - between)
        return window_seconds - self._beyond_reach(before) - self._beyond_reach(self.age_seconds)

    def _beyond_reach(self, seconds: float) -> float:
        return 0.0 if seconds <= _REACH * self.interval_seconds else seconds - self.interval_seconds / 2

    def is_partial(self, window_seconds: float) -> bool:
        """Return whether a rate over the window may be much too low; a sample that is late makes it none."""
        most_seconds = max(_MOST_UNCOVERED * window_seconds, self.interval_seconds)
        return window_seconds - self.covered_seconds(window_seconds) > most_seconds
