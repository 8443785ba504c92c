"""A real daemon beside a real Compose project: labels come, change and go, and the policy file is changed under it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.lab.ports import free_ports
from tests.support.command import autoscaler
from tests.support.compose_project import SLEEP, Project

pytestmark = pytest.mark.engine

LABELS = {
    "autoscaler.enable": "true",
    "autoscaler.replicas.min": "2",
    "autoscaler.replicas.max": "3",
    "autoscaler.rules.load.query": "sum(load)",
    "autoscaler.rules.load.per_replica": "5",
}
TOKEN = "0123456789abcdef0123456789abcdef"
FILE = "interval: 1s\nprometheus: {url: http://127.0.0.1:9, timeout: 300ms}\n"
SERVICE = "services: {web: {replicas: {min: %d, max: 5}, rules: {load: {query: sum(load), per_replica: 5}}}}\n"


class Daemon:
    """`autoscaler run` for one project, without Prometheus: bounds hold without any reading."""

    def __init__(self, project: Project, policy: str) -> None:
        (port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{port}"
        self.file = project.directory / "policy.yaml"
        self.file.write_text(policy, encoding="utf-8")
        self._token = project.directory / "token"
        self._token.write_text(TOKEN, encoding="utf-8")
        variables = {
            "AUTOSCALER_CONFIG": str(self.file),
            "AUTOSCALER_COMPOSE_PROJECT": project.name,
            "AUTOSCALER_DOCKER_URL": project.engine_url,
            "AUTOSCALER_LISTEN": f"127.0.0.1:{port}",
            "AUTOSCALER_API_TOKEN_FILE": str(self._token),
        }
        self.log = (project.directory / "daemon.log").open("w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "autoscaler", "run"],
            env={**os.environ, **variables},
            stdout=self.log,
            stderr=self.log,
        )

    def services(self) -> Mapping[str, dict[str, Any]]:
        told = httpx.get(f"{self.url}/api/v1/services", timeout=30, trust_env=False).json()
        return {service["service"]: service for service in told}

    def reload(self) -> httpx.Response:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        return httpx.post(f"{self.url}/-/reload", json={}, headers=headers, timeout=60, trust_env=False)

    def until(self, what: str, true: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            try:
                if true():
                    return
            except (httpx.TransportError, KeyError, TypeError):
                pass  # it has not come so far yet
            assert self.process.poll() is None, self.said
            time.sleep(0.1)
        pytest.fail(f"not within 120 s: {what}\n{self.said}")

    @property
    def said(self) -> str:
        return Path(self.log.name).read_text(encoding="utf-8")

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(60)
        self.log.close()


@pytest.fixture
def start(project: Project) -> Iterator[Callable[[str], Daemon]]:
    started: list[Daemon] = []

    def begin(policy: str) -> Daemon:
        started.append(Daemon(project, policy))
        return started[-1]

    yield begin
    for daemon in started:
        daemon.end()


def test_a_labelled_service_is_scaled_its_labels_followed_and_a_mistake_stops_it_alone(
    project: Project, start: Callable[[str], Daemon]
) -> None:
    project.up({"web": {**SLEEP, "labels": LABELS}, "api": SLEEP})
    daemon = start(FILE)
    daemon.until("web has its labels' minimum", lambda: len(project.containers()) == 2)
    assert set(daemon.services()) == {"web"}
    assert len(project.containers("api")) == 1

    project.up({"web": {**SLEEP, "labels": LABELS, "scale": 2}, "api": {**SLEEP, "labels": LABELS}})
    daemon.until("a service that became labelled is scaled", lambda: len(project.containers("api")) == 2)

    wrong = {**LABELS, "autoscaler.replicas.max": "many"}
    project.up({"web": {**SLEEP, "labels": wrong, "scale": 2}, "api": {**SLEEP, "labels": LABELS, "scale": 2}})
    daemon.until("a mistake is told", lambda: "must be a whole number" in daemon.services()["web"]["error"])
    assert daemon.services()["api"]["error"] is None

    project.up({"web": {**SLEEP, "scale": 2}, "api": {**SLEEP, "labels": LABELS, "scale": 2}})
    daemon.until("a service without labels is no longer there", lambda: set(daemon.services()) == {"api"})


def test_commands_without_a_daemon_know_labelled_services(project: Project) -> None:
    project.up({"web": {**SLEEP, "labels": LABELS}, "api": SLEEP})
    file = project.directory / "policy.yaml"
    file.write_text(FILE, encoding="utf-8")
    variables = {"AUTOSCALER_CONFIG": str(file), "AUTOSCALER_COMPOSE_PROJECT": project.name}
    variables["AUTOSCALER_DOCKER_URL"] = project.engine_url
    (web,) = json.loads(autoscaler("plan", "--json", **variables).stdout)
    assert (web["service"], web["decision"]["desired"], web["decision"]["reason"]) == ("web", 2, "below_min")
    assert autoscaler("scale", "web", "3", **variables).returncode == 0
    assert len(project.containers()) == 3
    refused = autoscaler("scale", "api", "2", **variables)
    assert refused.returncode == 2
    assert "no service api in the policy file or enabled by a label; there are: web" in refused.stderr


def test_a_changed_file_is_put_in_force_by_itself_by_signal_and_by_request(
    project: Project, start: Callable[[str], Daemon]
) -> None:
    project.up({"web": SLEEP})
    daemon = start(FILE + SERVICE % 1)
    daemon.until("it runs", lambda: daemon.services()["web"]["decision"] is not None)

    daemon.file.write_text(FILE + SERVICE % 2, encoding="utf-8")
    daemon.until("the file was changed in place", lambda: len(project.containers()) == 2)

    daemon.file.write_text("services: [", encoding="utf-8")
    refused = daemon.reload()
    assert (refused.status_code, "not valid YAML" in refused.json()["error"]) == (422, True)
    assert daemon.services()["web"]["min"] == 2
    metrics = httpx.get(f"{daemon.url}/metrics", timeout=30, trust_env=False).text
    assert "autoscaler_config_last_reload_successful 0.0" in metrics

    daemon.file.write_text(FILE.replace("1s", "2s") + SERVICE % 3, encoding="utf-8")
    daemon.process.send_signal(signal.SIGHUP)
    daemon.until("a signal came", lambda: len(project.containers()) == 3)
    assert daemon.reload().json() == {"reloaded": True}
    assert httpx.get(f"{daemon.url}/api/v1/status", timeout=30, trust_env=False).json()["interval_seconds"] == 2.0
