"""The stack's files promise what the documents say; checked as data, without an engine."""

import re
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.support.paths import ROOT

SERVICES = {
    "userservice": "/api/users",
    "music-service": "/api/music",
    "social-service": "/api/social",
    "notification-service": "/api/notifications",
}


def load(path: str) -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe", pure=True).load((ROOT / path).read_text(encoding="utf-8"))
    return found


STACK = load("deploy/compose.yaml")["services"]


@pytest.mark.parametrize(("name", "route"), SERVICES.items())
def test_each_service_is_what_the_mission_says(name: str, route: str) -> None:
    service = STACK[name]
    deploy, labels = service["deploy"], service["labels"]
    assert deploy["replicas"] == 2
    assert deploy["resources"] == {"limits": {"memory": "512M"}, "reservations": {"cpus": "0.25", "memory": "256M"}}
    assert deploy["restart_policy"] == {"condition": "on-failure", "delay": "5s", "max_attempts": 3}
    assert "/health" in service["healthcheck"]["test"][-1]
    assert labels[f"traefik.http.routers.{name}.rule"] == f"PathPrefix(`{route}`)"
    assert labels[f"traefik.http.routers.{name}.entrypoints"] == "websecure"
    assert labels[f"traefik.http.routers.{name}.middlewares"] == f"{name}-retry"
    balancer = f"traefik.http.services.{name}.loadbalancer"
    assert (labels[f"{balancer}.healthcheck.path"], labels[f"{balancer}.healthcheck.interval"]) == ("/health", "10s")
    assert labels[f"{balancer}.sticky.cookie.name"] == f"{name.replace('-', '_')}_replica"
    assert "container_name" not in service
    assert "ports" not in service


@pytest.mark.parametrize("name", sorted(STACK))
def test_every_service_is_hardened(name: str) -> None:
    service = STACK[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "container_name" not in service


def test_traefik_is_configured_as_promised() -> None:
    static = load("config/traefik/traefik.yaml")
    assert static["providers"]["docker"]["exposedByDefault"] is False
    assert static["entryPoints"]["web"]["http"]["redirections"]["entryPoint"]["scheme"] == "https"
    assert "tls" in static["entryPoints"]["websecure"]["http"]
    assert static["accessLog"] == {"format": "json"}
    assert static["metrics"]["prometheus"]["addRoutersLabels"] is True
    assert static["metrics"]["prometheus"]["entryPoint"] == "internal"
    assert not any(":8082" in port for port in STACK["traefik"]["ports"])
    labels = STACK["traefik"]["labels"]
    assert labels["traefik.http.routers.dashboard.middlewares"] == "dashboard-auth"


def test_only_the_guards_hold_the_socket_and_each_is_alone_with_its_client() -> None:
    holders = {name for name, service in STACK.items() if "docker.sock" in str(service.get("volumes"))}
    assert holders == {"socket-guard-traefik", "socket-guard-autoscaler"}
    networks = load("deploy/compose.yaml")["networks"]
    for client in ("traefik", "autoscaler"):
        network = f"socket-{client}"
        members = {name for name, service in STACK.items() if network in service["networks"]}
        assert members == {client, f"socket-guard-{client}"}
        assert networks[network] == {"internal": True}
        assert STACK[f"socket-guard-{client}"]["networks"] == [network]


def test_the_services_are_not_reachable_but_through_traefik() -> None:
    assert load("deploy/compose.yaml")["networks"]["backends"] == {"internal": True}
    assert all(STACK[name]["networks"] == ["backends"] for name in SERVICES)


def test_the_autoscaler_runs_as_nobody_with_its_policy_mounted_read_only() -> None:
    service = STACK["autoscaler"]
    assert service["user"] == "65532:65532"
    assert service["environment"]["AUTOSCALER_DOCKER_URL"] == "tcp://socket-guard-autoscaler:2375"
    assert service["volumes"][0].endswith(":/etc/autoscaler/autoscaler.yaml:ro")


def test_what_operators_say_survives_a_restart_and_takes_a_token_that_is_not_there_by_default() -> None:
    stack, service = load("deploy/compose.yaml"), STACK["autoscaler"]
    state = service["environment"]["AUTOSCALER_STATE_DIR"]
    assert f"autoscaler:{state}" in service["volumes"]
    assert f"install -d -o 65532 -g 65532 {state}\n" in (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert service["secrets"] == ["autoscaler_api_token"]
    assert stack["secrets"]["autoscaler_api_token"]["file"].endswith(":-/dev/null}")


def test_what_only_operators_need_is_published_on_the_loopback_address() -> None:
    for name in ("prometheus", "grafana", "autoscaler"):
        assert all(port.startswith("${ADMIN_ADDRESS:-127.0.0.1}:") for port in STACK[name]["ports"])


def test_prometheus_scrapes_the_short_jobs_more_often() -> None:
    config = load("config/prometheus/prometheus.yaml")
    assert config["global"]["scrape_interval"] == "10s"
    intervals = {job["job_name"]: job.get("scrape_interval") for job in config["scrape_configs"]}
    assert (intervals["traefik"], intervals["autoscaler"]) == ("5s", "5s")


def test_grafana_has_its_data_source() -> None:
    (source,) = load("config/grafana/provisioning/datasources/prometheus.yaml")["datasources"]
    assert (source["uid"], source["url"]) == ("prometheus", "http://prometheus:9090")


def test_every_variable_of_the_stack_is_in_the_example_and_no_other() -> None:
    compose = (ROOT / "deploy/compose.yaml").read_text(encoding="utf-8")
    used = set(re.findall(r"\$\{([A-Z_]+)", compose)) - {"COMPOSE_PROJECT_NAME"}
    example = (ROOT / "deploy/.env.example").read_text(encoding="utf-8")
    assert set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE)) == used
