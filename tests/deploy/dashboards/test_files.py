"""The files in config/ are what the code makes, and Grafana is told where they are."""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from deploy.grafana.files import DASHBOARDS, ROOT, contents

FILES = contents()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_committed_file_is_current(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == FILES[path], "run make grafana"


def test_there_is_no_dashboard_that_the_code_does_not_make() -> None:
    assert set(DASHBOARDS.glob("*")) == {path for path in FILES if path.parent == DASHBOARDS}


def load(path: str) -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe", pure=True).load((ROOT / path).read_text(encoding="utf-8"))
    return found


def test_grafana_finds_the_dashboards_where_the_stack_mounts_them() -> None:
    (provider,) = load("config/grafana/provisioning/dashboards/dashboards.yaml")["providers"]
    volumes = load("deploy/compose.yaml")["services"]["grafana"]["volumes"]
    assert f"../config/grafana/dashboards:{provider['options']['path']}:ro" in volumes
    assert (provider["allowUiUpdates"], provider["disableDeletion"]) == (False, True)


def test_a_rate_interval_rests_on_the_scrape_interval_of_the_jobs() -> None:
    (source,) = load("config/grafana/provisioning/datasources/prometheus.yaml")["datasources"]
    jobs = load("config/prometheus/prometheus.yaml")["scrape_configs"]
    scraped = {job["job_name"]: job.get("scrape_interval") for job in jobs}
    assert source["jsonData"]["timeInterval"] == scraped["traefik"] == scraped["autoscaler"]
