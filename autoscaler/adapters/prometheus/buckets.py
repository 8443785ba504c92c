"""The bounds of Traefik's duration buckets, and which thresholds they can measure. Pure."""

import math
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from autoscaler.adapters.prometheus.samples import Sample
from autoscaler.formats import format_duration

_NUMBER = re.compile(r"\d+(\.\d+)?(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)  # of a bound; +Inf is none
OPTION = "metrics.prometheus.buckets"  # Traefik's


@dataclass(frozen=True, slots=True)
class Part:
    """One bucket's part in a share: its weight, and its `le` as Prometheus 2 (`5`) and Prometheus 3 (`5.0`) write."""

    texts: tuple[str, ...]
    weight: float


@dataclass(frozen=True, slots=True)
class Buckets:
    """The notations of each finite bound (seconds), lowest bound first."""

    texts: dict[float, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, samples: Iterable[Sample]) -> "Buckets":
        """Return the buckets of the samples' `le` labels."""
        found: dict[float, list[str]] = {}
        for text in {sample.labels["le"] for sample in samples if _NUMBER.fullmatch(sample.labels.get("le", ""))}:
            found.setdefault(float(text), []).append(text)
        return cls({bound: tuple(sorted(found[bound])) for bound in sorted(found) if math.isfinite(bound)})

    @property
    def highest(self) -> float | None:
        """The highest finite bound in seconds; durations above it cannot be distinguished."""
        return max(self.texts, default=None)

    def up_to(self, threshold_seconds: float) -> tuple[Part, ...]:
        """Return the buckets whose weighted sum counts the answers within the threshold; none if it is too high.

        Between two bounds it interpolates linearly, as `histogram_quantile` does, so that a quantile of the same window
        is below the threshold exactly when the share of slow answers is.
        """
        if threshold_seconds in self.texts:
            return (Part(self.texts[threshold_seconds], 1.0),)
        for low, high in pairwise([0.0, *self.texts]):
            if low < threshold_seconds < high:
                weight = (threshold_seconds - low) / (high - low)
                below = (Part(self.texts[low], 1.0 - weight),) if low in self.texts else ()
                return (*below, Part(self.texts[high], weight))
        return ()

    def slow_note(self, threshold_seconds: float) -> str:
        """Return a note on the accuracy of a share measured with these buckets."""
        if threshold_seconds in self.texts or not self.texts:
            return ""
        low = max((bound for bound in self.texts if bound < threshold_seconds), default=0.0)
        high = min(bound for bound in self.texts if bound > threshold_seconds)
        between = f"{format_duration(low)} and {format_duration(high)}"
        wanted = f"{threshold_seconds:g}"
        return f"interpolated between Traefik's buckets {between}; add {wanted} to {OPTION} for an exact share"

    def too_low_note(self, threshold_seconds: float) -> str | None:
        """Return why slower answers than the threshold cannot be counted, or None if they can."""
        if self.highest is None or threshold_seconds <= self.highest:
            return None
        highest, threshold = format_duration(self.highest), format_duration(threshold_seconds)
        wanted = f"{threshold_seconds:g}"
        return f"Traefik's highest bucket is {highest}, below {threshold}: add {wanted} to Traefik's option {OPTION}"


_ALL = 1 - 1e-6  # rates are extrapolated each on its own


def longest(samples: Iterable[Sample]) -> float | None:
    """Return the lowest bucket that has all requests; None if it is the infinite one, or not all are plain requests."""
    counts: dict[tuple[str | None, float], float] = defaultdict(float)
    for sample in samples:
        text = sample.labels.get("le", "")
        if text == "+Inf" or _NUMBER.fullmatch(text):
            counts[sample.labels.get("protocol"), float(text)] += sample.value  # 5 and 5.0 are one bound
    total = counts.get(("http", math.inf), 0.0)
    if not total > 0 or any(protocol != "http" for protocol, _ in counts):
        return None
    bound = min(bound for (_, bound), count in counts.items() if count >= total * _ALL)
    return bound if math.isfinite(bound) else None
