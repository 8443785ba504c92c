"""Grafana's dashboard-linter is a Go program that is not to be had here; these are its rules, under their names."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from deploy.grafana.files import DASHBOARDS, contents

Json = dict[str, Any]
NAMES = sorted(path.name for path in contents() if path.parent == DASHBOARDS)


def load(name: str) -> Json:
    found: Json = json.loads((DASHBOARDS / name).read_text(encoding="utf-8"))
    return found


ALL = {name: load(name) for name in NAMES}
PANELS = [
    pytest.param(name, panel, id=f"{name}: {panel['title']}")
    for name, dashboard in ALL.items()
    for panel in dashboard["panels"]
    if panel["type"] != "row"
]
each_panel = pytest.mark.parametrize(("name", "panel"), PANELS)
each_dashboard = pytest.mark.parametrize("dashboard", ALL.values(), ids=list(ALL))


def variables(dashboard: Json) -> dict[str, Json]:
    return {variable["name"]: variable for variable in dashboard["templating"]["list"]}


def queries(panel: Json) -> Iterator[str]:
    return (target["expr"] for target in panel.get("targets", ()))


def selectors(expr: str) -> list[tuple[str, str]]:
    """Every metric of ours and of Traefik in the expression, with its matchers."""
    return re.findall(r"\b((?:autoscaler|traefik|process)_\w+)(?:\{([^}]*)\})?", expr)


@each_dashboard
def test_template_datasource(dashboard: Json) -> None:
    sources = [each for each in variables(dashboard).values() if each["type"] == "datasource"]
    assert [(each["name"], each["label"], each["query"]) for each in sources] == [
        ("datasource", "Data source", "prometheus")
    ]


@pytest.mark.parametrize("variable", ["job", "instance"])
@each_dashboard
def test_template_job_and_template_instance(dashboard: Json, variable: str) -> None:
    found = variables(dashboard)[variable]
    assert (found["multi"], found["includeAll"], found["allValue"]) == (True, True, ".+")
    assert found["label"] == variable.capitalize()
    assert found["datasource"]["uid"] == "${datasource}"


@each_dashboard
def test_template_on_time_change_reload(dashboard: Json) -> None:
    assert {each["refresh"] for each in variables(dashboard).values() if each["type"] == "query"} == {2}


@each_dashboard
def test_template_label_promql(dashboard: Json) -> None:
    for each in variables(dashboard).values():
        assert each["type"] != "query" or re.fullmatch(r"label_values\(\w+(\{.*\})?, \w+\)", each["query"])


@each_panel
def test_panel_datasource(name: str, panel: Json) -> None:
    assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    assert all(target["datasource"] == panel["datasource"] for target in panel["targets"])


@each_panel
def test_panel_title_description(name: str, panel: Json) -> None:
    assert panel["title"]
    assert panel["description"].endswith(".")


@each_panel
def test_panel_units(name: str, panel: Json) -> None:
    known = {"s", "short", "none", "string", "reqps", "cps", "cpm", "percentunit"}
    assert panel["fieldConfig"]["defaults"]["unit"] in known


@each_panel
def test_panel_no_targets(name: str, panel: Json) -> None:
    assert panel["targets"]
    assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])


@each_panel
def test_target_rate_interval(name: str, panel: Json) -> None:
    for expr in queries(panel):
        for function, window in re.findall(r"\b(rate|increase|irate)\([^\[]*\[([^\]]+)\]", expr):
            fits = window == "$__rate_interval" or (function == "increase" and window == "1h")
            assert fits, "only what is counted over a whole hour has a window of its own"


@each_panel
def test_target_counter_agg(name: str, panel: Json) -> None:
    for expr in queries(panel):
        for counter in re.findall(r"\b\w+(?:_total|_bucket|_seconds_sum|_seconds_count)\b", expr):
            assert re.search(rf"\b(rate|increase)\({counter}\{{?", expr)


@each_panel
def test_target_job_and_target_instance(name: str, panel: Json) -> None:
    for expr in queries(panel):
        for metric, matchers in selectors(expr):
            if metric.startswith("traefik_") and name == "autoscaler.json":
                continue  # Traefik is scraped by another job than the one that the reader chooses there
            if (metric, matchers) == ("autoscaler_build_info", ""):
                continue  # picks our process out of all that have the same metric
            assert 'job=~"$job"' in matchers
            assert 'instance=~"$instance"' in matchers


@each_dashboard
def test_uneditable_dashboard(dashboard: Json) -> None:
    assert dashboard["editable"] is False


@each_dashboard
def test_uids_and_panel_ids_are_fixed_and_differ(dashboard: Json) -> None:
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,40}", dashboard["uid"])
    assert dashboard.get("id") is None
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids)
    assert None not in ids


@each_dashboard
def test_no_panel_lies_on_another_and_none_is_outside_the_grid(dashboard: Json) -> None:
    cells: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        taken = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, panel["title"]
        cells |= taken


@each_dashboard
def test_every_variable_that_is_used_is_defined(dashboard: Json) -> None:
    text = " ".join(expr for panel in dashboard["panels"] for expr in queries(panel))
    text += " ".join(panel["title"] for panel in dashboard["panels"])
    text += " ".join(each.get("expr", "") for each in dashboard["annotations"]["list"])
    used = {name for name in re.findall(r"\$\{?(\w+)", text) if not name.startswith("__")}
    assert used <= set(variables(dashboard))
