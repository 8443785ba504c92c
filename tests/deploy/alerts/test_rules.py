"""Every alert, by the real promtool: it fires when it should, is silent when all is well, and says what to do."""

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from deploy.grafana.alerts import ALERTS, Alert
from deploy.grafana.files import GRAFANA_RULES, PROMETHEUS_RULES, ROOT
from deploy.lab import images
from tests.support.promtool import promtool

HERE = Path(__file__).parent
CASES = sorted(HERE.glob("*.yaml"))


def load(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    return found


PROMETHEUS = {rule["alert"]: rule for rule in load(PROMETHEUS_RULES)["groups"][0]["rules"]}
GRAFANA = {rule["title"]: rule for rule in load(GRAFANA_RULES)["groups"][0]["rules"]}
each_alert = pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)


@pytest.mark.engine
@pytest.mark.parametrize("image", [images.PROMETHEUS_OLD, images.PROMETHEUS], ids=["2.42", "3.x"])
def test_promtool_accepts_the_rules_and_the_configuration_that_loads_them(engine_url: str, image: str) -> None:
    said = promtool("check", "config", "config/prometheus/prometheus.yaml", image=image)
    assert f"SUCCESS: {len(ALERTS)} rules found" in said


@pytest.mark.engine
def test_every_alert_fires_when_it_should_and_only_then(engine_url: str) -> None:
    promtool("test", "rules", *(str(case.relative_to(ROOT)) for case in CASES))


def fires(case: dict[str, Any]) -> set[bool]:
    return {bool(each["exp_alerts"]) for test in case["tests"] for each in test["alert_rule_test"]}


@each_alert
def test_there_is_a_case_in_which_it_fires_and_one_in_which_it_does_not(alert: Alert) -> None:
    case = load(HERE / f"{alert.name}.yaml")
    assert fires(case) == {True, False}
    assert {each["alertname"] for test in case["tests"] for each in test["alert_rule_test"]} == {alert.name}


@each_alert
def test_it_says_what_it_is_about_and_where_to_look(alert: Alert) -> None:
    said = PROMETHEUS[alert.name]["annotations"]
    assert set(said) == {"summary", "description", "runbook_url", "__dashboardUid__", "__panelId__"}
    assert "{{" not in said["summary"]
    assert "$" not in str(said), "Grafana takes $ for its own variables in a file"
    assert said["runbook_url"].endswith(f"/docs/runbooks/{alert.name}.md")
    assert PROMETHEUS[alert.name]["labels"]["severity"] in {"critical", "warning"}


@each_alert
def test_its_runbook_says_what_it_means_what_to_look_at_and_what_to_do(alert: Alert) -> None:
    page = (ROOT / f"docs/runbooks/{alert.name}.md").read_text(encoding="utf-8")
    assert page.startswith(f"# {alert.name}\n")
    assert re.findall(r"^## (.+)$", page, re.MULTILINE) == ["What it means", "What to look at", "What to do"]
    assert len(page.splitlines()) < 40


def test_there_is_no_runbook_and_no_case_without_an_alert() -> None:
    names = {alert.name for alert in ALERTS}
    assert {page.stem for page in (ROOT / "docs/runbooks").glob("*.md")} == names
    assert {case.stem for case in CASES} == names


@each_alert
def test_grafanas_rule_is_the_same_as_that_of_prometheus(alert: Alert) -> None:
    ours, theirs = PROMETHEUS[alert.name], GRAFANA[alert.name]
    assert theirs["data"][0]["model"]["expr"] == ours["expr"]
    assert (theirs["for"], theirs["labels"], theirs["annotations"]) == (
        ours["for"],
        ours["labels"],
        ours["annotations"],
    )
    assert str(theirs["panelId"]) == ours["annotations"]["__panelId__"]
    assert theirs["dashboardUid"] == ours["annotations"]["__dashboardUid__"]


@each_alert
def test_grafanas_rule_has_only_words_that_grafana_knows(alert: Alert) -> None:
    rule = GRAFANA[alert.name]
    assert (rule["noDataState"], rule["execErrState"]) == ("OK", "Error")  # one wrong word, and no rule is loaded
    assert re.fullmatch(r"[a-z0-9-]{1,40}", rule["uid"])
    assert [each["refId"] for each in rule["data"]] == ["query", "any_value", "threshold"]
    assert rule["condition"] == "threshold"
    assert all(each["refId"] == each["model"]["refId"] for each in rule["data"])
