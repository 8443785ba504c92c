"""The marker is removed in one way, by a drain that is taken back and by the recovery that finds one left behind."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from autoscaler.adapters.compose.drain.drainer import Drainer
from autoscaler.adapters.compose.healthcheck import MARKER
from autoscaler.adapters.compose.labels import HEALTHCHECK
from autoscaler.adapters.compose.recovery.recover import DrainRecovery
from autoscaler.adapters.compose.replicas import Replica, parse
from autoscaler.adapters.compose.timing import USUAL
from autoscaler.adapters.docker.engine import Engine
from autoscaler.adapters.docker.own_actions import OwnActions
from autoscaler.config.compose_options import Drain
from tests.support.engine_answers import inspected, listed


@dataclass
class Exec:
    """Runs nothing, and remembers what it was asked to run."""

    asked: list[tuple[object, ...]] = field(default_factory=list)

    def run(self, container: str, command: Sequence[str], *, user: str, timeout_seconds: float) -> int:
        self.asked.append((container, tuple(command), user, timeout_seconds))
        return 0


class DrainedEngine:
    """An engine with one replica, whose healthcheck has found the marker."""

    def __init__(self) -> None:
        self.exec = Exec()
        self.own_actions = OwnActions()

    def inspect(self, _: str) -> dict[str, Any]:
        state = {"Health": {"Log": [{"Start": "now", "Output": "draining: 0 open connections"}]}}
        test = {"Test": ["CMD-SHELL", f"[ ! -e {MARKER} ]"]}
        return {**inspected(Config={"Healthcheck": test}), "State": state}


def replica(**labels: str) -> Replica:
    (found,) = parse([listed(1, labels=labels)])
    return found


@pytest.mark.parametrize(
    ("asked", "user"),
    [
        pytest.param(replica(**{HEALTHCHECK: "null"}), "", id="a clone: as its own user, who may write to our tmpfs"),
        pytest.param(replica(), "0", id="what Compose made: as root, who may write to any directory"),
    ],
)
def test_a_drain_and_the_recovery_remove_it_alike(asked: Replica, user: str) -> None:
    engine = DrainedEngine()
    drainer = Drainer(cast("Engine", engine), Drain(), USUAL)
    drainer.take_back(drainer.plan(asked))
    assert DrainRecovery(cast("Engine", engine)).take_back(asked)
    by_drain, by_recovery = engine.exec.asked
    assert by_drain == by_recovery
    assert (by_drain[0], by_drain[2]) == (asked.id, user)
