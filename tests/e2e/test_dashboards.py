"""Every panel's, marker's and alert's query has data in a real Prometheus that scraped the real stack at work."""

import json
import math
import re
import time
from typing import Any

import httpx
import pytest

from deploy.grafana.alerts import ALERTS, Alert
from deploy.grafana.files import DASHBOARDS
from tests.e2e.conftest import RunningStack
from tests.support.metrics_page import documented, scraped
from tests.support.traffic import Traffic

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("another stack")]

ALL = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in sorted(DASHBOARDS.glob("*.json"))}
PANELS = [
    pytest.param(target["expr"], id=f"{name}: {panel['title']} {target['refId']}")
    for name, dashboard in ALL.items()
    for panel in dashboard["panels"]
    for target in panel.get("targets", ())
]
MARKERS = [
    pytest.param(marker["expr"], id=marker["name"])
    for marker in ALL["autoscaler.json"]["annotations"]["list"]
    if "expr" in marker
]
VALUES = {"$job": ".+", "$instance": ".+", "$service": "userservice", "$__rate_interval": "30s"}


class Worked:
    """A stack that has scaled up and down again under traffic, and how to ask its Prometheus as Grafana does."""

    def __init__(self, stack: RunningStack) -> None:
        self.stack = stack
        self.began = time.time()
        self._work()
        self.values = {**VALUES, "$traefik_service": self._traefik_service()}

    def _work(self) -> None:
        loud = Traffic(f"{self.stack.stack.gateway}/api/users")
        with loud.flowing():
            self.stack.until("a third replica is ready", lambda: (self.stack.ready() or 0) > 2, seconds=120)
        self.stack.until("back to two", lambda: self.stack.ready() == 2, seconds=240)
        both = f'autoscaler_last_scale_timestamp_seconds{{service="userservice"}} > {self.began}'
        self.stack.until("Prometheus knows of both", lambda: len(self.ask(both)) == 2)

    def _traefik_service(self) -> str:
        """What the dashboard's hidden variable comes to."""
        variables = {each["name"]: each for each in ALL["autoscaler.json"]["templating"]["list"]}
        selector, label = re.fullmatch(r"label_values\((.*), (\w+)\)", variables["traefik_service"]["query"]).groups()  # type: ignore[union-attr]
        (found,) = {series["metric"][label] for series in self.ask(self.filled(selector, VALUES))}
        return str(found)

    def filled(self, expr: str, values: dict[str, str] | None = None) -> str:
        for name, value in (values or self.values).items():
            expr = re.sub(rf"{re.escape(name)}\b", value, expr)
        return expr

    def ask(self, expr: str) -> list[dict[str, Any]]:
        """An instant query."""
        return self._get("query", query=expr)

    def ask_range(self, expr: str) -> list[dict[str, Any]]:
        """A range query over all that has happened."""
        return self._get("query_range", query=expr, start=self.began, end=time.time(), step=2)

    def _get(self, path: str, **parameters: Any) -> list[dict[str, Any]]:
        url = f"{self.stack.prometheus}/api/v1/{path}"
        answer = httpx.get(url, params=parameters, timeout=20).json()
        assert answer["status"] == "success", answer
        found: list[dict[str, Any]] = answer["data"]["result"]
        return found


@pytest.fixture(scope="module")
def worked(running_stack: RunningStack) -> Worked:
    running_stack.settled()
    return Worked(running_stack)


def finite(series: list[dict[str, Any]]) -> list[float]:
    numbers = [float(value) for each in series for _, value in each["values"]]
    return [number for number in numbers if math.isfinite(number)]


@pytest.mark.parametrize("expr", PANELS)
def test_every_panel_has_numbers(worked: Worked, expr: str) -> None:
    asked = worked.filled(expr)
    assert "$" not in asked
    assert finite(worked.ask_range(asked))


@pytest.mark.parametrize("expr", MARKERS)
def test_every_scale_event_is_a_marker_at_its_time_with_its_reason(worked: Worked, expr: str) -> None:
    series = worked.ask_range(worked.filled(expr))
    assert {each["metric"]["service"] for each in series} == {"userservice"}
    assert all(each["metric"]["reason"] for each in series)
    assert all(worked.began <= at / 1000 <= time.time() for at in finite(series))


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_every_alert_measures_something_also_when_all_is_well(worked: Worked, alert: Alert) -> None:
    assert finite(worked.ask_range(alert.measure))
    worked.ask(alert.expr)  # which is a question that Prometheus understands


@pytest.mark.parametrize("alert", ["AutoscalerDown", "TraefikMetricsMissing", "AutoscalerBadConfig", "AutoscalerBlind"])
def test_what_is_well_now_does_not_fire(worked: Worked, alert: str) -> None:
    (found,) = [each for each in ALERTS if each.name == alert]
    assert worked.ask(found.expr) == []


def test_the_live_metrics_are_those_that_are_documented(worked: Worked) -> None:
    seen = scraped(httpx.get(f"{worked.stack.api}/metrics", timeout=10).text)
    for name, metric in documented().items():
        # Only services with an objective, and a stated API of Traefik, have these.
        if not name.startswith(("autoscaler_sizing_", "autoscaler_traefik_service_listed")):
            assert seen[name].labels == metric.labels, name
            for label, values in metric.values.items():
                assert seen[name].values[label] == values, name
    assert set(seen) == set(documented())
