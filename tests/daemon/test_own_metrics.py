"""docs/metrics.md and the metrics of a real daemon are the same, both ways; every label set is there from the start."""

import ast
import subprocess
from collections.abc import Iterator

import pytest

from autoscaler.adapters.metrics.label_sets import ENGINE_OPERATIONS, PROMETHEUS_ERRORS, SCALE_STAGES
from autoscaler.adapters.prometheus.faults import FaultKind
from deploy.lab import images
from tests.daemon.test_app import Daemon
from tests.support.metrics_page import Metric, documented, scraped
from tests.support.paths import ROOT

POLICY = """\
interval: 1s
prometheus: {url: http://127.0.0.1:9, timeout: 300ms}
services:
  userservice:
    replicas: {min: 1, max: 3}
    rules: {throughput: {signal: requests, per_replica: 50}}
    objective: {latency: 300ms, ratio: 0.99}
"""
ONLY_WITH_AN_ENGINE = {
    "autoscaler_service_info": {"service", "traefik_service"},
    "autoscaler_leader": {"project"},
    "autoscaler_traefik_service_listed": {"traefik_service"},
}
SOURCES = ROOT / "autoscaler"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """What a daemon without engine and Prometheus shows after its first cycle."""
    daemon = Daemon(tmp_path_factory.mktemp("daemon"), POLICY)
    try:
        daemon.wait_for_cycle()
        yield daemon.get("/metrics").text
    finally:
        daemon.process.kill()
        daemon.process.communicate()


@pytest.fixture(scope="module")
def seen(page: str) -> dict[str, Metric]:
    return scraped(page)


def test_every_metric_is_documented_and_no_other(seen: dict[str, Metric]) -> None:
    assert {name: metric.kind for name, metric in documented().items()} == {
        name: metric.kind for name, metric in seen.items()
    }


def test_the_labels_are_those_that_are_documented(seen: dict[str, Metric]) -> None:
    shown = {name: set(metric.labels) or ONLY_WITH_AN_ENGINE.get(name, set()) for name, metric in seen.items()}
    assert {name: set(metric.labels) for name, metric in documented().items()} == shown


@pytest.mark.parametrize("name", [name for name, metric in documented().items() if metric.kind != "gauge"])
def test_each_documented_label_value_is_there_from_the_start_and_no_other(seen: dict[str, Metric], name: str) -> None:
    for label, values in documented()[name].values.items():
        assert seen[name].values[label] == values


def test_the_labels_of_gauges_have_documented_values_only(seen: dict[str, Metric]) -> None:
    for name, metric in documented().items():
        for label, values in metric.values.items() if metric.kind == "gauge" else ():
            assert seen[name].values[label] <= values, name


@pytest.mark.engine
def test_promtool_finds_nothing_to_improve(page: str, engine_url: str) -> None:
    command = ["docker", "run", "--rm", "--interactive", "--entrypoint", "promtool", images.PROMETHEUS]
    assert not images.ensure([images.PROMETHEUS])
    checked = subprocess.run([*command, "check", "metrics"], input=page, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def literals(folder: str, function: str) -> set[str]:
    """The texts that are the first argument of this function somewhere in the folder."""
    calls = [
        node
        for file in (SOURCES / folder).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1].strip("_") == function
    ]
    first = [call.args[0] for call in calls if call.args]
    return {str(each.value) for each in first if isinstance(each, ast.Constant)}


def test_every_request_to_the_engine_has_its_series_from_the_start() -> None:
    assert literals("adapters/docker", "asking") == set(ENGINE_OPERATIONS)


def test_every_stage_in_which_scaling_can_fail_has_its_series_from_the_start() -> None:
    assert literals(".", "ScaleFailed") | literals(".", "Failure") <= set(SCALE_STAGES)


def test_every_error_of_prometheus_has_its_series_from_the_start() -> None:
    assert {kind.value for kind in FaultKind} == set(PROMETHEUS_ERRORS)
