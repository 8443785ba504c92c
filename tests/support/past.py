"""A past for tests: readings and replicas as functions of time, and a restart that recalls them."""

import threading
from collections.abc import Callable, Collection, Mapping, Sequence

from autoscaler.config.model import ServiceConfig
from autoscaler.config.services import fixed
from autoscaler.core.model import Reading, ReadingKind, Replicas
from autoscaler.core.policy import Policy, Source
from autoscaler.ports.fleet import ServiceRef
from autoscaler.ports.metrics import SignalRequest, Span
from autoscaler.warmstart.warm_start import Rebuilt, WarmStart
from tests.support.builders import NOW, policy
from tests.support.fakes import FakeTarget

STEP = 5.0


def nothing(_: float) -> Reading:
    return Reading(ReadingKind.EMPTY, note="nothing is known")


class FakePast:
    """A past as functions of time, by source; notes the spans it was asked for, and waits or fails if told to."""

    def __init__(
        self,
        readings: Mapping[Source, Callable[[float], Reading]] | None = None,
        replicas: Callable[[float], Replicas | None] = lambda _: None,
    ) -> None:
        self.readings = dict(readings or {})
        self.replicas = replicas
        self.errors: dict[Source | float | str, Exception] = {}  # by source, by step, or of the capacities
        self.learned: dict[tuple[str, str], float] = {}  # load per replica, by service and rule
        self.asked: list[Span] = []
        self.capacities_asked = 0
        self.gate = threading.Event()
        self.gate.set()
        self.seconds_per_day = 0.0  # of our clock for each day that is read
        self.clock = 0.0

    def monotonic(self) -> float:
        return self.clock

    def read_range(
        self, requests: Collection[SignalRequest], span: Span, *, progress: Callable[[float], None]
    ) -> Mapping[SignalRequest, Sequence[Reading]]:
        self.gate.wait(30)
        self.asked.append(span)
        self.clock += self.seconds_per_day * (span.end - span.start) / 86_400
        for each in (span.step_seconds, *(request.source for request in requests)):
            if each in self.errors:
                raise self.errors[each]
        progress(1.0)
        return {
            request: [self.readings.get(request.source, nothing)(at) for at in span.instants] for request in requests
        }

    def replicas_range(
        self, requests: Collection[SignalRequest], span: Span, *, existing: bool = False
    ) -> Mapping[SignalRequest, Sequence[int | None]]:
        known = [self.replicas(at) for at in span.instants]
        counts = [None if each is None else each.current if existing else each.ready for each in known]
        return dict.fromkeys(requests, counts)

    def capacities(self, at: float) -> Mapping[tuple[str, str], float]:
        self.capacities_asked += 1
        if "capacities" in self.errors:
            raise self.errors["capacities"]
        return self.learned


def restarted(
    past: FakePast, *policies: Policy, now: float = NOW, target: FakeTarget | None = None, most_seconds: float = 30.0
) -> dict[str, Rebuilt]:
    services = {each.service: ServiceConfig(each, ServiceRef(each.service)) for each in policies or (policy(),)}
    target = target or FakeTarget(**dict.fromkeys(services, 4))
    warm = WarmStart(fixed(services), target, past, interval_seconds=STEP, monotonic=past.monotonic)
    warm.run(now, most_seconds)
    return warm.rebuilt


def always(value: float) -> Callable[[float], Reading]:
    return lambda _: Reading.of(value)
