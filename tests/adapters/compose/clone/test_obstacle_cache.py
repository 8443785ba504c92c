"""The real engine and a daemon: who cannot be scaled is known without trying; who is not on the list is not ours."""

from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from autoscaler.adapters.compose.target import ComposeTarget
from autoscaler.adapters.logs.observer import LogObserver
from autoscaler.adapters.metrics.observer import MetricsObserver
from autoscaler.adapters.status.observer import StatusObserver
from autoscaler.config.load import load_file
from autoscaler.config.model import ServiceConfig
from autoscaler.config.services import by_labels, fixed
from autoscaler.config.settings import Settings
from autoscaler.control.cycle import Cycle
from autoscaler.control.gate import Gate
from autoscaler.control.operations import Operations
from autoscaler.core.model import Reading
from autoscaler.events import Action, EngineAsked, Event, OperationFinished
from autoscaler.ports.observers import Observer
from deploy.lab.shell import run
from tests.adapters.compose.clone.test_overlap import wait_until
from tests.support.builders import NOW, THROUGHPUT, policy
from tests.support.compose_project import SLEEP, Project
from tests.support.engine_proxy import Proxy, proxying
from tests.support.fakes import FakeSource, Recorder
from tests.support.own_share import free_range
from tests.support.quick import QUICK

pytestmark = pytest.mark.engine


@pytest.fixture
def unscalable() -> dict[str, Any]:
    """A service that cannot be scaled."""
    return {**SLEEP, "ports": [f"127.0.0.1:{free_range(1)}:80"]}


class Daemon:
    """What a daemon of the service `web`, which wants 2 replicas, would do in its cycles; by every observer."""

    def __init__(self, project: Project, url: str | None = None) -> None:
        self.project = project
        service = policy(THROUGHPUT, low=2)
        self.metrics = MetricsObserver([service], dry_run=False)
        self.status = StatusObserver([service], stalled_after_seconds=60.0, monotonic=lambda: 0.0)
        self.recorder = Recorder()
        self._observers: list[Observer] = [self.metrics, self.status, self.recorder, LogObserver()]
        target = ComposeTarget(url or project.engine_url, timeout_seconds=20.0, emit=self.emit, timing=QUICK)
        self.operations = Operations(target, self.emit, at_once=1)
        source = FakeSource({THROUGHPUT.source: Reading.of(60.0)})
        services = {"userservice": ServiceConfig(service, project.ref())}
        gate = Gate(self.operations)
        self._cycle = Cycle(fixed(services), source, target, gate, self.emit)

    def emit(self, event: Event) -> None:
        for observer in self._observers:
            observer.notify(event)

    def turn(self, times: int = 1) -> Action:
        return [self._cycle.run(NOW).services["userservice"].action for _ in range(times)][-1]

    def asked(self) -> list[str]:
        return [event.operation for event in self.recorder.of(EngineAsked)]

    def counted(self, outcome: str) -> float:
        families = text_string_to_metric_families(self.metrics.render().decode())
        return sum(
            sample.value
            for family in families
            for sample in family.samples
            if sample.name == "autoscaler_evaluations_total" and sample.labels["outcome"] == outcome
        )


def test_a_service_that_cannot_be_scaled_is_told_everywhere_without_an_attempt(
    project: Project, unscalable: dict[str, Any]
) -> None:
    project.up({"web": unscalable})
    daemon = Daemon(project)
    with capture_logs() as lines:
        assert daemon.turn(3) is Action.REFUSED
    assert daemon.asked() == ["list", "inspect", "list", "list"]
    port = unscalable["ports"][0].split(":")[1]
    why = f"{project.name}/web cannot be scaled: it publishes 80/tcp on the fixed host port {port}; publish a range"
    told = daemon.status.service("userservice")
    assert told is not None
    assert why in told["error"]
    assert daemon.counted("refused") == 3
    assert [(line["event"], line["log_level"]) for line in lines if line["log_level"] != "debug"] == [
        ("services", "info"),
        ("service.refused", "warning"),
    ]


def test_it_is_fine_again_as_soon_as_somebody_has_changed_it(project: Project, unscalable: dict[str, Any]) -> None:
    project.up({"web": unscalable})
    daemon = Daemon(project)
    assert daemon.turn() is Action.REFUSED
    project.up({"web": {**SLEEP, "scale": 2}})
    with capture_logs() as lines:
        assert daemon.turn(2) is Action.UNCHANGED
    assert [line["event"] for line in lines if line["log_level"] != "debug"] == ["service.accepted"]


def test_a_container_that_can_be_cloned_is_inspected_once(project: Project) -> None:
    project.up({"web": {**SLEEP, "scale": 2}})
    daemon = Daemon(project)
    assert daemon.turn(3) is Action.UNCHANGED
    assert daemon.asked() == ["list", "inspect", "list", "list"]


@pytest.fixture
def proxy(engine_url: str) -> Iterator[Proxy]:
    with proxying(engine_url) as proxy:
        yield proxy


def test_nothing_is_scaled_or_even_looked_at_that_is_not_on_the_list(
    project: Project, proxy: Proxy, unscalable: dict[str, Any]
) -> None:
    project.up({"web": SLEEP, "api": SLEEP, "fixed": unscalable})
    daemon = Daemon(project, proxy.url)
    assert daemon.turn() is Action.SCALED
    wait_until(lambda: len(daemon.recorder.of(OperationFinished)) == 1)
    assert project.containers() == project.names(1, 2)
    others = [name for service in ("api", "fixed") for name in project.containers(service)]
    assert others == project.names(1, service="api") + project.names(1, service="fixed")
    ids = run(["docker", "inspect", "--format", "{{.Id}}", *others], "ids of the others").split()
    assert [call for call in proxy.calls for each in ids if each in call] == []


def test_a_service_is_scaled_only_where_the_file_names_it_or_a_label_enables_it(project: Project) -> None:
    policy_labels = {
        "autoscaler.replicas.min": "2",
        "autoscaler.replicas.max": "3",
        "autoscaler.rules.load.query": "sum(load)",
        "autoscaler.rules.load.per_replica": "5",
    }
    enabled = {**SLEEP, "labels": {**policy_labels, "autoscaler.enable": "true"}}
    project.up({"named": SLEEP, "enabled": enabled, "described": {**SLEEP, "labels": policy_labels}, "other": SLEEP})
    file = project.directory / "policy.yaml"
    rules = "rules: {load: {query: sum(load), per_replica: 5}}"
    file.write_text(f"services: {{named: {{replicas: {{min: 2, max: 3}}, {rules}}}}}", encoding="utf-8")
    target, emit = project.target(), project.recorder.notify
    operations = Operations(target, emit, at_once=2)
    services = by_labels(load_file(file, Settings(compose_project=project.name)))
    cycle = Cycle(services, FakeSource(), target, Gate(operations), emit)
    assert set(cycle.run(NOW).services) == {"named", "enabled"}
    wait_until(lambda: len(project.recorder.of(OperationFinished)) == 2)
    counts = {name: len(project.containers(name)) for name in ("named", "enabled", "described", "other")}
    assert counts == {"named": 2, "enabled": 2, "described": 1, "other": 1}
