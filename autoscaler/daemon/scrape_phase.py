"""When in its interval a cycle comes: soon after a Prometheus scrape, so that its readings are fresh. Pure."""

from dataclasses import dataclass, replace

from autoscaler.events import CycleFinished

AFTER_SCRAPE_SECONDS = 0.3  # at first; by then Prometheus has usually stored the samples
CLOSE_SECONDS = 0.1  # a cycle that is less late is not shifted
_SAME_SECONDS = 0.05  # how punctual scrapes are


@dataclass(frozen=True, slots=True)
class Phase:
    """The newest sample (unix seconds), and how long after a scrape a cycle should come."""

    sampled_at: float | None = None
    after_seconds: float = AFTER_SCRAPE_SECONDS


def shifted(phase: Phase, finished: CycleFinished, interval_seconds: float) -> tuple[float, Phase]:
    """Return by how many seconds the next cycle comes later than an interval from now (below 0: sooner), and the phase.

    It is shifted only if the scrape interval is a multiple of the interval, and by half an interval at most.
    """
    age_seconds = _youngest(finished)
    if age_seconds is None:
        return 0.0, phase
    sampled_at = finished.at - age_seconds
    seen = replace(phase, sampled_at=sampled_at)
    if phase.sampled_at is None or not _in_step(sampled_at - phase.sampled_at, interval_seconds):
        return 0.0, seen
    if age_seconds >= interval_seconds:  # a newer sample was not stored yet
        seen = replace(seen, after_seconds=min(2 * seen.after_seconds, interval_seconds))
        return min(max(0.0, seen.after_seconds - age_seconds % interval_seconds), interval_seconds / 2), seen
    late_seconds = age_seconds - seen.after_seconds
    return 0.0 if late_seconds < CLOSE_SECONDS else -min(late_seconds, interval_seconds / 2), seen


def _youngest(finished: CycleFinished) -> float | None:
    """Return the age of the newest sample of any decision."""
    decisions = [outcome.decision for outcome in finished.services.values() if outcome.decision is not None]
    ages = [proposal.reading.age_seconds for decision in decisions for proposal in decision.proposals]
    return min((age for age in ages if age is not None), default=None)


def _in_step(spacing_seconds: float, interval_seconds: float) -> bool:
    """Return whether there is a new sample, a whole number of intervals after the one before."""
    intervals = round(spacing_seconds / interval_seconds)
    return intervals >= 1 and abs(spacing_seconds - intervals * interval_seconds) < _SAME_SECONDS
