"""The Compose target keeps what every target promises, on the real engine."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from autoscaler.adapters.compose.target import ComposeTarget
from autoscaler.ports.fleet import ServiceRef
from autoscaler.ports.targets import ReplicaTarget
from tests.adapters.compose.conftest import SLEEP, Project
from tests.contracts.replica_target import ReplicaTargetContract
from tests.support.fakes import Recorder

pytestmark = pytest.mark.engine


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
    def bench(self, project: Project) -> Iterator[ComposeBench]:
        project.up({"web": SLEEP})
        target = project.target()
        yield ComposeBench(target, project.ref(), project.recorder)
        target.close()
