"""No label and no file costs more than a moment: what is too much is refused, with what is allowed."""

import contextlib
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autoscaler.config import labels as label_module
from autoscaler.config import services as services_module
from autoscaler.config.labels import LabelledService, read_labels
from autoscaler.config.load import load, load_file
from autoscaler.config.services import by_labels, resolve
from autoscaler.config.settings import Settings
from autoscaler.config.yaml_nodes import parse
from autoscaler.errors import ConfigError
from autoscaler.ports.fleet import Fleet, ServiceRef, ServiceState
from tests.support.examples import examples

USERS = ServiceRef("users", "shop")
COMPLETE = {
    "autoscaler.enable": "true",
    "autoscaler.replicas.min": "1",
    "autoscaler.replicas.max": "3",
    "autoscaler.rules.load.signal": "requests",
    "autoscaler.rules.load.per_replica": "80",
}
WEB = "services:\n  web:\n    replicas: {min: 1, max: 3}\n    rules: {load: {signal: requests, per_replica: 5}}\n"
SHORT = "{min: 1, max: 3}, rules: {load: {signal: requests, per_replica: 5}}"
CRON = {"autoscaler.schedules[0].for": "1h", "autoscaler.schedules[0].min": "2"}


@contextmanager
def at_most_cpu_seconds(most: float) -> Iterator[None]:
    """Of this thread alone, so that a busy machine does not count. The limits are some ten times what was measured."""
    began = time.thread_time()
    yield
    assert time.thread_time() - began < most


def refused_labels(more: dict[str, str]) -> list[str]:
    file = load_file(Settings().config, Settings())
    with at_most_cpu_seconds(2):
        refused = resolve(file, {USERS: COMPLETE | more}).refused
    return [line.removeprefix("labels of shop/users: ") for line in refused["users"].splitlines()]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        pytest.param(
            {"autoscaler.rules.x": "[" * 16_000},
            "autoscaler.rules.x: is nested deeper than 16 mappings and lists",
            id="nested brackets",
        ),
        pytest.param(
            {"autoscaler.rules.x": "{a: " * 2000 + "}" * 2000},
            "autoscaler.rules.x: is nested deeper than 16 mappings and lists",
            id="nested mappings",
        ),
        pytest.param(
            {f"autoscaler.{'.'.join('a' * 100)}": "1"},
            f"autoscaler.{'.'.join('a' * 100)}: is 100 keys and indexes deep; at most 16 are allowed",
            id="a key of many parts",
        ),
        pytest.param(
            {f"autoscaler.{'.'.join('a' * 20_000)}": "1"},
            f"autoscaler.{'a.' * 34}…: the name has 40010 characters; at most 256 are allowed",
            id="a very long key",
        ),
        pytest.param(
            {f"autoscaler.a.{'9' * 5000}": "1"},
            f"autoscaler.a.{'9' * 66}…: the name has 5013 characters; at most 256 are allowed",
            id="a key of very many digits",
        ),
        pytest.param(
            {"autoscaler.schedules": f"[{'1,' * 8000}]"},
            "autoscaler.schedules: has more than 2000 values, with its aliases (*) written out",
            id="a long list",
        ),
        pytest.param(
            {f"autoscaler.rules.r{number}.cap": "1" for number in range(600)},
            "has 605 labels autoscaler.*; at most 500 are allowed",
            id="many labels",
        ),
        pytest.param(
            {f"autoscaler.rules.r{number}.query": "x" * 16_000 for number in range(3)},
            "the labels autoscaler.* have 48215 characters; at most 32768 are allowed",
            id="several long labels",
        ),
        pytest.param(
            {"autoscaler.replicas.max": "9" * 5000},
            f"autoscaler.replicas.max: must be a whole number, not '{'9' * 76}...",
            id="a number of 5,000 digits",
        ),
        pytest.param(
            {"autoscaler.replicas.max": f"0x{'f' * 5000}"},
            f"autoscaler.replicas.max: must be a whole number, not '0x{'f' * 74}...",
            id="a hexadecimal number that Python would not print",
        ),
        pytest.param(
            {"autoscaler.when_blind.after": "1s" * 8000},
            "autoscaler.when_blind.after: must be a duration: a number with a unit (ms, s, m, h, d), "
            f'such as "300ms", "5s" or "1m30s", not \'{"1s" * 38}...',
            id="a duration of many parts",
        ),
        pytest.param(
            {**CRON, "autoscaler.schedules[0].cron": f"{','.join(['0-59'] * 2300)} * * * *"},
            f"autoscaler.schedules.0.cron: has 11507 characters; at most 256 are allowed, not '{'0-59,' * 15}0...",
            id="a cron of 12 kB",
        ),
        pytest.param(
            {**CRON, "autoscaler.schedules[0].cron": "* * * * *", "autoscaler.schedules[0].timezone": "a/" * 8000},
            "autoscaler.schedules.0.timezone: must be a time zone such as Europe/Berlin, America/Bogota or UTC, "
            f"not '{'a/' * 38}...",
            id="a time zone of 16 kB",
        ),
        pytest.param(
            {f"autoscaler.rules.r{number}": "{signal: requests, per_replica: 5}" for number in range(50)},
            "autoscaler.rules: has 51 entries; at most 50 are allowed",
            id="51 rules",
        ),
        pytest.param(
            {"autoscaler.when_blind.do": f"[{', '.join('x' * 1900)}]"},
            "autoscaler.when_blind.do: must be hold, {at_least: N} or {set: N} with N of at least 1, not ['x', 'x'",
            id="a long list where a word belongs",
        ),
    ],
)
def test_a_label_beyond_a_limit_is_refused_at_once(labels: dict[str, str], message: str) -> None:
    first, *_ = refused_labels(labels)
    assert first.startswith(message)
    assert len(first) < 1200


def test_of_very_many_problems_a_hundred_are_reported() -> None:
    lines = refused_labels({f"autoscaler.unknown{number}": "1" for number in range(400)})
    assert len(lines) == 101
    assert lines[-1] == "and 1 more problems"


def refused_file(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "policy.yaml"
    path.write_text(text)
    with at_most_cpu_seconds(15), pytest.raises(ConfigError) as failure:
        load(path, Settings())
    return [line.removeprefix(f"{path}:") for line in str(failure.value).splitlines()]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            f"interval: 5s\na: {'[' * 20_000}", "2: is nested deeper than 16 mappings and lists", id="nested brackets"
        ),
        pytest.param(
            "\n".join(f"{' ' * depth}a:" for depth in range(400)),
            "16: is nested deeper than 16 mappings and lists",
            id="nested blocks",
        ),
        pytest.param(f"a: {'!' * 900_000}", "1: a line has 900003 characters; at most 32768 are allowed", id="a line"),
        pytest.param(
            f"a: {'x' * 20_000}", "1: a text has 20000 characters; at most 16384 are allowed", id="a long text"
        ),
        pytest.param(f"{'k' * 200}: 1", "1: a key has 200 characters; at most 128 are allowed", id="a long key"),
        pytest.param(
            f"interval: {'9' * 5000}", "1: a number has 5000 digits; at most 1000 are allowed", id="many digits"
        ),
        pytest.param(
            f"interval: 0x{'f' * 5000}", "1: a number has 5002 digits; at most 1000 are allowed", id="many hex digits"
        ),
        pytest.param(
            "a:\n" + "- 1\n" * 60_000,
            "49999: has more than 50000 values, with its aliases (*) written out",
            id="many values",
        ),
        pytest.param(
            "services:\n" + "".join(f"  w{number}: {{}}\n" for number in range(1001)),
            "1: services: has 1001 services; at most 1000 are allowed",
            id="1,001 services",
        ),
        pytest.param(
            "defaults:\n  rules:\n"
            + "".join(f"    r{number}: {{signal: requests, per_replica: 5}}\n" for number in range(51))
            + "services:\n  web: {replicas: {min: 1, max: 2}}\n",
            "2: services.web.rules: has 51 entries; at most 50 are allowed",
            id="51 rules",
        ),
        pytest.param(
            WEB.replace("load: {", f"load: {{steps: [{'{above: 1, add: 1}, ' * 51}], "),
            "4: services.web.rules.load.steps: has 51 entries; at most 50 are allowed",
            id="51 steps",
        ),
        pytest.param(
            WEB + "    schedules:\n" + '      - {cron: "0 8 * * *", for: 1h, min: 2}\n' * 51,
            "5: services.web.schedules: has 51 entries; at most 50 are allowed",
            id="51 schedules",
        ),
        pytest.param(
            WEB + f"    scale_up: {{policies: [{'{replicas: 1, period: 5s}, ' * 51}]}}\n",
            "5: services.web.scale_up.policies: has 51 entries; at most 50 are allowed",
            id="51 rate policies",
        ),
        pytest.param(
            WEB + f"    scale_up: {{policies: [{{replicas: {10**400}, period: 5s}}]}}\n",
            "5: services.web.scale_up.policies.0.replicas: must be at most 1000000, not 1000",
            id="a rate beyond all numbers",
        ),
        pytest.param(
            WEB + f"    drain: {{command: [{'a, ' * 51}]}}\n",
            "5: services.web.drain.command: has 51 entries; at most 50 are allowed",
            id="a command of 51 words",
        ),
        pytest.param(
            WEB + f"    drain: {{command: [{'a' * 3000}]}}\n",
            "5: services.web.drain.command: has 3000 characters; at most 2000 are allowed, not a list",
            id="a long command",
        ),
        pytest.param("a: !!omap [b: 1]\n", "1: the tag tag:yaml.org,2002:omap is not for policies", id="a tag"),
        pytest.param("a: !!int x\n", "1: not valid YAML: 'x' does not fit its tag", id="a tag that does not fit"),
        pytest.param("a: {<<: 1}\n", "1: the key `<<` takes a mapping, or a list of mappings", id="a merge of nothing"),
    ],
)
def test_a_file_beyond_a_limit_is_refused_soon(tmp_path: Path, text: str, message: str) -> None:
    first, *_ = refused_file(tmp_path, text)
    assert first.startswith(message)
    assert len(first) < 1200


def test_of_very_many_problems_of_a_file_a_hundred_are_reported(tmp_path: Path) -> None:
    services = "".join(f"  w{number}: {{replicas: {{min: 0, max: 0}}}}\n" for number in range(1000))
    lines = refused_file(tmp_path, f"services:\n{services}")
    assert len(lines) == 101
    assert lines[-1] == "and 2900 more problems"


def test_merged_mappings_are_as_if_they_were_written(tmp_path: Path) -> None:
    text = (
        f"prometheus: &one {{timeout: 1s}}\nlimits: &two {{max_replicas_total: 9}}\n"
        f"services:\n  a: &a {{replicas: {SHORT}}}\n  b: {{<<: [*a, *a], replicas: {{min: 2, max: 2}}}}\n"
    )
    path = tmp_path / "policy.yaml"
    path.write_text(text)
    services = load(path, Settings()).services
    assert [each.policy.min_replicas for each in services.values()] == [1, 2]
    assert services["b"].policy.rules == services["a"].policy.rules


def test_labels_beyond_the_number_of_services_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services_module, "MOST_SERVICES", 2)
    path = tmp_path / "policy.yaml"
    path.write_text(WEB)
    found = resolve(load_file(path, Settings()), {ServiceRef(name, "shop"): COMPLETE for name in ("a", "b", "c")})
    assert set(found.services) == {"web", "a"}
    assert found.refused["b"] == "labels of shop/b: autoscaler: there are 2 services already; at most 2 are allowed"


def fleet_of(labelled: Mapping[ServiceRef, Mapping[str, str]]) -> Fleet:
    return Fleet({ref: ServiceState(ref, 1, 1, labels=labels) for ref, labels in labelled.items()})


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The services whose labels were read."""
    owners: list[str] = []

    def noted(owner: str, labels: dict[str, str]) -> LabelledService:
        owners.append(owner)
        return read_labels(owner, labels)

    monkeypatch.setattr(services_module, "read_labels", noted)
    return owners


def test_labels_are_read_again_only_where_they_have_changed(reads: list[str]) -> None:
    """Good ones and bad ones: with 1,000 services one change must not cost the reading of all."""
    resolver = by_labels(load_file(Settings().config, Settings()))
    labelled = {ServiceRef(name, "shop"): COMPLETE for name in ("a", "b")}
    labelled[ServiceRef("bad", "shop")] = {"autoscaler.enable": "maybe"}

    def resolved() -> set[str]:
        return set(resolver(fleet_of(labelled)).services)

    assert resolved() == {"a", "b"}
    labelled[ServiceRef("b", "shop")] = COMPLETE | {"autoscaler.replicas.max": "9"}
    assert resolved() == {"a", "b"}
    assert reads == ["shop/a", "shop/b", "shop/bad", "shop/b"]


def test_labels_of_another_service_may_add_to_a_list_in_flow_form() -> None:
    """The same text is parsed once, and yet each service has a list of its own."""
    labels = {"autoscaler.schedules": "[{min: 1}]"}
    longer = {**labels, "autoscaler.schedules[1].min": "2"}
    assert read_labels("a", longer).document.tree == {"autoscaler": {"schedules": [{"min": 1}, {"min": 2}]}}
    assert read_labels("b", labels).document.tree == {"autoscaler": {"schedules": [{"min": 1}]}}


@examples(500)
@given(
    st.from_regex(r"-?[0-9]{1,4}(\.[0-9]{0,3})?(ms|s|m|h|d|e3)?|[a-zA-Z][a-zA-Z0-9_-]{0,6}", fullmatch=True)
    | st.sampled_from(
        ["true", "True", "TRUE", "tRUE", "null", "Null", "NULL", "nUll", "yes", "off", "1e3", "010", "-0"]
    )
)
def test_a_value_that_is_read_without_yaml_is_what_yaml_makes_of_it(text: str) -> None:
    value = label_module._value(("replicas",), text)
    expected = parse(text, 10, {})
    assert (type(value), value) == ((str, text) if expected is None else (type(expected), expected))


hostile = st.sampled_from(
    ["[", "{", "a: ", "&a ", "*a", "- ", "? ", "!!", "<<: ", "|\n", '"', "'", "\n", " ", "1", ",", "]", "}", "#"]
)


@examples(300)
@given(st.lists(hostile, max_size=300).map("".join))
@example("&a [&a 1, *a]")
def test_whatever_the_text_it_is_parsed_or_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    with contextlib.suppress(ConfigError):
        load(path, Settings())


def labels_of(number: int) -> dict[str, str]:
    return {
        **COMPLETE,
        "autoscaler.replicas.max": str(10 + number),
        "autoscaler.rules.load.per_replica": str(50 + number),
        "autoscaler.rules.p95.signal": "latency",
        "autoscaler.rules.p95.target": "300ms",
        "autoscaler.schedules": '[{cron: "0 8 * * 1-5", for: 10h, min: 4}]',
    }


def test_the_labels_of_1000_containers_are_read_within_50_milliseconds() -> None:
    """Of 100 services with 10 replicas each, all with labels of their own, when they are first seen."""
    file = load_file(Settings().config, Settings())
    fleet = fleet_of({ServiceRef(f"s{number}", "shop"): labels_of(number) for number in range(100)})
    seconds = []
    for _ in range(5):
        began = time.thread_time()
        assert len(by_labels(file)(fleet).services) == 100
        seconds.append(time.thread_time() - began)
    assert min(seconds) < 0.05
