"""What a policy file means: promised defaults, merging, overrides, and the files that we ship."""

import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from autoscaler.config.load import load
from autoscaler.config.model import Config, PrometheusConfig
from autoscaler.config.settings import Settings
from autoscaler.core.policy import (
    Behavior,
    BlindAction,
    Goal,
    Objective,
    OnMissing,
    Policy,
    Query,
    RatePolicy,
    RateUnit,
    Reversals,
    SelectPolicy,
    Signal,
    Step,
    StepChange,
    TraefikSignal,
    WhenBlind,
)
from autoscaler.core.schedule import Schedule
from autoscaler.ports.fleet import ServiceRef
from tests.support.paths import ROOT

SHORTEST = "services:\n  web:\n    replicas: {min: 1, max: 3}\n    rules: {t: {signal: requests, per_replica: 5}}\n"


def loaded(tmp_path: Path, text: str, **variables: object) -> Config:
    file = tmp_path / "policy.yaml"
    file.write_text(text, encoding="utf-8")
    return load(file, Settings(**variables))  # type: ignore[arg-type]


def test_the_promised_defaults(tmp_path: Path) -> None:
    config = loaded(tmp_path, SHORTEST)
    service = config.services["web"]
    assert (config.interval_seconds, config.dry_run, config.max_concurrent_operations) == (5.0, False, 4)
    assert config.prometheus == PrometheusConfig("http://prometheus:9090", 2.0, 30.0)
    assert (service.target, service.traefik_service) == (ServiceRef("web"), None)
    assert service.policy.rules[0].source == TraefikSignal(Signal.REQUESTS, 60.0)
    assert (service.policy.rules[0].on_empty, service.policy.rules[0].on_nan) == (OnMissing.HOLD, OnMissing.HOLD)
    assert service.policy.when_blind == WhenBlind(60.0, BlindAction.HOLD, 0)


def test_behaviour_defaults_to_hpas(tmp_path: Path) -> None:
    policy = loaded(tmp_path, SHORTEST).services["web"].policy
    all_at_once = RatePolicy(RateUnit.PERCENT, 100, 15.0)
    assert policy.scale_up == Behavior(
        0.1, 0.0, (RatePolicy(RateUnit.REPLICAS, 4, 15.0), all_at_once), SelectPolicy.MAX
    )
    assert policy.scale_down == Behavior(0.1, 300.0, (all_at_once,), SelectPolicy.MAX, window_stated=False)


def test_the_series_of_traefik_are_selected_and_named(tmp_path: Path) -> None:
    text = "prometheus: {select: {job: traefik, instance: 'edge:8082'}, service_label: exported_service}\n" + SHORTEST
    prometheus = loaded(tmp_path, text).prometheus
    assert prometheus.select == {"job": "traefik", "instance": "edge:8082"}
    assert prometheus.service_label == "exported_service"


def test_every_kind_of_rule(tmp_path: Path) -> None:
    text = SHORTEST.replace(
        "{t: {signal: requests, per_replica: 5}}",
        "{a: {signal: concurrency, per_replica: 8, window: 10s}, b: {signal: latency, target: 300ms}, "
        "c: {signal: error_ratio, target: 0.05}, d: {query: up, target: 3, on_empty: zero, on_nan: zero}, "
        "e: {signal: latency, quantile: 0.99, target: 1s}}",
    )
    a, b, c, d, e = loaded(tmp_path, text).services["web"].policy.rules
    assert (a.source, a.goal, a.target) == (TraefikSignal(Signal.CONCURRENCY, 10.0), Goal.PER_REPLICA, 8.0)
    assert (b.source, b.goal, b.target) == (TraefikSignal(Signal.LATENCY, 60.0, 0.95), Goal.TARGET, 0.3)
    assert (c.source, c.target) == (TraefikSignal(Signal.ERROR_RATIO, 60.0), 0.05)
    assert (d.source, d.target, d.on_empty, d.on_nan) == (Query("up"), 3, OnMissing.ZERO, OnMissing.ZERO)
    assert e.source == TraefikSignal(Signal.LATENCY, 60.0, 0.99)


def everything(tmp_path: Path) -> Policy:
    rules = """{
      steps: {signal: latency, steps: [{above: 1s, add: 2}, {above: 2s, add_percent: 50}, {above: 3s, set: 9},
                                       {below: 100ms, remove: 1}, {below: 50ms, remove_percent: 25}]},
      calm: {query: q, steps: [{below: 3, set: 1}]},
      cap: {query: c, per_replica: 30, cap: true, on_nan: error},
      load: {signal: requests, per_replica: 5, activation: 2, required: false},
      slow: {query: s, target: 3, window: 5m}}"""
    text = (
        SHORTEST.replace("{t: {signal: requests, per_replica: 5}}", rules)
        + """\
    schedules: [{cron: "0 8 * * 1-5", for: 10h, timezone: America/Bogota, min: 2, max: 20},
                {cron: "0 0 * * *", for: 1h, max: 2}]
    objective: {latency: 300ms, ratio: 0.99, season: off}
    burst: {window: 20s, threshold: 2}
    reversals: {limit: 3, period: 10m}
"""
    )
    return loaded(tmp_path, text).services["web"].policy


def test_steps_carry_their_bound_and_what_they_do(tmp_path: Path) -> None:
    steps, calm, *_ = everything(tmp_path).rules
    assert (steps.goal, steps.target) == (Goal.STEPS, 1.0)
    assert steps.steps == (
        Step(1.0, above=True, change=StepChange.ADD, amount=2),
        Step(2.0, above=True, change=StepChange.PERCENT, amount=50),
        Step(3.0, above=True, change=StepChange.SET, amount=9),
        Step(0.1, above=False, change=StepChange.ADD, amount=-1),
        Step(0.05, above=False, change=StepChange.PERCENT, amount=-25),
    )
    assert (calm.target, calm.may_raise, steps.may_raise) == (3.0, False, True)


def test_caps_activations_and_optional_rules(tmp_path: Path) -> None:
    _, _, cap, load_rule, slow = everything(tmp_path).rules
    assert (cap.cap, cap.on_nan, cap.burst, cap.may_raise) == (True, OnMissing.ERROR, None, False)
    assert (load_rule.activation, load_rule.required, slow.required) == (2.0, False, True)
    assert slow.source == Query("s", 300.0)


def test_schedules_keep_their_time_zone(tmp_path: Path) -> None:
    office, night = everything(tmp_path).schedules
    assert office == Schedule("0 8 * * 1-5", 36000.0, ZoneInfo("America/Bogota"), 2, 20)
    assert night == Schedule("0 0 * * *", 3600.0, ZoneInfo("UTC"), None, 2)


def test_the_objective_measures_slow_answers_over_the_shortest_window_of_the_rule_that_it_sizes(tmp_path: Path) -> None:
    policy = everything(tmp_path)
    slow = TraefikSignal(Signal.SLOW_RATIO, 20.0, threshold_seconds=0.3)
    assert policy.objective == Objective(0.3, 0.99, slow, "load", learn_season=False)
    assert policy.sources["@objective"] == slow


def test_bursts_are_of_per_replica_signals(tmp_path: Path) -> None:
    policy = everything(tmp_path)
    assert [rule.name for rule in policy.rules if rule.burst is not None] == ["load"]
    assert (policy.sources["load@burst"], policy.burst_threshold) == (TraefikSignal(Signal.REQUESTS, 20.0), 2.0)
    assert policy.reversals == Reversals(3, 600.0)


def test_a_burst_is_half_the_window_unless_it_is_off(tmp_path: Path) -> None:
    half = loaded(tmp_path, SHORTEST).services["web"].policy.rules[0].burst
    assert half == TraefikSignal(Signal.REQUESTS, 30.0)
    assert loaded(tmp_path, SHORTEST + "    burst: off\n").services["web"].policy.rules[0].burst is None


def test_the_budget_may_be_just_the_sum_of_the_minima(tmp_path: Path) -> None:
    assert loaded(tmp_path, SHORTEST).max_replicas_total is None
    assert loaded(tmp_path, f"limits: {{max_replicas_total: 1}}\n{SHORTEST}").max_replicas_total == 1


def test_a_services_own_keys_go_before_the_defaults_key_by_key(tmp_path: Path) -> None:
    text = (
        "defaults:\n  replicas: {min: 2, max: 10}\n  rules: {t: {signal: requests, per_replica: 5}}\n"
        "services:\n  a: {}\n  b: {replicas: {max: 4}, rules: {t: {per_replica: 9}, u: {query: up, target: 1}}}\n"
    )
    services = loaded(tmp_path, text).services
    a, b = services["a"].policy, services["b"].policy
    assert (a.min_replicas, a.max_replicas, [rule.target for rule in a.rules]) == (2, 10, [5.0])
    assert (b.min_replicas, b.max_replicas, [rule.target for rule in b.rules]) == (2, 4, [9.0, 1.0])


def test_lists_are_replaced_as_a_whole(tmp_path: Path) -> None:
    text = SHORTEST + "    scale_up: {policies: []}\n"
    assert loaded(tmp_path, text).services["web"].policy.scale_up.policies == ()


def test_anchors_and_merges_of_yaml_work(tmp_path: Path) -> None:
    text = (
        "services:\n  a: &a\n    replicas: {min: 1, max: 3}\n    rules: {t: {signal: requests, per_replica: 5}}\n"
        "  b:\n    <<: *a\n    replicas: {min: 2, max: 4}\n"
    )
    services = loaded(tmp_path, text).services
    assert (services["b"].policy.min_replicas, services["b"].policy.rules) == (2, services["a"].policy.rules)


@pytest.mark.parametrize(
    ("target", "project", "ref"),
    [
        pytest.param("", None, ServiceRef("web"), id="found by its name"),
        pytest.param("", "shop", ServiceRef("web", "shop"), id="in the daemon's project"),
        pytest.param("    target: {compose: api}\n", "shop", ServiceRef("api", "shop"), id="of another name"),
        pytest.param("    target: {compose: api, project: x}\n", "shop", ServiceRef("api", "x"), id="elsewhere"),
    ],
)
def test_the_target(tmp_path: Path, target: str, project: str | None, ref: ServiceRef) -> None:
    assert loaded(tmp_path, SHORTEST + target, compose_project=project).services["web"].target == ref


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    config = loaded(tmp_path, SHORTEST, prometheus_url="https://elsewhere/prom", dry_run=True)
    assert (config.prometheus.url, config.dry_run) == ("https://elsewhere/prom", True)
    assert loaded(tmp_path, f"dry_run: true\n{SHORTEST}", dry_run=False).dry_run is False
    assert loaded(tmp_path, f"dry_run: true\n{SHORTEST}").dry_run is True


def test_the_file_that_we_ship_loads_and_says_what_the_defaults_are() -> None:
    config = load(ROOT / "config/autoscaler.yaml", Settings())
    assert list(config.services) == ["userservice", "music-service", "social-service", "notification-service"]
    policy = config.services["userservice"].policy
    assert [rule.name for rule in policy.rules] == ["throughput", "p95"]
    assert (policy.min_replicas, policy.max_replicas) == (2, 10)
    assert policy.scale_up.policies == (RatePolicy(RateUnit.REPLICAS, 4, 15.0), RatePolicy(RateUnit.PERCENT, 100, 15.0))
    assert policy.scale_down.stabilization_window_seconds == 300.0


def test_the_file_that_we_ship_shows_the_defaults_and_nothing_else(tmp_path: Path) -> None:
    shown = load(ROOT / "config/autoscaler.yaml", Settings()).services["userservice"].policy
    default = loaded(tmp_path, SHORTEST).services["web"].policy
    for name in ("scale_up", "scale_down", "when_blind", "reversals", "burst_threshold", "schedules", "objective"):
        assert getattr(shown, name) == getattr(default, name), name


def test_everything_that_is_commented_out_in_the_file_that_we_ship_loads(tmp_path: Path) -> None:
    text = (ROOT / "config/autoscaler.yaml").read_text(encoding="utf-8")
    example = re.compile(r"^( *)# ((?: *- )?\{?[a-z_]+:(?: .*)?)$", re.MULTILINE)
    config = loaded(tmp_path, example.sub(r"\1\2", text))
    policy = config.services["notification-service"].policy
    assert [rule.name for rule in policy.rules] == ["throughput", "p95", "backlog", "errors", "mail", "connections"]
    assert (config.max_replicas_total, len(policy.schedules), policy.objective is not None) == (30, 1, True)
    assert config.services["notification-service"].target == ServiceRef("notification-service", "musicshare")


@pytest.mark.parametrize("file", ["deploy/demo/policy.yaml", "tests/e2e/stack/policy.yaml"])
def test_our_other_policy_files_load(file: str) -> None:
    assert len(load(ROOT / file, Settings()).services) == 4


@pytest.mark.parametrize(
    ("scale_down", "stated"),
    [("{tolerance: 0.2}", False), ("{stabilization_window: 5m}", True), ("{stabilization_window: 0s}", True)],
)
def test_a_window_that_the_file_states_is_told_from_the_default(tmp_path: Path, scale_down: str, stated: bool) -> None:
    """With an objective what is learned holds in place of the default one only."""
    policy = loaded(tmp_path, f"{SHORTEST}\n    scale_down: {scale_down}\n").services["web"].policy
    assert policy.scale_down.window_stated is stated
