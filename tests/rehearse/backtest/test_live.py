"""The replay is the daemon's own decision: over what a live loop saw, it decides what the live loop decided."""

import math
import time
from collections.abc import Collection, Mapping
from dataclasses import replace

import pytest

from autoscaler.config.model import ServiceConfig
from autoscaler.config.services import fixed
from autoscaler.control.cycle import Cycle
from autoscaler.control.gate import Gate
from autoscaler.control.operations import Operations
from autoscaler.core.model import Decision, Reading, ReadingKind
from autoscaler.core.policy import Policy
from autoscaler.ports.fleet import ServiceRef
from autoscaler.ports.metrics import SignalRequest
from autoscaler.rehearse.backtest.recording import Recording
from autoscaler.rehearse.backtest.replay import Replayed, backtest
from tests.support.builders import BACKLOG, NOW, THROUGHPUT, at_most, behavior, policy
from tests.support.fakes import FakeTarget, Recorder

EVALUATIONS = 400
STEP = 5.0
UP, DOWN = behavior(at_most(3)), behavior(at_most(2), window=60.0)
POLICIES = {
    "users": replace(policy(THROUGHPUT, BACKLOG, low=2, high=12, up=UP, down=DOWN), service="users"),
    "music": replace(policy(THROUGHPUT, low=1, high=9, up=UP, down=behavior(window=30.0)), service="music"),
}


def load(request: SignalRequest, at: float) -> Reading:
    """A wave with noise for each service and source, with a gap in the middle and some lost samples."""
    phase = sum(map(ord, f"{request.traefik_service}{request.source}")) % 7
    index = round((at - NOW) / STEP)
    if 200 <= index < 230 or (index * (phase + 3)) % 41 == 40:
        return Reading(ReadingKind.STALE)
    return Reading.of(250 + 220 * math.sin(index / 23 + phase) + index * 7919 % 61)


class Waves:
    """A source that measures `load`, and remembers it."""

    def __init__(self) -> None:
        self.seen: dict[SignalRequest, list[Reading]] = {}

    def read(self, requests: Collection[SignalRequest], at: float) -> Mapping[SignalRequest, Reading]:
        for request in requests:
            self.seen.setdefault(request, []).append(load(request, at))
        return {request: self.seen[request][-1] for request in requests}


def live(max_replicas_total: int | None) -> tuple[dict[str, list[Decision]], dict[str, Recording]]:
    """Run the daemon's cycle over a fleet; return what it decided, and what it saw."""
    source, recorder = Waves(), Recorder()
    operations = Operations(FakeTarget(users=2, music=1), recorder.notify, at_once=2)
    services = {name: ServiceConfig(each, ServiceRef(name)) for name, each in POLICIES.items()}
    cycle = Cycle(
        fixed(services),
        source,
        operations._target,
        Gate(operations),
        recorder.notify,
        max_replicas_total=max_replicas_total,
    )
    decided: dict[str, list[Decision]] = {name: [] for name in services}
    for index in range(EVALUATIONS):
        for name, outcome in cycle.run(NOW + STEP * index).services.items():
            assert outcome.decision is not None
            decided[name].append(outcome.decision)
            while operations.requested(name) is not None:
                time.sleep(0.0005)
    return decided, {name: seen(each, name, source, decided[name]) for name, each in POLICIES.items()}


def seen(policy: Policy, name: str, source: Waves, decided: list[Decision]) -> Recording:
    readings = {each: source.seen[SignalRequest(each, f"{name}@docker")] for each in policy.sources.values()}
    return Recording([decision.at for decision in decided], readings, [decision.replicas.ready for decision in decided])


def story(decisions: list[Decision] | Replayed) -> list[tuple[float, int, int, str]]:
    """The decisions that changed the count, as they are told."""
    all_of_them = decisions.decisions if isinstance(decisions, Replayed) else decisions
    return [
        (each.at, each.replicas.count, each.desired, each.sentence)
        for each in all_of_them
        if each.replicas.count != each.desired
    ]


@pytest.mark.parametrize("max_replicas_total", [None, 10])
def test_replaying_what_the_daemon_saw_gives_what_the_daemon_decided(max_replicas_total: int | None) -> None:
    decided, recordings = live(max_replicas_total)
    replays = backtest(
        {name: (POLICIES[name], recordings[name]) for name in POLICIES},
        start_delay_seconds=0.0,
        max_replicas_total=max_replicas_total,
        progress=lambda _: None,
    )
    for name, decisions in decided.items():
        assert len(story(decisions)) > 10
        assert story(replays[name]) == story(decisions)
        assert [instant.reason for instant in replays[name].instants] == [decision.reason for decision in decisions]
