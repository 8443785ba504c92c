"""The labels of a service say the same as a policy file would."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoscaler.config.labels import read_labels
from autoscaler.errors import ConfigError

ANOTHER_SHAPE = (
    "another label gives this key another shape; a key is a value, a mapping or a list, by one label or by several"
)


def tree(labels: Mapping[str, str]) -> object:
    return read_labels("shop/users", labels).document.tree["autoscaler"]


def problems(labels: Mapping[str, str]) -> list[str]:
    with pytest.raises(ConfigError) as failure:
        read_labels("shop/users", labels)
    return [line.removeprefix("labels of shop/users: ") for line in str(failure.value).splitlines()]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        pytest.param({"autoscaler.replicas.min": "2"}, {"replicas": {"min": 2}}, id="a whole number"),
        pytest.param(
            {"autoscaler.rules.p95.target": "300ms", "autoscaler.rules.p95.quantile": "0.95"},
            {"rules": {"p95": {"target": "300ms", "quantile": 0.95}}},
            id="a duration and a number",
        ),
        pytest.param({"autoscaler.burst": "off"}, {"burst": "off"}, id="a word"),
        pytest.param({"autoscaler.rules.x.cap": "true"}, {"rules": {"x": {"cap": True}}}, id="yes or no"),
        pytest.param(
            {"autoscaler.when_blind.do": "{at_least: 4}"}, {"when_blind": {"do": {"at_least": 4}}}, id="a mapping"
        ),
        pytest.param(
            {"autoscaler.schedules": '[{cron: "0 8 * * 1-5", for: 10h, min: 4}]'},
            {"schedules": [{"cron": "0 8 * * 1-5", "for": "10h", "min": 4}]},
            id="a list",
        ),
        pytest.param(
            {
                **{f"autoscaler.scale_up.policies[{index}].replicas": str(index) for index in range(11)},
                "autoscaler.scale_up.policies[10].period": "15s",
            },
            {
                "scale_up": {
                    "policies": [*({"replicas": index} for index in range(10)), {"replicas": 10, "period": "15s"}]
                }
            },
            id="a list by indexes, in their order",
        ),
        pytest.param(
            {"autoscaler.rules.x.query": '{job="x"}', "autoscaler.schedules[0].cron": "0 8 * * *"},
            {"rules": {"x": {"query": '{job="x"}'}}, "schedules": [{"cron": "0 8 * * *"}]},
            id="PromQL and cron are text, whatever YAML would make of them",
        ),
        pytest.param(
            {"autoscaler.rules.x.target": "a: b"}, {"rules": {"x": {"target": "a: b"}}}, id="text with a colon"
        ),
    ],
)
def test_labels_make_the_tree_of_the_policy_file(labels: Mapping[str, str], expected: object) -> None:
    assert tree(labels) == expected


@pytest.mark.parametrize(("enable", "enabled"), [("true", True), (" True", True), ("false", False), (None, False)])
def test_nothing_is_enabled_without_saying_so(enable: str | None, enabled: bool) -> None:
    labels = {} if enable is None else {"autoscaler.enable": enable}
    assert read_labels("shop/users", {**labels, "autoscaler.replicas.min": "2"}).enabled is enabled


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        pytest.param(
            {"autoscaler.enable": "yes!"}, ["autoscaler.enable: must be true or false, not 'yes!'"], id="enable"
        ),
        pytest.param(
            {"autoscaler.replicas..min": "1"},
            ['autoscaler.replicas..min: must be keys joined by dots, with "[0]" for the first of a list'],
            id="an empty key",
        ),
        pytest.param(
            {"autoscaler.schedules[x].min": "1"},
            ['autoscaler.schedules[x].min: must be keys joined by dots, with "[0]" for the first of a list'],
            id="a bad index",
        ),
        pytest.param(
            {"autoscaler.schedules[1].min": "1"},
            ["autoscaler.schedules[1].min: the list has no [0]; indexes go up one by one from [0]"],
            id="a list with a hole",
        ),
        pytest.param(
            {"autoscaler.replicas": "{min: 1}", "autoscaler.replicas.max": "2", "autoscaler.replicas[0]": "2"},
            [f"autoscaler.replicas[0]: {ANOTHER_SHAPE}"],
            id="one key as a mapping and as a list",
        ),
        pytest.param(
            {"autoscaler.rules": f"{{a: &a [{'x, ' * 1000}], b: &b [{'*a, ' * 200}], c: *b}}"},
            ["autoscaler.rules: has more than 2000 values, with its aliases (*) written out"],
            id="aliases of aliases",
        ),
        pytest.param(
            {"autoscaler.rules.x.query": "x" * 20_000},
            ["autoscaler.rules.x.query: has 20000 characters; at most 16384 are allowed"],
            id="a long text",
        ),
        pytest.param(
            {"autoscaler.rules.x.query": "sum(x)\n\t+ 1", "autoscaler.rules.y.query": "a\x1b[2J"},
            ["autoscaler.rules.y.query: has control characters or invisible ones; write it without them"],
            id="a text that a terminal would obey",
        ),
        pytest.param(
            {"autoscaler.rules": '{x: {query: "a\\u202e"}}', "autoscaler.a\u202e": "1"},
            [
                'autoscaler.a\\u202e: must be keys joined by dots, with "[0]" for the first of a list',
                "autoscaler.rules: has control characters or invisible ones; write it without them",
            ],
            id="a text that turns letters round",
        ),
    ],
)
def test_a_label_that_cannot_be_read_is_named(labels: Mapping[str, str], expected: list[str]) -> None:
    assert problems(labels) == expected


@given(st.dictionaries(st.text(max_size=12).map("autoscaler.{}".format), st.text(max_size=12), max_size=4))
def test_any_labels_are_read_or_refused_one_line_each(labels: dict[str, str]) -> None:
    try:
        read_labels("shop/users", labels)
    except ConfigError as error:
        lines = str(error).splitlines()
    else:
        return
    assert len(lines) <= len(labels)
    assert all(line.startswith("labels of shop/users: autoscaler.") for line in lines)
