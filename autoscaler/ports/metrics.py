"""The sources of readings: present ones and past ones."""

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from autoscaler.core.model import Reading
from autoscaler.core.policy import Query, TraefikSignal


@dataclass(frozen=True, slots=True)
class Share:
    """The ready replicas of a service among all behind one Traefik service that it shares with `others`."""

    traefik_service: str
    ready: int
    of: int
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SignalRequest:
    """One signal to measure. `traefik_service` (e.g. userservice@docker) is for Traefik signals only.

    `further` are more names of the same service: loads are summed, and of ratios and latencies the highest counts.
    `shares` has the part of a name's load that is this service's, for names that several services have.

    `service`, the policy's name, is for past replica counts only: the autoscaler's own metrics have that label.
    """

    source: TraefikSignal | Query
    traefik_service: str | None = None
    service: str | None = None
    further: tuple[str, ...] = ()
    shares: tuple["Share", ...] = ()
    unmeasured: str | None = None  # why Traefik does not measure it: the reading's fault

    @property
    def traefik_services(self) -> tuple[str, ...]:
        """All names of the service in Traefik."""
        return () if self.traefik_service is None else (self.traefik_service, *self.further)


class MetricSource(Protocol):
    """The source of present readings."""

    def read(self, requests: Collection[SignalRequest], at: float) -> Mapping[SignalRequest, Reading]:
        """Measure every signal as of one instant, `at` (unix seconds).

        A failure of the server raises nothing: each request gets a reading, of kind `error` if need be.
        """


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
        """Split it into spans of at most `most` instants, oldest first."""
        instants = self.instants
        for first in range(0, len(instants), most):
            last = min(first + most, len(instants)) - 1
            yield Span(instants[first], instants[last], self.step_seconds)

    def __len__(self) -> int:
        return max(0, math.floor((self.end - self.start + 0.0005) / self.step_seconds) + 1)


class MetricHistory(Protocol):
    """The source of past readings."""

    def read_range(
        self, requests: Collection[SignalRequest], span: Span, *, progress: Callable[[float], None]
    ) -> Mapping[SignalRequest, Sequence[Reading]]:
        """Return a reading for each instant of the span, as `MetricSource.read` would have returned it then.

        `progress` gets the share that is done, 0 to 1.

        Raises:
            MetricsUnavailable: the server does not answer, or refuses; the text says what to check.
        """

    def replicas_range(
        self, requests: Collection[SignalRequest], span: Span, *, existing: bool = False
    ) -> Mapping[SignalRequest, Sequence[int | None]]:
        """Return how many replicas served at each instant, by request; None where it is unknown.

        With `existing`, starting and unhealthy replicas count too, where they are known.

        Raises:
            MetricsUnavailable: as `read_range`.
        """

    def capacities(self, at: float) -> Mapping[tuple[str, str], float]:
        """Return the load per replica that was learned until `at` (unix seconds), by service and rule.

        Raises:
            MetricsUnavailable: as `read_range`.
        """
