"""The Compose target keeps what every target promises, on the real engine."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from autoscaler.adapters.compose.target import ComposeTarget
from autoscaler.ports.fleet import ServiceRef
from autoscaler.ports.targets import ReplicaTarget
from tests.contracts.replica_target import ReplicaTargetContract
from tests.support.compose_project import Project
from tests.support.fakes import Recorder

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("compose contract")]


@dataclass
class ComposeBench:
    """One service of a real Compose project."""

    target: ReplicaTarget
    ref: ServiceRef
    recorder: Recorder

    def absent(self) -> ReplicaTarget:
        return ComposeTarget("tcp://127.0.0.1:9", timeout_seconds=1.0, emit=self.recorder.notify)


class TestComposeTarget(ReplicaTargetContract):
    @pytest.fixture
    def bench(self, plain: Project) -> Iterator[ComposeBench]:
        target = plain.target()
        yield ComposeBench(target, plain.ref(), plain.recorder)
        target.close()
