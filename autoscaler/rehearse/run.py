"""The result of a rehearsal: a timeline of one service under one policy, and the figures of its summary."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise

from autoscaler.core.model import Decision

REVERSAL_SECONDS = 600.0

ReportProgress = Callable[[str, float], None]  # the step, and its completed share, 0 to 1


@dataclass(frozen=True, slots=True)
class Sample:
    """The service at one instant; unknown values are None."""

    at: float  # unix seconds, or seconds since the start of a simulation
    load: float | None  # arriving requests per second; None: unknown (blind)
    capacity: float | None  # requests per second that the ready replicas can serve within the goal
    replicas: int  # requested
    ready: int  # serving
    p95_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of a summary: a name, and the value as text with its unit."""

    name: str
    value: str
    number: float | None = None  # the value for programs: in seconds, hours, requests or replicas; shares 0 to 1


@dataclass(frozen=True, slots=True)
class Run:
    """The rehearsal of one policy. `decisions` holds those that changed the count, oldest first."""

    title: str  # e.g. "autoscaler.yaml"
    service: str
    samples: tuple[Sample, ...]
    decisions: tuple[Decision, ...]
    figures: tuple[Figure, ...]
    goal_seconds: float | None = None  # p95 should stay below it
    caveats: tuple[str, ...] = ()  # the assumptions of this rehearsal


def count_reversals(changes: Iterable[Decision]) -> int:
    """Return how many changes are in the other direction than the one before, less than 10 minutes after it."""
    return sum(
        after.direction is not before.direction and after.at - before.at < REVERSAL_SECONDS
        for before, after in pairwise(changes)
    )
