"""Which files are made, and what stands in them."""

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from ruamel.yaml import YAML

from deploy.grafana import autoscaler, load_balancing
from deploy.grafana.grafana_rules import grafana_rules
from deploy.grafana.prometheus_rules import prometheus_rules

ROOT = Path(__file__).parent.parent.parent
DASHBOARDS = ROOT / "config/grafana/dashboards"
PROMETHEUS_RULES = ROOT / "config/prometheus/rules/autoscaler.yaml"
GRAFANA_RULES = ROOT / "config/grafana/provisioning/alerting/autoscaler.yaml"


def contents() -> dict[Path, str]:
    """Return the text of each file, by its path."""
    return {
        DASHBOARDS / "load-balancing.json": _json(load_balancing.dashboard()),
        DASHBOARDS / "autoscaler.json": _json(autoscaler.dashboard()),
        PROMETHEUS_RULES: _yaml(prometheus_rules()),
        GRAFANA_RULES: _yaml(grafana_rules()),
    }


def _json(dashboard: object) -> str:
    return json.dumps(dashboard, cls=JSONEncoder, indent=2, sort_keys=True) + "\n"


def _yaml(rules: Mapping[str, Any]) -> str:
    yaml = YAML()
    yaml.width = 10_000  # an expression is one line
    text = io.StringIO()
    yaml.dump(rules, text)
    return f"# Made from deploy/grafana/alerts.py by `make grafana`.\n{text.getvalue()}"
