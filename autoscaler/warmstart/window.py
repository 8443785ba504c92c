"""What the services went through: past observations for the limits, past loads for what the sizing learns."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from autoscaler.core.memory import Memory
from autoscaler.core.model import Observation, Reading, ReadingKind, Replicas
from autoscaler.core.policy import Policy, Query
from autoscaler.core.replay import replay
from autoscaler.errors import MetricsUnavailable
from autoscaler.ports.fleet import ServiceState
from autoscaler.ports.metrics import MetricHistory, SignalRequest, Span

MOST_INSTANTS = 5_000  # of the window that is replayed

PastReadings = Mapping[SignalRequest, Sequence[Reading]]
Check = Callable[[float], None]  # told the share that is done; may raise to end it
Past = Sequence[tuple[float, Observation]]


@dataclass(frozen=True, slots=True)
class Subject:
    """One service as it stands, and what its policy needs to know."""

    policy: Policy
    state: ServiceState
    requests: Mapping[str, SignalRequest]  # by the name of the reading

    @property
    def counted(self) -> SignalRequest:
        """By which the replicas of then are asked for."""
        return replace(next(iter(self.requests.values())), service=self.policy.service)


@dataclass(frozen=True, slots=True)
class Recalled:
    """A memory after some past, and how much of it there was."""

    memory: Memory = field(default_factory=Memory)
    seconds: float = 0.0
    problem: str | None = None


def window_before(now: float, policies: Collection[Policy], interval_seconds: float) -> Span:
    """Return the instants, `interval_seconds` apart, on which the limits look back at `now` (unix seconds)."""
    seconds = max((_reach_seconds(policy) for policy in policies), default=0.0)
    steps = min(math.ceil(seconds / interval_seconds), MOST_INSTANTS)
    end = float(math.floor(now))
    return Span(end - steps * interval_seconds, end, interval_seconds)


def _reach_seconds(policy: Policy) -> float:
    longest = max(source.window_seconds for source in policy.sources.values())
    return max(policy.horizon_seconds, policy.reversals.period_seconds) + longest


def read_past(history: MetricHistory, requests: Collection[SignalRequest], span: Span, check: Check) -> PastReadings:
    """Return the readings of then. A query that fails is a reading of kind `error` at every instant, as it was then.

    Raises:
        MetricsUnavailable: Traefik's signals cannot be had.
    """
    queries = [request for request in requests if isinstance(request.source, Query)]
    signals = [request for request in requests if request not in queries]
    found = dict(history.read_range(signals, span, progress=check)) if signals else {}
    for request in queries:
        try:
            found.update(history.read_range([request], span, progress=check))
        except MetricsUnavailable as error:
            found[request] = [Reading(ReadingKind.ERROR, note=str(error))] * len(span)
    return found


def observed(history: MetricHistory, subjects: Collection[Subject], span: Span, check: Check) -> dict[str, Past]:
    """Return what was seen of each service at each instant; where nobody knows the replicas, those of now.

    Raises:
        MetricsUnavailable: as `read_past`.
    """
    readings = read_past(history, {request for each in subjects for request in each.requests.values()}, span, check)
    counted = [subject.counted for subject in subjects]
    current = history.replicas_range(counted, span, existing=True)
    ready = history.replicas_range(counted, span)
    return {
        each.policy.service: [
            (at, _seen(each, readings, index, current[each.counted][index], ready[each.counted][index]))
            for index, at in enumerate(span.instants)
        ]
        for each in subjects
    }


def _seen(subject: Subject, readings: PastReadings, index: int, current: int | None, ready: int | None) -> Observation:
    now = subject.state
    replicas = Replicas(now.current if current is None else current, now.ready if ready is None else ready)
    return Observation(replicas, {name: readings[request][index] for name, request in subject.requests.items()})


def live_through(policy: Policy, past: Past, memory: Memory) -> Recalled:
    """Return the memory after deciding again at each instant, from the first usable reading on.

    How long readings have been missing is not recalled: a fallback for blindness needs a daemon that was blind. How
    long a start takes is, if replicas were ever seen to start.
    """
    first = next((index for index, (_, seen) in enumerate(past) if _usable(seen)), len(past))
    if first == len(past):
        notes = {reading.note or reading.kind for _, seen in past[-1:] for reading in seen.readings.values()}
        return Recalled(memory, problem=f"there was no usable reading: {'; '.join(sorted(notes))}")
    for _, after in replay(policy, past[first:], memory):
        memory = after
    starts_seen = any(seen.replicas.ready < seen.replicas.current for _, seen in past[first:])
    start_seconds = memory.start_seconds if starts_seen else None
    memory = replace(memory, blind_since=None, start_seconds=start_seconds)
    return Recalled(memory, past[-1][0] - past[first][0])


def _usable(seen: Observation) -> bool:
    return any(reading.value is not None for reading in seen.readings.values())
