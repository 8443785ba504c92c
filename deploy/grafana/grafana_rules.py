"""The alerts as rules that Grafana evaluates itself, in the form of its provisioning files."""

import re
from typing import Any

from deploy.grafana.alerts import ALERTS, Alert
from deploy.grafana.prometheus_rules import annotations
from deploy.grafana.selectors import UID

SOURCE_UID = "prometheus"  # of config/grafana/provisioning/datasources
EXPRESSION_UID = "__expr__"


def grafana_rules() -> dict[str, Any]:
    """Return the provisioning file."""
    group = {
        "orgId": 1,
        "name": "autoscaler",
        "folder": "Autoscaler",
        "interval": "30s",
        "rules": [_rule(alert) for alert in ALERTS],
    }
    return {"apiVersion": 1, "groups": [group]}


def _rule(alert: Alert) -> dict[str, Any]:
    return {
        "uid": re.sub(r"(?<!^)(?=[A-Z])", "-", alert.name).lower(),
        "title": alert.name,
        "condition": "threshold",
        "data": [_query(alert), *_conditions()],
        "dashboardUid": UID,
        "panelId": int(alert.panel),
        "noDataState": "OK",  # no series: nothing to say, as in Prometheus
        "execErrState": "Error",
        "for": alert.pending,
        "labels": {"severity": alert.severity.value},
        "annotations": annotations(alert),
        "isPaused": False,
    }


def _query(alert: Alert) -> dict[str, Any]:
    source = {"type": "prometheus", "uid": SOURCE_UID}
    model = {"refId": "query", "datasource": source, "expr": alert.expr, "instant": True, "range": False}
    window = {"from": 600, "to": 0}
    return {"refId": "query", "relativeTimeRange": window, "datasourceUid": SOURCE_UID, "model": model}


def _conditions() -> list[dict[str, Any]]:
    """Whatever the query returns fires, also a 0, as in Prometheus."""
    any_value = "is_number($query) || is_nan($query) || is_inf($query)"
    above = {"evaluator": {"type": "gt", "params": [0]}}
    return [
        _expression("any_value", {"type": "math", "expression": any_value}),
        _expression("threshold", {"type": "threshold", "expression": "any_value", "conditions": [above]}),
    ]


def _expression(name: str, model: dict[str, Any]) -> dict[str, Any]:
    source = {"type": EXPRESSION_UID, "uid": EXPRESSION_UID}
    return {
        "refId": name,
        "relativeTimeRange": {"from": 0, "to": 0},
        "datasourceUid": EXPRESSION_UID,
        "model": {"refId": name, "datasource": source, **model},
    }
