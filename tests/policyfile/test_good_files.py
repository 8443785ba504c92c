"""What a policy file means: promised defaults, merging, overrides, and the files that we ship."""

from pathlib import Path

import pytest

from autoscaler.core.policy import (
    Behavior,
    BlindAction,
    Goal,
    OnMissing,
    Query,
    RatePolicy,
    RateUnit,
    Signal,
    TraefikSignal,
    WhenBlind,
)
from autoscaler.fleet import ServiceRef
from autoscaler.policyfile.load import load
from autoscaler.policyfile.model import Config, PrometheusConfig
from autoscaler.settings import Settings

ROOT = Path(__file__).parent.parent.parent
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
    assert policy.scale_up == Behavior(0.1, 0.0, (RatePolicy(RateUnit.REPLICAS, 4, 15.0), all_at_once))
    assert policy.scale_down == Behavior(0.1, 300.0, (all_at_once,))


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


@pytest.mark.parametrize("file", ["deploy/demo/policy.yaml", "tests/e2e/stack/policy.yaml"])
def test_our_other_policy_files_load(file: str) -> None:
    assert len(load(ROOT / file, Settings()).services) == 4
