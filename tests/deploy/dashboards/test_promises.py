"""What the dashboards promise to show."""

import re
from typing import Any

from deploy.grafana import alerts, autoscaler, load_balancing
from deploy.grafana.selectors import UID
from tests.deploy.dashboards.test_lint import ALL
from tests.support.metrics_page import documented

LOAD_BALANCING, AUTOSCALER = ALL["load-balancing.json"], ALL["autoscaler.json"]


def titles(dashboard: dict[str, Any]) -> list[str]:
    return [panel["title"] for panel in dashboard["panels"] if panel["type"] != "row"]


def panel(title: str) -> dict[str, Any]:
    (found,) = [each for each in AUTOSCALER["panels"] if each["title"] == title]
    return dict(found)


def test_load_balancing_has_its_uid_and_its_four_panels() -> None:
    assert (LOAD_BALANCING["title"], LOAD_BALANCING["uid"]) == ("Load balancing", "ms-trfk-lb-20251117")
    assert load_balancing.dashboard().uid == LOAD_BALANCING["uid"]
    assert titles(LOAD_BALANCING) == ["Requests per router", "Global p95", "5xx per service", "Total throughput"]


def test_replica_counts_are_steps() -> None:
    for title in ("Replicas", "Ready replicas", "What each rule wants"):
        assert panel(title)["fieldConfig"]["defaults"]["custom"]["lineInterpolation"] == "stepAfter"
    shown = [target["legendFormat"] for target in panel("Replicas")["targets"]]
    assert shown == ["desired", "current", "ready", "min", "max"]


def test_value_over_target_has_a_line_at_1() -> None:
    defaults = panel("Value over target")["fieldConfig"]["defaults"]
    assert defaults["thresholds"]["steps"][-1]["value"] == 1.0
    assert defaults["custom"]["thresholdsStyle"] == {"mode": "dashed"}


def test_why_nothing_happened_is_a_state_timeline() -> None:
    assert panel("Why nothing happened: limits")["type"] == "state-timeline"


def test_scale_events_are_markers_at_their_own_time_without_any_token() -> None:
    markers = {each["name"]: each for each in AUTOSCALER["annotations"]["list"]}
    for direction in ("up", "down"):
        marker = markers[f"Scaled {direction}"]
        assert marker["datasource"]["uid"] == "${datasource}"
        assert marker["useValueForTime"] is True
        assert f'direction="{direction}"' in marker["expr"]
        assert "* 1000" in marker["expr"]


def test_what_the_autoscaler_tells_grafana_is_shown_by_its_tags() -> None:
    for dashboard, tags in ((LOAD_BALANCING, ["autoscaler"]), (AUTOSCALER, ["autoscaler", "service:$service"])):
        (marker,) = [each for each in dashboard["annotations"]["list"] if each["name"] == "Explained"]
        assert marker["target"] == {"limit": 200, "matchAny": False, "tags": tags, "type": "tags"}


def ours(text: str) -> set[str]:
    """Our metrics in a text, without the endings of a histogram's parts."""
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in re.findall(r"\bautoscaler_\w+", text)}


def test_every_metric_of_ours_that_is_asked_for_is_documented() -> None:
    asked = [target["expr"] for each in AUTOSCALER["panels"] for target in each.get("targets", ())]
    asked += [each.get("expr", "") for each in AUTOSCALER["annotations"]["list"]]
    asked += [each["query"] for each in AUTOSCALER["templating"]["list"]]
    asked += [alert.expr for alert in alerts.ALERTS]
    assert ours(" ".join(asked)) <= set(documented())


def test_every_alert_points_to_a_panel_that_exists() -> None:
    ids = {each["id"] for each in AUTOSCALER["panels"] if each["type"] != "row"}
    assert autoscaler.dashboard().uid == UID == AUTOSCALER["uid"]
    assert {int(alert.panel) for alert in alerts.ALERTS} <= ids
