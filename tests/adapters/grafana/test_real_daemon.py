"""A real daemon that scales a real service tells a Grafana of it, and scales as well where there is none."""

from pathlib import Path

import pytest

from deploy.lab.ports import free_ports
from tests.adapters.grafana.test_observer import wait_for
from tests.daemon.test_app import Daemon
from tests.support.compose_project import SLEEP, Project
from tests.support.grafana_server import TOKEN, Grafana

pytestmark = pytest.mark.engine

POLICY = """\
interval: 1s
prometheus: {url: http://127.0.0.1:9, timeout: 300ms}
services:
  web: {replicas: {min: 2, max: 3}, rules: {load: {query: 'sum(load)', per_replica: 5}}}
"""


def daemon(project: Project, directory: Path, grafana_url: str) -> Daemon:
    token = directory / "token"
    token.write_text(f"{TOKEN}\n", encoding="utf-8")
    project.up({"web": SLEEP})
    return Daemon(
        directory,
        POLICY,
        AUTOSCALER_DOCKER_URL=project.engine_url,
        AUTOSCALER_COMPOSE_PROJECT=project.name,
        AUTOSCALER_GRAFANA_URL=grafana_url,
        AUTOSCALER_GRAFANA_TOKEN_FILE=str(token),
    )


def test_a_change_becomes_a_region_in_grafana(project: Project, tmp_path: Path, grafana: Grafana) -> None:
    running = daemon(project, tmp_path, grafana.url)
    wait_for("the region is closed", lambda: "timeEnd" in grafana.annotations.get(1, {}), seconds=120)
    assert 'autoscaler_annotations_total{outcome="sent"} 2.0' in running.get("/metrics").text
    code, _, errors = running.end()
    assert (code, errors) == (0, "")
    (region,) = grafana.annotations.values()
    assert region["tags"] == ["autoscaler", "service:web", "direction:up", "reason:below_min"]
    assert "web: 1 → 2 replicas" in region["text"]
    assert "done: 1 → 2 replicas after" in region["text"]
    assert region["timeEnd"] > region["time"]


def test_without_grafana_it_scales_as_well_and_says_so_once(project: Project, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    running = daemon(project, tmp_path, f"http://127.0.0.1:{port}")
    failed = 'autoscaler_annotations_total{outcome="failed"} 2.0'
    running.wait_for_cycle()
    wait_for("both annotations have failed", lambda: failed in running.get("/metrics").text, seconds=120)
    assert len(project.containers()) == 2
    code, lines, errors = running.end()
    assert (code, errors) == (0, "")
    (said,) = [line for line in lines if str(line["event"]).startswith("grafana.")]
    assert (said["level"], said["event"]) == ("warning", "grafana.failed")
    assert f"Grafana at http://127.0.0.1:{port} cannot be reached" in str(said["error"])
