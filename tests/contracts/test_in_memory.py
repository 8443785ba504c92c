"""A target in memory keeps what every target promises: so nothing above the adapters depends on Compose."""

from dataclasses import dataclass, field

import pytest

from autoscaler.adapters.targets import Targets
from autoscaler.ports.fleet import ServiceRef
from autoscaler.ports.targets import ReplicaTarget
from tests.contracts.replica_target import ReplicaTargetContract
from tests.support.fakes import FakeTarget, Recorder


class MemoryTarget(FakeTarget):
    """A second kind of target."""

    kind = "memory"


@dataclass
class MemoryBench:
    """One service in memory."""

    target: ReplicaTarget
    ref: ServiceRef = ServiceRef("web", "shop", "memory")  # noqa: RUF009  frozen
    recorder: Recorder = field(default_factory=Recorder)

    def absent(self) -> ReplicaTarget:
        target = MemoryTarget(web=1)
        target.unavailable = "its memory is away"
        return target


class TestMemoryTarget(ReplicaTargetContract):
    @pytest.fixture
    def bench(self) -> MemoryBench:
        return MemoryBench(MemoryTarget(web=1))


class TestBesideAnother(ReplicaTargetContract):
    """The same behind the list of targets, beside one of another kind."""

    @pytest.fixture
    def bench(self) -> MemoryBench:
        return MemoryBench(Targets({"compose": FakeTarget(mail=1), "memory": MemoryTarget(web=1)}))
