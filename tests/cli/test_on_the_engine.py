"""`plan` and `scale` on a real Compose project, without a daemon."""

import json
import time

import pytest

from deploy.lab import images
from tests.support.command import autoscaler
from tests.support.compose_project import SLEEP, Project
from tests.support.real_prometheus import running
from tests.support.traefik_history import History

pytestmark = pytest.mark.engine

POLICY = """\
prometheus: {url: http://127.0.0.1:9, timeout: 500ms}
defaults:
  replicas: {min: 1, max: 3}
  rules: {load: {query: 'sum(load)', per_replica: 5}}
services:
  web: {}
  api: {}
"""


@pytest.fixture
def variables(project: Project) -> dict[str, str]:
    """A project with two services, and what the command must know of it."""
    project.up({"web": SLEEP, "api": SLEEP})
    file = project.directory / "policy.yaml"
    file.write_text(POLICY, encoding="utf-8")
    return {
        "AUTOSCALER_CONFIG": str(file),
        "AUTOSCALER_COMPOSE_PROJECT": project.name,
        "AUTOSCALER_DOCKER_URL": project.engine_url,
    }


def test_scale_brings_one_service_to_a_count_and_waits_until_it_is_ready(
    project: Project, variables: dict[str, str]
) -> None:
    done = autoscaler("scale", "web", "3", **variables)
    assert (done.returncode, done.stderr) == (0, "")
    assert "web      1 → 3" in done.stdout
    assert "ok" in done.stdout
    assert (len(project.containers()), len(project.containers("api"))) == (3, 1)


def test_scale_all_brings_every_service_to_the_count_up_and_down(project: Project, variables: dict[str, str]) -> None:
    for count in (2, 1):
        done = autoscaler("scale", "all", str(count), "--json", **variables)
        assert [(each["service"], each["after"], each["error"]) for each in json.loads(done.stdout)] == [
            ("web", count, None),
            ("api", count, None),
        ]
    assert [len(project.containers(service)) for service in ("web", "api")] == [1, 1]


def test_scale_to_what_it_is_changes_nothing(project: Project, variables: dict[str, str]) -> None:
    (result,) = json.loads(autoscaler("scale", "web", "1", "--json", **variables).stdout)
    assert (result["before"], result["after"], result["direction"]) == (1, 1, "none")


def test_plan_explains_and_acts_on_nothing(project: Project, variables: dict[str, str]) -> None:
    done = autoscaler("plan", "web", **variables)
    assert (done.returncode, done.stderr) == (0, "")
    words = " ".join(done.stdout.split())
    assert "web 1 1 blind no usable reading for 0 s: load (error); stays at 1" in words
    assert "load: error: cannot connect to Prometheus at http://127.0.0.1:9" in words
    assert project.containers() == project.names(1)


@pytest.mark.parametrize("name", ["bad", "all"])
def test_a_mistake_in_labels_keeps_from_its_own_service_only(
    project: Project, variables: dict[str, str], name: str
) -> None:
    labels = {"autoscaler.enable": "true", "autoscaler.replicas.mn": "1"}
    project.up({"web": SLEEP, "api": SLEEP, "bad": {**SLEEP, "labels": labels}})
    refused = autoscaler("scale", name, "2", **variables)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert f"labels of {project.name}/bad: autoscaler.replicas.mn: unknown key `mn`" in refused.stderr
    assert autoscaler("plan", "web", "api", **variables).returncode == 0
    done = autoscaler("scale", "web", "2", **variables)
    assert (done.returncode, done.stderr, len(project.containers())) == (0, "", 2)


def test_a_plan_knows_the_past_that_a_starting_daemon_would_know(project: Project, variables: dict[str, str]) -> None:
    """Two more replicas than a quarter of an hour of load has needed: a cold start would hold them for a window."""
    now, past = time.time(), History()
    past.add("load", {"job": "queue"}, [(now + second, 4.0) for second in range(-900, 300, 15)])
    project.scale(3)
    file = project.directory / "policy.yaml"
    directory = project.directory / "prometheus"
    directory.mkdir()
    with running(images.PROMETHEUS_OLD, past.text(), directory) as url:
        file.write_text(POLICY.replace("http://127.0.0.1:9,", f'"{url}",'), encoding="utf-8")
        (web,) = json.loads(autoscaler("plan", "web", "--json", **variables).stdout)
    assert (web["decision"]["replicas"]["current"], web["decision"]["desired"]) == (3, 1)
    assert web["decision"]["reason"] == "below_target"
    assert len(project.containers()) == 3


def test_a_plan_for_one_service_counts_what_the_others_need_of_the_budget(
    project: Project, variables: dict[str, str]
) -> None:
    """Blind, each of the two wants three; the budget leaves two for each."""
    file = project.directory / "policy.yaml"
    blind = POLICY.replace("defaults:\n", "defaults:\n  when_blind: {after: 0s, do: {at_least: 3}}\n")
    file.write_text(f"limits: {{max_replicas_total: 4}}\n{blind}", encoding="utf-8")
    (web,) = json.loads(autoscaler("plan", "web", "--json", **variables).stdout)
    assert (web["service"], web["decision"]["desired"]) == ("web", 2)
    assert [limit["limit"] for limit in web["decision"]["limits"]] == ["budget"]


def test_a_service_that_does_not_run_is_named_and_the_others_are_planned(
    project: Project, variables: dict[str, str]
) -> None:
    project.run("rm", "--stop", "--force", "api")
    done = autoscaler("plan", "--json", **variables)
    web, api = json.loads(done.stdout)
    assert done.returncode == 1
    assert (web["action"], api["action"]) == ("unchanged", "failed")
    assert f"no Compose service {project.name}/api on this engine" in api["error"]
