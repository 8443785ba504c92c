"""Our own metrics: what each event counts, and that every label set starts at 0."""

import math
from collections import defaultdict
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoscaler.adapters.metrics.label_sets import SCALE_REASONS
from autoscaler.adapters.metrics.observer import MetricsObserver
from autoscaler.core.budget import within_budget
from autoscaler.core.decide import decide
from autoscaler.core.memory import Memory
from autoscaler.core.model import Direction, Estimate, Observation, Reading, ReadingKind, Sizing
from autoscaler.core.policy import BlindAction, Objective, Signal, TraefikSignal, WhenBlind
from autoscaler.core.schedule import Schedule
from autoscaler.events import (
    Action,
    Annotated,
    ConfigLoaded,
    CycleFinished,
    CycleMissed,
    EngineAsked,
    LeadershipChanged,
    OperationFinished,
    PrometheusAsked,
    ReplicaChanged,
    ServiceOutcome,
    ServicesChanged,
)
from tests.support.builders import BACKLOG, LATENCY, NOW, THROUGHPUT, missing, policy, seen
from tests.support.examples import examples

POLICY = policy(THROUGHPUT, LATENCY, low=2)
SLOW = TraefikSignal(Signal.SLOW_RATIO, 60.0, threshold_seconds=0.3)
REPLICA = ReplicaChanged("userservice", Direction.UP, "shop-userservice-3", 2.0)
LEARNING = replace(policy(), service="learning", objective=Objective(0.3, 0.99, SLOW, "throughput"))


@pytest.fixture
def metrics() -> MetricsObserver:
    return MetricsObserver([POLICY], dry_run=False)


def sample(metrics: MetricsObserver, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(f"autoscaler_{name}", labels)


def cycle(
    observation: Observation, action: Action = Action.UNCHANGED, traefik_service: str | None = None
) -> CycleFinished:
    decision, _ = decide(POLICY, observation, Memory(), NOW)
    outcome = ServiceOutcome("userservice", action, decision, traefik_service=traefik_service)
    return CycleFinished(NOW, 0.02, {"userservice": outcome})


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
    assert sample(metrics, "rule_ratio", **service, rule="throughput") == pytest.approx(5000 / 50 / 4)
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


def test_requests_that_the_engine_refused_or_did_not_answer_are_counted_by_operation(metrics: MetricsObserver) -> None:
    metrics.notify(EngineAsked("create", 0.1))
    metrics.notify(EngineAsked("create", 0.1, failed=True))
    assert sample(metrics, "docker_errors_total", operation="create") == 1
    assert sample(metrics, "docker_errors_total", operation="list") == 0
    assert sample(metrics, "docker_request_duration_seconds_count", operation="create") == 2


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
    metrics.notify(ConfigLoaded(NOW, "start", 5.0, dry_run=False))
    metrics.notify(ConfigLoaded(NOW + 60, "SIGHUP", problem="policy.yaml:3: not valid YAML"))
    assert sample(metrics, "config_last_reload_successful") == 0
    assert sample(metrics, "config_last_reload_success_timestamp_seconds") == NOW


def known(metrics: MetricsObserver, service: str) -> list[str]:
    """The names of all series of a service."""
    families = metrics.registry.collect()
    return sorted({s.name for each in families for s in each.samples if s.labels.get("service") == service})


def test_the_series_of_a_service_that_is_gone_go_with_it_and_what_is_told_later_makes_none() -> None:
    other = replace(POLICY, service="other")
    metrics = MetricsObserver([POLICY, other], dry_run=False)
    metrics.notify(cycle(seen(4, {"throughput": 200.0, "p95": 0.1}), traefik_service="userservice@docker"))
    metrics.notify(operation(4))
    before = known(metrics, "other")
    metrics.notify(ServicesChanged({"other": other}, {}))
    for late in (cycle(seen(4, {"throughput": 200.0, "p95": 0.1})), operation(4), REPLICA):
        metrics.notify(late)
    assert known(metrics, "userservice") == []
    assert known(metrics, "other") == before


def test_a_service_that_comes_has_every_label_set_from_the_start() -> None:
    metrics, whole = MetricsObserver([], dry_run=False), MetricsObserver([LEARNING], dry_run=False)
    metrics.notify(ServicesChanged({"learning": LEARNING}, {}))
    assert known(metrics, "learning") == known(whole, "learning") != []


def test_a_service_that_changes_keeps_its_counters_and_loses_the_rules_that_it_no_longer_has() -> None:
    metrics = MetricsObserver([POLICY, LEARNING], dry_run=False)
    metrics.notify(operation(4))
    changed = replace(POLICY, rules=(LATENCY, BACKLOG))
    forgetful = replace(LEARNING, objective=None)
    metrics.notify(ServicesChanged({"userservice": changed, "learning": forgetful}, {}))
    labels = {"service": "userservice"}
    assert sample(metrics, "scale_operations_total", **labels, direction="up", reason="above_target") == 1
    assert sample(metrics, "rule_target", **labels, rule="throughput") is None
    assert sample(metrics, "rule_target", **labels, rule="backlog") == 100
    assert sample(metrics, "sizing_reserve", service="learning") is None


def test_a_service_that_is_refused_is_counted_as_such_until_it_is_gone(metrics: MetricsObserver) -> None:
    labels = {"service": "wrong", "outcome": "refused"}
    metrics.notify(ServicesChanged({"userservice": POLICY}, {"wrong": "a label has a mistake"}))
    assert (known(metrics, "wrong"), sample(metrics, "evaluations_total", **labels)) == (
        ["autoscaler_evaluations_total", "autoscaler_service_condition"],
        0,
    )
    outcome = ServiceOutcome("wrong", Action.REFUSED, error="a label has a mistake")
    metrics.notify(CycleFinished(NOW, 0.1, {"wrong": outcome}))
    assert sample(metrics, "evaluations_total", **labels) == 1
    metrics.notify(ServicesChanged({"userservice": POLICY}, {}))
    assert known(metrics, "wrong") == []


def test_a_change_of_other_services_leaves_what_was_measured(metrics: MetricsObserver) -> None:
    metrics.notify(cycle(seen(4, {"throughput": 200.0, "p95": 0.1})))
    metrics.notify(ServicesChanged({"userservice": POLICY, "learning": LEARNING}, {}))
    assert sample(metrics, "rule_value", service="userservice", rule="throughput") == 200


def test_traefiks_name_of_a_service_is_known_and_only_the_last_one(metrics: MetricsObserver) -> None:
    for name in ("old@docker", "new@docker", "new@docker"):
        metrics.notify(cycle(seen(4, {"throughput": 200.0, "p95": 0.1}), traefik_service=name))
    assert sample(metrics, "service_info", service="userservice", traefik_service="old@docker") is None
    assert sample(metrics, "service_info", service="userservice", traefik_service="new@docker") == 1


@pytest.mark.parametrize(
    ("name", "labels", "longest_seconds"),
    [
        pytest.param("cycle_duration_seconds", {}, 20.0, id="a cycle whose engine and Prometheus time out"),
        pytest.param("prometheus_request_duration_seconds", {}, 30.0, id="a question of the warm start"),
        pytest.param("docker_request_duration_seconds", {"operation": "stop"}, 90.0, id="a stop with a long grace"),
        pytest.param(
            "scale_duration_seconds", {"service": "userservice", "direction": "up"}, 300.0, id="a start that takes long"
        ),
    ],
)
def test_what_takes_longest_is_still_within_a_finite_bucket(
    metrics: MetricsObserver, name: str, labels: dict[str, str], longest_seconds: float
) -> None:
    (family,) = [each for each in metrics.registry.collect() if each.name == f"autoscaler_{name}"]
    edges = {float(s.labels["le"]) for s in family.samples if "le" in s.labels and labels.items() <= s.labels.items()}
    assert longest_seconds <= max(edge for edge in edges if math.isfinite(edge))


def test_what_became_of_annotations_is_counted(metrics: MetricsObserver) -> None:
    metrics.notify(Annotated("failed", "away"))
    assert [sample(metrics, "annotations_total", outcome=each) for each in ("sent", "failed", "dropped")] == [0, 1, 0]


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


@examples(300)
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


def test_a_project_that_is_gone_takes_its_lead_with_it(metrics: MetricsObserver) -> None:
    metrics.notify(LeadershipChanged("shop", leads=True))
    assert sample(metrics, "leader", project="shop") == 1
    metrics.notify(LeadershipChanged("shop", leads=False, gone=True))
    assert sample(metrics, "leader", project="shop") is None
