"""What a rehearsal yields: a timeline of one service under one policy, and the figures that sum it up."""

from dataclasses import dataclass

from autoscaler.core.model import Decision


@dataclass(frozen=True, slots=True)
class Sample:
    """The service at one instant; what a rehearsal cannot know is None."""

    at: float  # unix seconds, or seconds since the start of a simulation
    load: float | None  # requests per second that arrive; None: not known (blind)
    capacity: float | None  # requests per second that the ready replicas can serve within the goal
    replicas: int  # asked for
    ready: int  # serving
    p95_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of a summary: a name, and the value in words with its unit."""

    name: str
    value: str
    number: float | None = None  # the same for programs: in seconds, hours, requests or replicas; shares 0 to 1


@dataclass(frozen=True, slots=True)
class Run:
    """One policy, rehearsed. `decisions` holds those that changed the count, oldest first."""

    title: str  # e.g. "autoscaler.yaml"
    service: str
    samples: tuple[Sample, ...]
    decisions: tuple[Decision, ...]
    figures: tuple[Figure, ...]
    goal_seconds: float | None = None  # what p95 should stay below
    caveats: tuple[str, ...] = ()  # what this kind of rehearsal cannot know
