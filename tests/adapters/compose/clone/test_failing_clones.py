"""The whole chain on the real engine: clones that fail are tried ever more rarely, and told by log and metrics."""

from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from autoscaler.adapters.compose.healthcheck import has_own_test, wrapped
from autoscaler.adapters.logs.observer import LogObserver
from autoscaler.adapters.metrics.observer import MetricsObserver
from autoscaler.control.operations import Operations
from autoscaler.core.decide import decide
from autoscaler.core.memory import Memory
from autoscaler.events import Action, Event, OperationFinished
from tests.adapters.compose.clone.test_overlap import wait_until
from tests.support.builders import NOW, THROUGHPUT, policy, seen
from tests.support.compose_project import SLEEP, Project
from tests.support.engine_answers import inspected
from tests.support.fakes import Recorder
from tests.support.quick import WARY

ONLY_ONE: dict[str, Any] = {
    **SLEEP,
    "command": ["sh", "-c", "mkdir /shared/lock 2>/dev/null || { echo another one is running; exit 3; }; sleep 600"],
    "volumes": ["shared:/shared"],
}


class Chain:
    """Operations on the real engine, as the daemon has them, with a clock that the test moves."""

    def __init__(self, project: Project) -> None:
        self.now = 0.0
        self.metrics = MetricsObserver([policy(THROUGHPUT)], dry_run=False)
        self.recorder = Recorder()
        self._log = LogObserver()
        self._state = project.state()
        target = project.target(timing=WARY)
        self._operations = Operations(target, self.emit, at_once=1, monotonic=lambda: self.now)

    def emit(self, event: Event) -> None:
        for observer in (self.metrics, self._log, self.recorder):
            observer.notify(event)

    def begin(self) -> Action:
        decision, _ = decide(policy(THROUGHPUT), seen(1, {"throughput": 100.0}), Memory(), NOW)
        return self._operations.begin(self._state, decision)

    def fail(self) -> None:
        failed = len(self.recorder.of(OperationFinished))
        assert self.begin() is Action.SCALED
        wait_until(lambda: len(self.recorder.of(OperationFinished)) == failed + 1)
        wait_until(lambda: self._operations.requested("userservice") is None)

    def errors(self, stage: str) -> float:
        families = text_string_to_metric_families(self.metrics.render().decode())
        samples = [sample for family in families for sample in family.samples]
        return sum(
            sample.value
            for sample in samples
            if sample.name == "autoscaler_scale_errors_total" and sample.labels["stage"] == stage
        )


@pytest.mark.engine
def test_a_clone_that_fails_is_tried_ever_more_rarely_and_told_once_for_each_try(project: Project) -> None:
    project.up({"web": ONLY_ONE}, volumes={"shared": None})
    chain = Chain(project)
    with capture_logs() as lines:
        for pause_seconds in (5.0, 10.0, 20.0):
            chain.fail()
            chain.now += pause_seconds - 0.1
            assert [chain.begin(), chain.begin()] == [Action.BACKING_OFF] * 2
            chain.now += 0.2
    told = [line for line in lines if line["log_level"] not in {"debug", "info"}]
    assert [(line["event"], line["stage"]) for line in told] == [("scale.failed", "ready")] * 3
    assert "(exit code 3, last lines: another one is running); it was removed" in told[0]["error"]
    assert chain.errors("ready") == 3
    assert project.containers() == project.names(1)


@pytest.mark.parametrize(
    ("healthcheck", "tested"),
    [
        pytest.param(None, False, id="none of its own"),
        pytest.param({"Test": ["NONE"]}, False, id="one that is switched off"),
        pytest.param({"Test": ["CMD", "true"]}, True, id="its own"),
    ],
)
def test_our_probe_alone_is_no_proof_that_a_clone_works(healthcheck: dict[str, Any] | None, tested: bool) -> None:
    config = {key: value for key, value in {"Healthcheck": healthcheck}.items() if value is not None}
    template = inspected(Config=config)
    body = {**template["Config"], "HostConfig": template["HostConfig"]}
    assert has_own_test(wrapped(body, (1, 47))["Labels"]) is tested
    assert has_own_test(template["Config"]["Labels"])  # not wrapped: whatever it has is its own
