"""Our own metrics: what each event counts, and that every label set starts at 0."""

import math
import re
from pathlib import Path

import pytest

from autoscaler.adapters.metrics import MetricsObserver
from autoscaler.core.decide import decide
from autoscaler.core.memory import Memory
from autoscaler.core.model import Direction, Observation
from autoscaler.events import (
    Action,
    CycleFinished,
    CycleMissed,
    EngineAsked,
    OperationFinished,
    PrometheusAsked,
    ReplicaChanged,
    ServiceOutcome,
)
from tests.builders import LATENCY, NOW, THROUGHPUT, missing, policy, seen

POLICY = policy(THROUGHPUT, LATENCY, low=2)


@pytest.fixture
def metrics() -> MetricsObserver:
    return MetricsObserver([POLICY], dry_run=False)


def sample(metrics: MetricsObserver, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(f"autoscaler_{name}", labels)


def cycle(observation: Observation, action: Action = Action.UNCHANGED) -> CycleFinished:
    decision, _ = decide(POLICY, observation, Memory(), NOW)
    return CycleFinished(NOW, 0.02, {"userservice": ServiceOutcome("userservice", action, decision)})


@pytest.mark.parametrize(
    ("name", "labels", "value"),
    [
        ("scale_operations_total", {"service": "userservice", "direction": "up", "reason": "above_target"}, 0),
        ("scale_operations_total", {"service": "userservice", "direction": "down", "reason": "below_target"}, 0),
        ("scale_errors_total", {"service": "userservice", "stage": "create"}, 0),
        ("evaluations_total", {"service": "userservice", "outcome": "failed"}, 0),
        ("limited_total", {"service": "userservice", "limit": "stabilization"}, 0),
        ("prometheus_errors_total", {"kind": "timeout"}, 0),
        ("missed_cycles_total", {}, 0),
        ("scale_duration_seconds_count", {"service": "userservice", "direction": "up"}, 0),
        ("replicas", {"service": "userservice", "state": "min"}, 2),
        ("replicas", {"service": "userservice", "state": "max"}, 10),
        ("rule_target", {"service": "userservice", "rule": "p95"}, 0.3),
        ("rule_usable", {"service": "userservice", "rule": "p95"}, 0),
        ("dry_run", {}, 0),
    ],
)
def test_every_label_set_of_a_known_service_is_there_from_the_start(
    metrics: MetricsObserver, name: str, labels: dict[str, str], value: float
) -> None:
    assert sample(metrics, name, **labels) == value


def test_a_cycle_sets_replicas_rules_and_limits(metrics: MetricsObserver) -> None:
    metrics.notify(cycle(seen(4, {"throughput": 5000.0, "p95": missing()}, ready=3), Action.SCALED))
    service = {"service": "userservice"}
    assert sample(metrics, "replicas", **service, state="current") == 4
    assert sample(metrics, "replicas", **service, state="ready") == 3
    assert sample(metrics, "replicas", **service, state="desired") == 10
    assert sample(metrics, "rule_value", **service, rule="throughput") == 5000
    assert sample(metrics, "rule_proposal", **service, rule="throughput") == 100
    assert sample(metrics, "rule_usable", **service, rule="throughput") == 1
    assert sample(metrics, "rule_usable", **service, rule="p95") == 0
    assert math.isnan(sample(metrics, "rule_value", **service, rule="p95") or 0.0)
    assert sample(metrics, "limited_total", **service, limit="bounds") == 1
    assert sample(metrics, "evaluations_total", **service, outcome="scaled") == 1
    assert sample(metrics, "last_cycle_timestamp_seconds") == NOW
    assert sample(metrics, "cycle_duration_seconds_count") == 1


def test_a_service_that_could_not_be_observed_is_counted_and_keeps_its_last_numbers(metrics: MetricsObserver) -> None:
    metrics.notify(cycle(seen(4, {"throughput": 200.0, "p95": 0.1})))
    metrics.notify(CycleFinished(NOW, 0.1, {"userservice": ServiceOutcome("userservice", Action.FAILED, error="away")}))
    assert sample(metrics, "evaluations_total", service="userservice", outcome="failed") == 1
    assert sample(metrics, "replicas", service="userservice", state="current") == 4


def operation(after: int, error: str | None = None, stage: str | None = None) -> OperationFinished:
    return OperationFinished("userservice", Direction.UP, "above_target", 2, after, NOW, 3.0, error, stage)


def test_a_finished_operation_is_counted_with_its_reason_and_time(metrics: MetricsObserver) -> None:
    metrics.notify(operation(4))
    labels = {"service": "userservice", "direction": "up"}
    assert sample(metrics, "scale_operations_total", **labels, reason="above_target") == 1
    assert sample(metrics, "last_scale_timestamp_seconds", **labels) == NOW + 3.0


def test_an_operation_that_changed_nothing_is_no_operation(metrics: MetricsObserver) -> None:
    metrics.notify(operation(2, "no image", "create"))
    labels = {"service": "userservice", "direction": "up"}
    assert sample(metrics, "scale_operations_total", **labels, reason="above_target") == 0
    assert sample(metrics, "scale_errors_total", service="userservice", stage="create") == 1


def test_requests_replicas_and_missed_cycles_are_measured(metrics: MetricsObserver) -> None:
    metrics.notify(PrometheusAsked(0.01))
    metrics.notify(PrometheusAsked(2.0, "timeout"))
    metrics.notify(EngineAsked("list", 0.01))
    metrics.notify(ReplicaChanged("userservice", Direction.UP, "shop-userservice-3", 4.0))
    metrics.notify(CycleMissed())
    assert sample(metrics, "prometheus_request_duration_seconds_count") == 2
    assert sample(metrics, "prometheus_errors_total", kind="timeout") == 1
    assert sample(metrics, "docker_request_duration_seconds_count", operation="list") == 1
    assert sample(metrics, "scale_duration_seconds_sum", service="userservice", direction="up") == 4.0
    assert sample(metrics, "missed_cycles_total") == 1


def test_the_state_of_the_configuration_is_told(metrics: MetricsObserver) -> None:
    metrics.config_loaded(NOW, successful=True)
    metrics.config_loaded(NOW + 60, successful=False)
    assert sample(metrics, "config_last_reload_successful") == 0
    assert sample(metrics, "config_last_reload_success_timestamp_seconds") == NOW


def test_an_event_that_nobody_knows_is_a_bug(metrics: MetricsObserver) -> None:
    with pytest.raises(TypeError):
        metrics.notify("surprise")


def test_every_metric_is_documented_and_no_other() -> None:
    page = (Path(__file__).parent.parent.parent / "docs/metrics.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `(\w+)`", page, re.MULTILINE))
    names = {
        family.name.removeprefix("autoscaler_") + ("_total" if family.type == "counter" else "")
        for family in MetricsObserver([POLICY], dry_run=False).registry.collect()
        if family.name.startswith("autoscaler_")
    }
    assert documented == names
