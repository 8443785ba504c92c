"""The alerts as a rule file of Prometheus."""

from typing import Any

from deploy.grafana.alerts import ALERTS, Alert
from deploy.grafana.selectors import UID


def prometheus_rules() -> dict[str, Any]:
    """Return the rule file."""
    return {"groups": [{"name": "autoscaler", "rules": [_rule(alert) for alert in ALERTS]}]}


def annotations(alert: Alert) -> dict[str, str]:
    """Return what is said when it fires; Grafana knows the panel by the last two, which go together."""
    return {
        "summary": alert.summary,
        "description": alert.description,
        "runbook_url": alert.runbook_url,
        "__dashboardUid__": UID,
        "__panelId__": str(int(alert.panel)),
    }


def _rule(alert: Alert) -> dict[str, Any]:
    return {
        "alert": alert.name,
        "expr": alert.expr,
        "for": alert.pending,
        "labels": {"severity": alert.severity.value},
        "annotations": annotations(alert),
    }
