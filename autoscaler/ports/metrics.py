"""Where readings come from: those of now, and those of the past."""

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from autoscaler.core.model import Reading
from autoscaler.core.policy import Query, TraefikSignal


@dataclass(frozen=True, slots=True)
class SignalRequest:
    """One thing to measure. `traefik_service` (e.g. userservice@docker) matters to Traefik signals only.

    `service`, the policy's own name, matters to past replica counts only: our own metrics have them under that name.
    """

    source: TraefikSignal | Query
    traefik_service: str | None = None
    service: str | None = None


class MetricSource(Protocol):
    """Where readings come from."""

    def read(self, requests: Collection[SignalRequest], at: float) -> Mapping[SignalRequest, Reading]:
        """Measure everything as of one instant, `at` (unix seconds).

        Never raises for what the server does: each request gets a reading, if need be one of kind `error`.
        """
        ...


@dataclass(frozen=True, slots=True)
class Span:
    """Evenly spaced instants of the past: `start`, `start + step_seconds`, ... up to `end`, in unix seconds.

    Both `start` and the step are whole milliseconds, as Prometheus counts them.
    """

    start: float
    end: float
    step_seconds: float

    @property
    def instants(self) -> Sequence[float]:
        """The instants, oldest first."""
        return [self.start + index * self.step_seconds for index in range(len(self))]

    def chunks(self, most: int) -> "Iterator[Span]":
        """Cut it into spans of at most so many instants, oldest first."""
        instants = self.instants
        for first in range(0, len(instants), most):
            last = min(first + most, len(instants)) - 1
            yield Span(instants[first], instants[last], self.step_seconds)

    def __len__(self) -> int:
        return max(0, math.floor((self.end - self.start + 0.0005) / self.step_seconds) + 1)


class MetricHistory(Protocol):
    """What the readings were in the past."""

    def read_range(
        self, requests: Collection[SignalRequest], span: Span, *, progress: Callable[[float], None]
    ) -> Mapping[SignalRequest, Sequence[Reading]]:
        """Return a reading for each instant of the span, as `MetricSource.read` would have returned it then.

        `progress` is told the share that is done, 0 to 1.

        Raises:
            MetricsUnavailable: the server does not answer, or refuses; the text says what to check.
        """
        ...

    def replicas_range(
        self, requests: Collection[SignalRequest], span: Span, *, existing: bool = False
    ) -> Mapping[SignalRequest, Sequence[int | None]]:
        """Return how many replicas served at each instant, by request; None where nobody knows.

        With `existing` those that were starting or unhealthy count, too, as far as anybody knows of them.

        Raises:
            MetricsUnavailable: as `read_range`.
        """
        ...

    def capacities(self, at: float) -> Mapping[tuple[str, str], float]:
        """Return the load per replica that was learned by then (unix seconds), by service and rule.

        Raises:
            MetricsUnavailable: as `read_range`.
        """
        ...
