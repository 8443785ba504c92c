"""When in its interval a cycle comes: soon after Prometheus has scraped, so that what it sees is new. Pure."""

from dataclasses import dataclass, replace

from autoscaler.events import CycleFinished

AFTER_SCRAPE_SECONDS = 0.3  # at first; by then Prometheus has usually stored what it scraped
CLOSE_SECONDS = 0.1  # so near to where it should be, a cycle stays
_SAME_SECONDS = 0.05  # scrapes are that punctual


@dataclass(frozen=True, slots=True)
class Phase:
    """What is known of the scrapes: the newest sample (unix seconds), and how long after it a cycle should come."""

    sampled_at: float | None = None
    after_seconds: float = AFTER_SCRAPE_SECONDS


def shifted(phase: Phase, finished: CycleFinished, interval_seconds: float) -> tuple[float, Phase]:
    """Return by how many seconds the next cycle should come later than an interval from now; below 0: sooner.

    Nothing is shifted unless interval and scrape interval go into one another, and by half an interval at most.
    """
    age_seconds = _youngest(finished)
    if age_seconds is None:
        return 0.0, phase
    sampled_at = finished.at - age_seconds
    seen = replace(phase, sampled_at=sampled_at)
    if phase.sampled_at is None or not _in_step(sampled_at - phase.sampled_at, interval_seconds):
        return 0.0, seen
    if age_seconds >= interval_seconds:  # a newer one was there, but not stored yet: that takes longer than was thought
        seen = replace(seen, after_seconds=min(2 * seen.after_seconds, interval_seconds))
        return min(max(0.0, seen.after_seconds - age_seconds % interval_seconds), interval_seconds / 2), seen
    late_seconds = age_seconds - seen.after_seconds
    return 0.0 if late_seconds < CLOSE_SECONDS else -min(late_seconds, interval_seconds / 2), seen


def _youngest(finished: CycleFinished) -> float | None:
    """Return the age of the newest sample that any service was decided by."""
    decisions = [outcome.decision for outcome in finished.services.values() if outcome.decision is not None]
    ages = [proposal.reading.age_seconds for decision in decisions for proposal in decision.proposals]
    return min((age for age in ages if age is not None), default=None)


def _in_step(spacing_seconds: float, interval_seconds: float) -> bool:
    """Whether there is a new sample, and a whole number of intervals has passed from the one before."""
    intervals = round(spacing_seconds / interval_seconds)
    return intervals >= 1 and abs(spacing_seconds - intervals * interval_seconds) < _SAME_SECONDS
