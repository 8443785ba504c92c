"""Reads past observations of the services, and replays them for the limits."""

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

MOST_INSTANTS = 5_000  # of the replayed window

PastReadings = Mapping[SignalRequest, Sequence[Reading]]
Progress = Callable[[float], None]  # receives the completed share, 0 to 1; may raise to end the work
Past = Sequence[tuple[float, Observation]]


@dataclass(frozen=True, slots=True)
class Subject:
    """One service: its policy, its present state, and the policy's signal requests."""

    policy: Policy
    state: ServiceState
    requests: Mapping[str, SignalRequest]  # by the name of the reading

    @property
    def counted(self) -> SignalRequest:
        """The request for the past replica counts."""
        return replace(next(iter(self.requests.values())), service=self.policy.service)


@dataclass(frozen=True, slots=True)
class RebuiltMemory:
    """A memory after some past, and the length of that past."""

    memory: Memory = field(default_factory=Memory)
    seconds: float = 0.0
    problem: str | None = None


def window_before(now: float, policies: Collection[Policy], interval_seconds: float) -> Span:
    """Return the instants, `interval_seconds` apart, that the limits look back to at `now` (unix seconds)."""
    seconds = max((_reach_seconds(policy) for policy in policies), default=0.0)
    steps = min(math.ceil(seconds / interval_seconds), MOST_INSTANTS)
    end = float(math.floor(now))
    return Span(end - steps * interval_seconds, end, interval_seconds)


def _reach_seconds(policy: Policy) -> float:
    longest = max(source.window_seconds for source in policy.sources.values())
    return max(policy.horizon_seconds, policy.reversals.period_seconds) + longest


def read_past(history: MetricHistory, requests: Collection[SignalRequest], span: Span, check: Progress) -> PastReadings:
    """Return the past readings. A query that fails is a reading of kind `error` at every instant.

    Raises:
        MetricsUnavailable: Traefik's signals cannot be read.
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


def observe_past(history: MetricHistory, subjects: Collection[Subject], span: Span, check: Progress) -> dict[str, Past]:
    """Return each service's observation at each instant; unknown replica counts are replaced by the present ones.

    Raises:
        MetricsUnavailable: as `read_past`.
    """
    readings = read_past(history, {request for each in subjects for request in each.requests.values()}, span, check)
    counted = [subject.counted for subject in subjects]
    current = history.replicas_range(counted, span, existing=True)
    ready = history.replicas_range(counted, span)
    return {
        each.policy.service: [
            (at, _observed(each, readings, index, current[each.counted][index], ready[each.counted][index]))
            for index, at in enumerate(span.instants)
        ]
        for each in subjects
    }


def _observed(subject: Subject, past: PastReadings, index: int, current: int | None, ready: int | None) -> Observation:
    now = subject.state
    replicas = Replicas(now.current if current is None else current, now.ready if ready is None else ready)
    return Observation(replicas, {name: past[request][index] for name, request in subject.requests.items()})


def replay_past(policy: Policy, past: Past, memory: Memory) -> RebuiltMemory:
    """Return the memory after deciding again at each instant, from the first usable reading on.

    The time without readings is not restored: the fallback when blind needs a daemon that was blind itself. The start
    time is restored if the past has starting replicas.
    """
    first = next((index for index, (_, seen) in enumerate(past) if _usable(seen)), len(past))
    if first == len(past):
        notes = {reading.note or reading.kind for _, seen in past[-1:] for reading in seen.readings.values()}
        return RebuiltMemory(memory, problem=f"there was no usable reading: {'; '.join(sorted(notes))}")
    for _, after in replay(policy, past[first:], memory):
        memory = after
    starts_seen = any(seen.replicas.ready < seen.replicas.current for _, seen in past[first:])
    start_seconds = memory.start_seconds if starts_seen else None
    memory = replace(memory, blind_since=None, start_seconds=start_seconds)
    return RebuiltMemory(memory, past[-1][0] - past[first][0])


def _usable(seen: Observation) -> bool:
    """Return whether a daemon would not have been blind."""
    return any(reading.value is not None or reading.kind is ReadingKind.UNSEEN for reading in seen.readings.values())
