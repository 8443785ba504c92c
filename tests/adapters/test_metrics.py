"""Our own metrics: what each event counts, and that every label set starts at 0."""

import math
import re
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from autoscaler.adapters.label_sets import SCALE_REASONS
from autoscaler.adapters.metrics import MetricsObserver
from autoscaler.core.budget import within_budget
from autoscaler.core.decide import decide
from autoscaler.core.memory import Memory
from autoscaler.core.model import Direction, Estimate, Observation, Reading, ReadingKind, Sizing
from autoscaler.core.policy import BlindAction, Objective, Signal, TraefikSignal, WhenBlind
from autoscaler.core.schedule import Schedule
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
from tests.builders import BACKLOG, LATENCY, NOW, THROUGHPUT, missing, policy, seen
from tests.site import Site

POLICY = policy(THROUGHPUT, LATENCY, low=2)
SLOW = TraefikSignal(Signal.SLOW_RATIO, 60.0, threshold_seconds=0.3)
LEARNING = replace(policy(), service="learning", objective=Objective(0.3, 0.99, SLOW, "throughput"))


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
        ("scale_operations_total", {"service": "userservice", "direction": "up", "reason": "seasonal"}, 0),
        ("scale_operations_total", {"service": "userservice", "direction": "up", "reason": "headroom"}, 0),
        ("scale_operations_total", {"service": "userservice", "direction": "up", "reason": "surging"}, 0),
        ("scale_operations_total", {"service": "userservice", "direction": "down", "reason": "below_target"}, 0),
        ("scale_operations_total", {"service": "userservice", "direction": "down", "reason": "capped"}, 0),
        ("scale_operations_total", {"service": "userservice", "direction": "down", "reason": "over_budget"}, 0),
        ("scale_errors_total", {"service": "userservice", "stage": "create"}, 0),
        ("evaluations_total", {"service": "userservice", "outcome": "failed"}, 0),
        ("limited_total", {"service": "userservice", "limit": "stabilization"}, 0),
        ("limited_total", {"service": "userservice", "limit": "budget"}, 0),
        ("reversals_total", {"service": "userservice"}, 0),
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


def scraped() -> dict[str, tuple[str, set[str]]]:
    """Return the type and labels of each of our metrics, as a live scrape shows them."""
    site = Site(POLICY, LEARNING)
    site.start()
    site.decided(decide(POLICY, seen(4, {"throughput": 200.0}), Memory(), NOW)[0])
    site.metrics.notify(operation(4))
    site.metrics.notify(EngineAsked("list", 0.01))
    page = httpx.get(f"{site.url}/metrics", timeout=10, trust_env=False).text
    site.server.stop(10.0)
    found: dict[str, tuple[str, set[str]]] = {}
    for family in text_string_to_metric_families(page):
        name = family.name.removeprefix("autoscaler_") + ("_total" if family.type == "counter" else "")
        if family.name.startswith("autoscaler_"):
            found[name] = (family.type, {label for sample in family.samples for label in sample.labels} - {"le"})
    return found


def test_every_metric_is_documented_with_type_and_labels_and_no_other() -> None:
    page = (Path(__file__).parent.parent.parent / "docs/metrics.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]*)\|", page, re.MULTILINE)
    assert {name: (kind, set(re.findall(r"\w+", labels))) for name, kind, labels in rows} == scraped()


def test_the_bounds_follow_the_schedule_of_the_moment() -> None:
    schedule = Schedule("* * * * *", 3600.0, ZoneInfo("UTC"), min_replicas=4, max_replicas=8)
    scheduled = replace(POLICY, schedules=(schedule,))
    metrics = MetricsObserver([scheduled], dry_run=False)
    decision, _ = decide(scheduled, seen(4, {"throughput": 200.0, "p95": 0.3}), Memory(), NOW)
    metrics.notify(CycleFinished(NOW, 0.1, {"userservice": ServiceOutcome("userservice", Action.UNCHANGED, decision)}))
    assert sample(metrics, "replicas", service="userservice", state="min") == 4
    assert sample(metrics, "replicas", service="userservice", state="max") == 8


@pytest.mark.parametrize(
    ("counts", "reversals"),
    [
        pytest.param((2, 4, 6), 0, id="on and on"),
        pytest.param((2, 4, 4, 3), 1, id="up, then down"),
        pytest.param((2, 4, 3, 3, 5, 4), 3, id="to and fro"),
        pytest.param((4,), 0, id="the first sight"),
    ],
)
def test_changes_of_direction_are_counted(metrics: MetricsObserver, counts: tuple[int, ...], reversals: int) -> None:
    for count in counts:
        metrics.notify(cycle(seen(count, {"throughput": 200.0, "p95": 0.1})))
    assert sample(metrics, "reversals_total", service="userservice") == reversals


def test_what_was_learned_is_shown_and_whether_it_is_trusted() -> None:
    metrics = MetricsObserver([LEARNING], dry_run=False)
    labels = {"service": "learning"}
    assert sample(metrics, "sizing_capacity_factor", **labels) == 1
    assert sample(metrics, "sizing_reserve", **labels) == 0
    assert [sample(metrics, "sizing_trusted", **labels, estimate=name) for name in ("capacity", "season")] == [0, 0]
    sizing = Sizing(
        "throughput",
        50.0,
        capacity_factor=1.2,
        reserve=90.0,
        estimates=(Estimate("capacity", trusted=True, note=""),),
    )
    decision, _ = decide(policy(), seen(4, {"throughput": 200.0}), Memory(), NOW)
    (proposal,) = decision.proposals
    decision = replace(decision, service="learning", sizing=sizing, proposals=(replace(proposal, target=60.0),))
    metrics.notify(CycleFinished(NOW, 0.1, {"learning": ServiceOutcome("learning", Action.UNCHANGED, decision)}))
    assert sample(metrics, "sizing_capacity_factor", **labels) == 1.2
    assert sample(metrics, "sizing_reserve", **labels) == 90
    assert sample(metrics, "sizing_trusted", **labels, estimate="capacity") == 1
    assert sample(metrics, "sizing_trusted", **labels, estimate="season") == 0
    assert sample(metrics, "rule_target", **labels, rule="throughput") == 60


def test_a_service_without_an_objective_has_no_learned_metrics(metrics: MetricsObserver) -> None:
    assert sample(metrics, "sizing_capacity_factor", service="userservice") is None
    assert sample(metrics, "sizing_trusted", service="userservice", estimate="capacity") is None


no_values = st.sampled_from([missing(kind) for kind in ReadingKind if kind is not ReadingKind.VALUE])
values = st.one_of(st.floats(0.0, 2000.0).map(Reading.of), no_values)
CAPPED = replace(
    policy(THROUGHPUT, replace(BACKLOG, cap=True), low=2), when_blind=WhenBlind(0.0, BlindAction.SET, replicas=5)
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 13), values, values), min_size=1, max_size=10), st.integers(1, 12))
def test_every_change_has_a_reason_whose_counter_starts_at_0(
    timeline: list[tuple[int, Reading, Reading]], budget: int
) -> None:
    memory, seen_reasons = Memory(), defaultdict(set)
    for turn, (count, load, backlog) in enumerate(timeline):
        observation = seen(count, {"throughput": load, "backlog": backlog})
        decision, memory = decide(CAPPED, observation, memory, NOW + 15.0 * turn)
        for each in (decision, within_budget({"userservice": decision}, budget)["userservice"]):
            seen_reasons[each.direction].add(each.reason)
    for direction, reasons in SCALE_REASONS.items():
        assert seen_reasons[direction] <= set(reasons)
