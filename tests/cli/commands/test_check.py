"""`check` on a real engine and a real Prometheus: what forbids scaling is said with file and line."""

import json
import time
from pathlib import Path

import pytest

from deploy.lab import images
from deploy.lab.ports import free_ports
from tests.support.command import autoscaler
from tests.support.compose_project import SLEEP, Project
from tests.support.own_share import free_range
from tests.support.real_prometheus import running
from tests.support.traefik_history import History, durations, traefik

POLICY = """\
prometheus: {url: "http://127.0.0.1:9", timeout: 500ms}
defaults:
  replicas: {min: 1, max: 3}
  rules: {load: {query: 'sum(load)', per_replica: 5}}
services:
  web: {}
  api:
    replicas: {max: 1}
"""
NOWHERE = "unix:///nowhere.sock"


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    file = tmp_path / "policy.yaml"
    file.write_text(POLICY, encoding="utf-8")
    return file


def words(text: str) -> str:
    return " ".join(text.split())


def test_a_good_file_is_good_where_nobody_answers_and_check_says_what_it_could_not_ask(policy: Path) -> None:
    done = autoscaler("check", str(policy), AUTOSCALER_DOCKER_URL=NOWHERE)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"not asked: the Docker engine at {NOWHERE} cannot be reached" in done.stdout
    assert "not asked: cannot connect to Prometheus at http://127.0.0.1:9" in done.stdout
    assert done.stdout.splitlines()[-1] == f"{policy}: ok, 2 services"


def test_without_a_service_in_the_file_check_says_too_that_the_engine_did_not_answer(policy: Path) -> None:
    policy.write_text(f"{POLICY.partition('defaults')[0]}services: {{}}\n", encoding="utf-8")
    done = autoscaler("check", str(policy), AUTOSCALER_DOCKER_URL=NOWHERE)
    assert f"not asked: the Docker engine at {NOWHERE} cannot be reached" in words(done.stdout)
    assert done.returncode == 1
    assert done.stderr.startswith(
        f"error: the Docker engine at {NOWHERE} cannot be reached; check AUTOSCALER_DOCKER_URL"
    )


def test_offline_nobody_is_asked(policy: Path) -> None:
    done = autoscaler("check", "--offline", str(policy), AUTOSCALER_DOCKER_URL=NOWHERE)
    assert (done.returncode, done.stderr) == (0, "")
    assert "not asked" not in done.stdout


def test_one_service_is_counted_as_one(policy: Path) -> None:
    policy.write_text(f"limits: {{max_replicas_total: 1}}\n{POLICY.partition('  api')[0]}", encoding="utf-8")
    lines = autoscaler("check", "--offline", str(policy)).stdout.splitlines()
    assert lines[0].endswith("; at most 1 replica of all services together")
    assert lines[-1] == f"{policy}: ok, 1 service"


@pytest.mark.engine
class TestOnTheEngine:
    """A project with some of the services."""

    @pytest.fixture
    def variables(self, project: Project, policy: Path) -> dict[str, str]:
        return {
            "AUTOSCALER_CONFIG": str(policy),
            "AUTOSCALER_COMPOSE_PROJECT": project.name,
            "AUTOSCALER_DOCKER_URL": project.engine_url,
        }

    def test_what_is_there_is_counted_and_what_is_not_is_named_and_no_failure(
        self, project: Project, variables: dict[str, str]
    ) -> None:
        project.up({"web": {**SLEEP, "scale": 2}})
        done = autoscaler("check", **variables)
        assert (done.returncode, done.stderr) == (0, "")
        assert "engine 2 replicas, 2 ready" in words(done.stdout)
        assert "warning: it has no healthcheck: requests reach a new replica before it listens" in words(done.stdout)
        assert f"engine not found: no Compose service {project.name}/api on this engine" in words(done.stdout)

    def test_a_view_that_does_not_answer_is_named(self, project: Project, variables: dict[str, str]) -> None:
        project.up({"web": SLEEP})
        secret = {"AUTOSCALER_TRAEFIK_VIEW_SECRET": "0123456789abcdef"}
        done = autoscaler("check", **variables, **secret, AUTOSCALER_TRAEFIK_VIEW_URL="http://127.0.0.1:9")
        assert done.returncode == 0
        no = "drained by Traefik's view: no, Traefik's view at http://127.0.0.1:9 does not answer (ConnectionError)"
        assert no in words(done.stdout)

    def test_a_service_that_cannot_be_scaled_is_refused_with_file_line_and_what_to_change(
        self, project: Project, variables: dict[str, str]
    ) -> None:
        (port,) = free_ports(1)
        project.up({"web": {**SLEEP, "ports": [f"127.0.0.1:{port}:80"]}})
        done = autoscaler("check", **variables)
        assert done.returncode == 1
        assert done.stderr == (
            f"error: {variables['AUTOSCALER_CONFIG']}:6: services.web: cannot be scaled: it publishes 80/tcp "
            f"on the fixed host port {port}; publish a range, or nothing\n"
        )
        assert "ok, 2 services" not in done.stdout
        assert project.containers() == project.names(1)

    def test_json_has_it_all(self, project: Project, variables: dict[str, str]) -> None:
        project.up({"web": {**SLEEP, "container_name": f"{project.name}-only"}})
        done = autoscaler("check", "--json", **variables)
        told = json.loads(done.stdout)
        assert (done.returncode, done.stderr) == (1, "")
        web, api = told["services"]["web"]["seen"], told["services"]["api"]["seen"]
        assert (web["current"], web["ready"], api["current"]) == (1, 1, None)
        assert "remove container_name from the Compose file" in web["obstacle"]
        assert len(told["problems"]) == len(told["unasked"]) == 1

    def test_services_that_labels_describe_are_checked_too_and_their_mistakes_refused(
        self, project: Project, variables: dict[str, str]
    ) -> None:
        good = {"autoscaler.enable": "true", "autoscaler.replicas.max": "7"}
        bad = {"autoscaler.enable": "true", "autoscaler.replicas.max": "many"}
        project.up({"web": SLEEP, "mail": {**SLEEP, "labels": good}, "music": {**SLEEP, "labels": bad}})
        done = autoscaler("check", **variables)
        assert done.returncode == 1
        assert "mail target" in words(done.stdout)
        assert "replicas 1-7" in words(done.stdout)
        assert done.stderr == (
            f"error: labels of {project.name}/music: autoscaler.replicas.max: must be a whole number, not 'many'\n"
        )

    def test_a_range_with_fewer_ports_than_replicas_is_a_warning(
        self, project: Project, variables: dict[str, str]
    ) -> None:
        first = free_range(2)
        last = first + 1
        project.up({"web": {**SLEEP, "ports": [f"127.0.0.1:{first}-{last}:80"]}})
        done = autoscaler("check", **variables)
        assert done.returncode == 0
        assert f"publishes 80/tcp on 2 host ports ({first}-{last}), fewer than replicas.max 3" in words(done.stdout)

    @pytest.mark.parametrize(("stated", "warned"), [("wbe@docker", True), ("shop@docker", False), ("wbe@file", False)])
    def test_a_name_in_traefik_that_the_labels_do_not_give_is_a_warning(
        self, project: Project, policy: Path, variables: dict[str, str], stated: str, warned: bool
    ) -> None:
        policy.write_text(POLICY.replace("web: {}", f'web: {{traefik_service: "{stated}"}}'), encoding="utf-8")
        port = {"traefik.http.services.shop.loadbalancer.server.port": "80"}
        project.up({"web": {**SLEEP, "labels": port}})
        done = autoscaler("check", **variables)
        warning = f"warning: traefik_service is {stated}, but by its labels Traefik calls it shop@docker"
        assert (done.returncode, warning in words(done.stdout)) == (0, warned)

    def test_a_latency_that_traefik_does_not_measure_is_refused_with_file_and_line(
        self, project: Project, variables: dict[str, str]
    ) -> None:
        now, past = time.time(), History()
        traefik(past, now)
        durations(past, now, "web@docker", {"0.1": 1.0, "5": 2.0, "+Inf": 2.0}, 1.0)
        file = project.directory / "policy.yaml"
        directory = project.directory / "prometheus"
        directory.mkdir()
        with running(images.PROMETHEUS_OLD, past.text(), directory) as url:
            file.write_text(
                f'prometheus: {{url: "{url}"}}\n'
                "services:\n"
                "  web:\n"
                "    replicas: {min: 1, max: 3}\n"
                "    rules:\n"
                "      p95: {signal: latency, target: 5s}\n"
                "      p99:\n"
                "        signal: latency\n"
                "        steps:\n"
                "          - {above: 1s, add: 1}\n"
                "          - {above: 20s, add: 2}\n",
                encoding="utf-8",
            )
            done = autoscaler("check", **variables)
        assert done.returncode == 1
        assert done.stderr == (
            f"error: {file}:11: services.web.rules.p99.steps.1.above: 20 s cannot be measured: "
            "Traefik's highest bucket is 5s, below 20s: add 20 to Traefik's option metrics.prometheus.buckets\n"
        )


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_the_password_of_prometheus_is_not_printed(policy: Path, options: list[str]) -> None:
    policy.write_text(POLICY.replace("127.0.0.1:9", "me:secret@127.0.0.1:9"), encoding="utf-8")
    done = autoscaler("check", *options, str(policy), AUTOSCALER_DOCKER_URL=NOWHERE)
    assert "http://127.0.0.1:9" in done.stdout
    assert "secret" not in done.stdout + done.stderr
