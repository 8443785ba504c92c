"""Mistakes in a policy file: each is one line with the file, the line, the key, the value and what is allowed."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from autoscaler.config.load import load
from autoscaler.config.settings import Settings
from autoscaler.errors import ConfigError
from autoscaler.formats import Address
from tests.support.examples import examples

DURATION = 'must be a duration: a number with a unit (ms, s, m, h, d), such as "300ms", "5s" or "1m30s"'
RULE_KEYS = "signal, query, quantile, window, per_replica, target, steps, activation, cap, required, on_empty, on_nan"
SERVICE_KEYS = (
    "target, traefik_service, traefik_services, replicas, rules, schedules, objective, burst, scale_up, scale_down, "
    "reversals, when_blind, start_timeout, drain"
)


def refused(tmp_path: Path, text: str | bytes) -> list[str]:
    """The lines of the error, without the file's name."""
    file = tmp_path / "policy.yaml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(ConfigError) as failure:
        load(file, Settings())
    return [line.removeprefix(f"{file}:") for line in str(failure.value).splitlines()]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", " the file is empty; it needs at least a `services:` mapping", id="empty"),
        pytest.param("# only a comment\n", " the file is empty; it needs at least a `services:` mapping", id="comment"),
        pytest.param("- a\n", "1: the file must be a mapping with the key `services`, not a list", id="a list"),
        pytest.param("hello", "1: the file must be a mapping with the key `services`, not a single value", id="a word"),
        pytest.param("a: [\n", "2: not valid YAML: expected the node content, but found '<stream end>'", id="not YAML"),
        pytest.param(
            "a:\n\tb: 1\n", "2: not valid YAML: found character '\\t' that cannot start any token", id="a tab"
        ),
        pytest.param(b"a: \xff\n", " not UTF-8 text (byte 3)", id="not UTF-8"),
        pytest.param("1: 2\nservices: {}\n", "1: the key 1 must be text; put it in quotes", id="a key that is no text"),
        pytest.param(
            '"a\\nb": 2\n',
            "1: the key 'a\\nb' must be on one line, without control characters",
            id="a key of two lines",
        ),
        pytest.param("a: 1\nb: 2\na: 3\n", "3: the key `a` is there twice; each may be there once", id="a key twice"),
    ],
)
def test_what_is_no_policy_file_at_all(tmp_path: Path, text: str | bytes, message: str) -> None:
    assert refused(tmp_path, text) == [message]


LAUGHS = "\n".join(f"  l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 10))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("a: &a\n  b: *a\n", "2: the alias *a contains itself", id="itself"),
        pytest.param(
            f"services:\n  l0: &l0 [ha]\n{LAUGHS}\n",
            "7: has more than 50000 values, with its aliases (*) written out",
            id="a billion laughs",
        ),
        pytest.param(f"a: {'x' * 2**20}", " is larger than 1 MiB; no policy needs so much", id="a mebibyte"),
    ],
)
def test_a_file_that_stands_for_more_than_a_policy_has(tmp_path: Path, text: str, message: str) -> None:
    assert refused(tmp_path, text) == [message]


def test_aliases_in_moderation_are_fine(tmp_path: Path) -> None:
    web = "{replicas: &count {min: 1, max: 3}, rules: &rules {rps: {signal: requests, per_replica: 50}}}"
    file = tmp_path / "policy.yaml"
    file.write_text(
        f"prometheus: {{url: http://p:9090}}\nservices: {{web: {web}, api: {{replicas: *count, rules: *rules}}}}\n"
    )
    assert [each.policy.rules[0].target for each in load(file, Settings()).services.values()] == [50.0, 50.0]


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none.yaml: no such file$"):
        load(tmp_path / "none.yaml", Settings())


def test_a_missing_file_that_the_variable_names_says_so(tmp_path: Path) -> None:
    settings = Settings(config=tmp_path / "none.yaml")
    with pytest.raises(ConfigError, match=r"none.yaml: no such file; AUTOSCALER_CONFIG names it"):
        load(settings.config, settings)
    with pytest.raises(ConfigError, match=r"other.yaml: no such file$"):
        load(tmp_path / "other.yaml", settings)


def test_a_directory(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r": cannot be read: Is a directory"):
        load(tmp_path, Settings())


GOOD = """\
interval: 5s
prometheus:
  timeout: 2s
services:
  web:
    replicas: {min: 2, max: 10}
    rules:
      throughput: {signal: requests, per_replica: 50}
    scale_up:
      tolerance: 0.1
      policies: [{replicas: 4, period: 15s}]
    when_blind: {after: 60s, do: hold}
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param("interval: 5s", "interval: 5", f"1: interval: {DURATION}, not 5", id="a duration without a unit"),
        pytest.param("interval: 5s", 'interval: "5"', f"1: interval: {DURATION}, not '5'", id="the same, quoted"),
        pytest.param(
            "interval: 5s",
            "interval: 200ms",
            '1: interval: must be between "1s" and "1h", not \'200ms\'',
            id="too short",
        ),
        pytest.param(
            "interval: 5s",
            "intervall: 5s",
            "1: intervall: unknown key `intervall`; did you mean `interval`? "
            "allowed here: interval, dry_run, lease, prometheus, traefik, limits, defaults, services",
            id="a typo at the root",
        ),
        pytest.param(
            "  timeout: 2s",
            "  timout: 2s",
            "3: prometheus.timout: unknown key `timout`; did you mean `timeout`? "
            "allowed here: ca_file, cert_file, key_file, insecure_skip_verify, basic_auth, bearer_token_file, headers, "
            "url, timeout, max_sample_age, window, select, service_label",
            id="a typo one level down",
        ),
        pytest.param(
            "  timeout: 2s",
            "  select: {1job: traefik}",
            "3: prometheus.select.1job: must look like ^[a-zA-Z_][a-zA-Z0-9_]*$, not '1job'",
            id="no label",
        ),
        pytest.param(
            "  timeout: 2s",
            "  url: prometheus:9090",
            "3: prometheus.url: must be a URL such as http://prometheus:9090, not 'prometheus:9090'",
            id="no URL",
        ),
        pytest.param(
            "  timeout: 2s",
            "  timeout: 367d",
            '3: prometheus.timeout: must be between "0s" and "366d", not \'367d\'',
            id="too long a duration",
        ),
        pytest.param(
            "  timeout: 2s",
            "  url: http://prometheus:99999",
            "3: prometheus.url: must be a URL such as http://prometheus:9090, not 'http://prometheus:99999'",
            id="no port",
        ),
        pytest.param(
            "interval: 5s", "dry_run: yes", "1: dry_run: must be true or false, not 'yes'", id="yes is not true"
        ),
        pytest.param("min: 2", "min: 20", "6: services.web.replicas: min 20 is above max 10", id="min above max"),
        pytest.param("min: 2", "min: 0", "6: services.web.replicas.min: must be at least 1, not 0", id="min of 0"),
        pytest.param(
            "min: 2", 'min: "2"', "6: services.web.replicas.min: must be a whole number, not '2'", id="a quoted number"
        ),
        pytest.param(
            "min: 2",
            "min: true",
            "6: services.web.replicas.min: must be a whole number, not True",
            id="true is no number",
        ),
        pytest.param("min: 2, ", "", "6: services.web.replicas.min: is missing; it is required", id="no minimum"),
        pytest.param(
            "per_replica: 50",
            "per_replica: .inf",
            "8: services.web.rules.throughput.per_replica: must be a finite number, not inf",
            id="infinity",
        ),
        pytest.param(
            "per_replica: 50",
            "per_replica: 0",
            "8: services.web.rules.throughput.per_replica: must be above 0.0, not 0",
            id="a target of 0",
        ),
        pytest.param(
            "signal: requests",
            "signal: request",
            "8: services.web.rules.throughput.signal: "
            "must be one of 'requests', 'concurrency', 'latency' or 'error_ratio', not 'request'",
            id="an unknown signal",
        ),
        pytest.param(
            "signal: requests, ",
            "",
            "8: services.web.rules.throughput: needs exactly one of `signal` and `query`",
            id="nothing to measure",
        ),
        pytest.param(
            ", per_replica: 50",
            "",
            "8: services.web.rules.throughput: needs exactly one of `per_replica`, `target` and `steps`",
            id="no goal",
        ),
        pytest.param(
            "per_replica: 50",
            "target: 50",
            "8: services.web.rules.throughput: "
            "`signal: requests` takes `per_replica`, not `target`: it is a total over all replicas",
            id="a ratio of a total",
        ),
        pytest.param(
            "signal: requests, per_replica: 50",
            "signal: latency, per_replica: 50",
            "8: services.web.rules.throughput: "
            "`signal: latency` takes `target`, not `per_replica`: adding replicas does not divide it",
            id="a share of a latency",
        ),
        pytest.param(
            "signal: requests, per_replica: 50",
            "signal: latency, target: 300",
            f"8: services.web.rules.throughput: `target` of a latency {DURATION}, not 300",
            id="a latency without a unit",
        ),
        pytest.param(
            "signal: requests, per_replica: 50",
            "signal: error_ratio, target: 5",
            "8: services.web.rules.throughput: `target` of an error_ratio must be between 0 and 1, not 5",
            id="a ratio above 1",
        ),
        pytest.param(
            "signal: requests, per_replica: 50",
            "query: up, target: 3s",
            "8: services.web.rules.throughput: `target` must be a number, not '3s'",
            id="a query has no unit",
        ),
        pytest.param(
            "per_replica: 50",
            "per_replica: 50, quantile: 0.95",
            "8: services.web.rules.throughput: `quantile` goes with `signal: latency` only",
            id="a quantile of a rate",
        ),
        pytest.param(
            "per_replica: 50",
            "per_replica: 50, on_empty: ignore",
            "8: services.web.rules.throughput.on_empty: must be one of 'hold', 'zero' or 'error', not 'ignore'",
            id="an unknown meaning of nothing",
        ),
        pytest.param(
            "per_replica: 50",
            "per_replica: 50, perreplica: 5",
            "8: services.web.rules.throughput.perreplica: unknown key `perreplica`; did you mean `per_replica`? "
            f"allowed here: {RULE_KEYS}",
            id="a typo in a rule",
        ),
        pytest.param(
            "tolerance: 0.1",
            "stabilization_window: 2h",
            '10: services.web.scale_up.stabilization_window: must be between "0s" and "1h", not \'2h\'',
            id="a window longer than HPA's",
        ),
        pytest.param(
            "tolerance: 0.1",
            "tolerance: 10",
            "10: services.web.scale_up.tolerance: must be below 1.0, not 10",
            id="a tolerance in percent",
        ),
        pytest.param(
            "period: 15s",
            "period: 0s",
            '11: services.web.scale_up.policies.0.period: must be between "1s" and "30m", not \'0s\'',
            id="a period of nothing",
        ),
        pytest.param(
            "replicas: 4, ",
            "",
            "11: services.web.scale_up.policies.0: needs exactly one of `replicas` and `percent`",
            id="a rate of nothing",
        ),
        pytest.param(
            "do: hold",
            "do: panic",
            "12: services.web.when_blind.do: must be hold, {at_least: N} or {set: N} with N of at least 1, not 'panic'",
            id="an unknown fallback",
        ),
        pytest.param(
            "do: hold",
            "do: {at_least: 0}",
            "12: services.web.when_blind.do: must be hold, {at_least: N} or {set: N} with N of at least 1, "
            "not {'at_least': 0}",
            id="a fallback to nothing",
        ),
        pytest.param(
            "do: hold",
            "do: {set: 99}",
            "5: services.web: when_blind.do: 99 is outside replicas 2 to 10",
            id="a fallback outside the bounds",
        ),
        pytest.param("  web:", '  "a b":', "5: services.a b: must look like a Compose name", id="a name with a space"),
        pytest.param(
            "    replicas: {min: 2, max: 10}",
            "    cooldown: 5m\n    replicas: {min: 2, max: 10}",
            "6: services.web.cooldown: unknown key `cooldown`; did you mean `scale_down`? "
            f"allowed here: {SERVICE_KEYS}",
            id="a key of another program",
        ),
    ],
)
def test_one_mistake_is_one_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD
    (line,) = refused(tmp_path, GOOD.replace(old, new, 1))
    assert line.startswith(message) if "must look like" in message else line == message


FULL = """\
limits: {max_replicas_total: 20}
services:
  web:
    replicas: {min: 2, max: 10}
    burst: {window: 10s, threshold: 1.5}
    reversals: {limit: 12, period: 1h}
    schedules:
      - {cron: "0 8 * * 1-5", for: 10h, timezone: Europe/Berlin, min: 4}
    objective: {latency: 300ms, ratio: 0.99, capacity: auto}
    rules:
      throughput: {signal: requests, per_replica: 50, window: 1m, required: true}
      p95:
        signal: latency
        steps:
          - {above: 300ms, add: 2}
          - {below: 100ms, remove: 1}
        activation: 20ms
      connections: {query: free, per_replica: 30, cap: true, on_empty: hold}
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param(
            "total: 20",
            "total: 0",
            "1: limits.max_replicas_total: must be at least 1, not 0",
            id="a budget of nothing",
        ),
        pytest.param(
            "total: 20",
            "total: 1",
            "1: limits.max_replicas_total: must be at least 2, the sum of `replicas.min` of all services, not 1",
            id="a budget below the minima",
        ),
        pytest.param(
            "burst: {window: 10s, threshold: 1.5}",
            "burst: on",
            "5: services.web.burst: must be off, or a mapping of `window` and `threshold`, not 'on'",
            id="burst on",
        ),
        pytest.param(
            "threshold: 1.5",
            "threshold: 0.5",
            "5: services.web.burst.threshold: must be at least 1.0, not 0.5",
            id="a burst below the usual",
        ),
        pytest.param(
            "threshold: 1.5",
            "treshold: 1.5",
            "5: services.web.burst.treshold: unknown key `treshold`; did you mean `threshold`? "
            "allowed here: window, threshold",
            id="a typo in the burst",
        ),
        pytest.param(
            "window: 10s, ",
            "window: 1m, ",
            "5: services.web.burst.window: must be shorter than the window of the rule throughput, 60 s, not 60 s; "
            "or set burst: off",
            id="a short window that is not short",
        ),
        pytest.param(
            "window: 10s, ",
            "window: 0s, ",
            "5: services.web.burst.window: must be above \"0s\", not '0s'",
            id="a short window of nothing",
        ),
        pytest.param(
            "limit: 12", "limit: 0", "6: services.web.reversals.limit: must be at least 1, not 0", id="no reversals"
        ),
        pytest.param(
            "period: 1h",
            "period: 7d",
            '6: services.web.reversals.period: must be between "1m" and "1d", not \'7d\'',
            id="reversals of a week",
        ),
        pytest.param(
            '"0 8 * * 1-5"',
            '"8 o\'clock"',
            "8: services.web.schedules.0.cron: must be a cron expression of minute, hour, day, month and weekday, "
            'such as "0 8 * * 1-5", not "8 o\'clock"',
            id="no cron",
        ),
        pytest.param(
            '"0 8 * * 1-5"',
            '"0 0 8 * * 1"',
            "8: services.web.schedules.0.cron: must be a cron expression of minute, hour, day, month and weekday, "
            "such as \"0 8 * * 1-5\", not '0 0 8 * * 1'",
            id="a cron with seconds",
        ),
        pytest.param(
            '"0 8 * * 1-5"',
            '"0 0 31 2 *"',
            "8: services.web.schedules.0.cron: must be a cron expression of minute, hour, day, month and weekday, "
            "such as \"0 8 * * 1-5\", not '0 0 31 2 *'",
            id="a day that no year has",
        ),
        pytest.param(
            "Europe/Berlin",
            "Europe/Belrin",
            "8: services.web.schedules.0.timezone: must be a time zone such as Europe/Berlin, America/Bogota or UTC, "
            "not 'Europe/Belrin'",
            id="no such time zone",
        ),
        pytest.param(
            "Europe/Berlin",
            "../../etc",
            "8: services.web.schedules.0.timezone: must be a time zone such as Europe/Berlin, America/Bogota or UTC, "
            "not '../../etc'",
            id="a path as a time zone",
        ),
        pytest.param(
            "for: 10h",
            "for: 10s",
            '8: services.web.schedules.0.for: must be between "1m" and "366d", not \'10s\'',
            id="a schedule for seconds",
        ),
        pytest.param(
            "for: 10h, ", "", "8: services.web.schedules.0.for: is missing; it is required", id="a schedule for ever"
        ),
        pytest.param(
            ", min: 4", "", "8: services.web.schedules.0: needs `min`, `max` or both", id="a schedule of nothing"
        ),
        pytest.param(
            "min: 4", "min: 4, max: 3", "8: services.web.schedules.0: min 4 is above max 3", id="its min above its max"
        ),
        pytest.param(
            "min: 4",
            "min: 11",
            "8: services.web.schedules.0.min: 11 is above replicas.max 10; "
            "give the schedule a `max`, too, or raise replicas.max",
            id="its min above replicas.max",
        ),
        pytest.param(
            "min: 4",
            "max: 1",
            "8: services.web.schedules.0.max: 1 is below replicas.min 2; "
            "give the schedule a `min`, too, or lower replicas.min",
            id="its max below replicas.min",
        ),
        pytest.param(
            "latency: 300ms, ratio",
            "latency: 0s, ratio",
            "9: services.web.objective.latency: must be above \"0s\", not '0s'",
            id="a goal of no time",
        ),
        pytest.param(
            "ratio: 0.99",
            "ratio: 99",
            "9: services.web.objective.ratio: must be at most 0.9999, not 99",
            id="a ratio in percent",
        ),
        pytest.param(
            "capacity: auto",
            "capacity: on",
            "9: services.web.objective.capacity: must be 'auto' or 'off', not 'on'",
            id="on is not auto",
        ),
        pytest.param(
            "signal: requests, per_replica: 50",
            "signal: concurrency, per_replica: 50",
            "3: services.web: `objective` sizes a rule with `signal: requests` and `per_replica`; there is none",
            id="an objective without a rule to size",
        ),
        pytest.param(
            "window: 1m",
            "window: 0s",
            '11: services.web.rules.throughput: `window` of a signal must be above "0s"',
            id="a window of nothing",
        ),
        pytest.param(
            "required: true",
            "required: 1",
            "11: services.web.rules.throughput.required: must be true or false, not 1",
            id="1 is not true",
        ),
        pytest.param(
            "{above: 300ms, add: 2}",
            "{add: 2}",
            "15: services.web.rules.p95.steps.0: needs exactly one of `above` and `below`",
            id="a step without a bound",
        ),
        pytest.param(
            "{above: 300ms, add: 2}",
            "{above: 300ms}",
            "15: services.web.rules.p95.steps.0: "
            "needs exactly one of `add`, `remove`, `add_percent`, `remove_percent` and `set`",
            id="a step to nowhere",
        ),
        pytest.param(
            "{above: 300ms, add: 2}",
            "{above: 300ms, remove: 2}",
            "15: services.web.rules.p95.steps.0: "
            "a step `above` a bound takes `add`, `add_percent` or `set`: more load never lowers",
            id="a step up that lowers",
        ),
        pytest.param(
            "{below: 100ms, remove: 1}",
            "{below: 100ms, add_percent: 10}",
            "16: services.web.rules.p95.steps.1: "
            "a step `below` a bound takes `remove`, `remove_percent` or `set`: less load never raises",
            id="a step down that raises",
        ),
        pytest.param(
            "{above: 300ms, add: 2}",
            "{above: 300ms, add: 0}",
            "15: services.web.rules.p95.steps.0.add: must be at least 1, not 0",
            id="a step of nothing",
        ),
        pytest.param(
            "{above: 300ms, add: 2}",
            "{over: 300ms, add: 2}",
            "15: services.web.rules.p95.steps.0.over: unknown key `over`; did you mean `above`? "
            "allowed here: above, below, add, remove, add_percent, remove_percent, set",
            id="a typo in a step",
        ),
        pytest.param(
            "{above: 300ms, add: 2}",
            "{above: 300, add: 2}",
            f"12: services.web.rules.p95: `steps` of a latency {DURATION}, not 300",
            id="a latency step without a unit",
        ),
        pytest.param(
            "{above: 300ms, add: 2}",
            "{above: [300ms], add: 2}",
            "15: services.web.rules.p95.steps.0.above: must be a number, or for a latency a duration, not a list",
            id="a list as a bound",
        ),
        pytest.param(
            "below: 100ms",
            "below: 400ms",
            "12: services.web.rules.p95: `steps` overlap: every `below` must be at most the least `above`",
            id="steps that overlap",
        ),
        pytest.param(
            "activation: 20ms",
            "activation: 20",
            f"12: services.web.rules.p95: `activation` of a latency {DURATION}, not 20",
            id="an activation without a unit",
        ),
        pytest.param(
            "per_replica: 30, cap: true",
            "per_replica: 30, activation: .nan",
            "18: services.web.rules.connections: `activation` must be a finite number",
            id="an activation that is no number",
        ),
        pytest.param(
            "per_replica: 50, window: 1m, required: true",
            "per_replica: 50, activation: -1",
            "11: services.web.rules.throughput: "
            "`activation` of the signal requests must be at least 0, as its values are, not -1",
            id="a negative activation of a signal",
        ),
        pytest.param(
            "per_replica: 50, window: 1m, required: true}",
            "per_replica: 50}\n      errors: {signal: error_ratio, steps: [{above: -0.1, add: 1}]}",
            "12: services.web.rules.errors: "
            "`steps` of the signal error_ratio must be at least 0, as its values are, not -0.1",
            id="a negative step of a signal",
        ),
        pytest.param(
            "per_replica: 30, cap: true",
            f"target: {10**400}",
            "18: services.web.rules.connections: `target` must be a finite number",
            id="a target beyond all numbers",
        ),
        pytest.param(
            "per_replica: 30, cap: true",
            "target: -1",
            "18: services.web.rules.connections: `target` must be above 0, not -1",
            id="a negative target",
        ),
        pytest.param(
            "per_replica: 30, cap: true",
            "target: 30, cap: true",
            "18: services.web.rules.connections: "
            "`cap` goes with `per_replica`: the value over it is the most replicas that there may be",
            id="a cap of a ratio",
        ),
        pytest.param(
            "on_empty: hold",
            "on_empty: zero",
            "18: services.web.rules.connections: "
            "`cap` goes with `hold` or `error`, not `zero`: a missing reading would lower to the minimum",
            id="a cap of nothing",
        ),
        pytest.param(
            "on_empty: hold",
            "activation: 5",
            "18: services.web.rules.connections: `cap` goes without `activation`: a cap wants nothing anyway",
            id="an active cap",
        ),
    ],
)
def test_one_mistake_among_everything_is_one_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in FULL
    assert refused(tmp_path, FULL.replace(old, new, 1)) == [message]


def test_only_caps_are_refused(tmp_path: Path) -> None:
    text = "services:\n  web: {replicas: {min: 1, max: 2}, rules: {c: {query: q, per_replica: 1, cap: true}}}\n"
    assert refused(tmp_path, text) == [
        "2: services.web: every rule is a `cap`, which only lowers the maximum; add a rule that may raise"
    ]


def test_a_mistake_between_places_is_shown_where_the_defaults_say_it(tmp_path: Path) -> None:
    text = (
        "defaults:\n  burst:\n    window: 2m\n  rules: {t: {signal: requests, per_replica: 5}}\n"
        "services:\n  web: {replicas: {min: 1, max: 2}}\n"
    )
    (line,) = refused(tmp_path, text)
    assert line.startswith("3: services.web.burst.window: must be shorter than the window of the rule t, 60 s, not")


def test_all_mistakes_between_places_are_told_at_once(tmp_path: Path) -> None:
    text = FULL.replace("total: 20", "total: 1").replace("min: 4", "min: 11").replace("window: 10s", "window: 2m")
    assert [line.split(":")[0] for line in refused(tmp_path, text)] == ["1", "8", "5"]


def test_a_bad_address_in_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(GOOD)
    with pytest.raises(ConfigError, match=r"AUTOSCALER_PROMETHEUS_URL: must be a URL such as .*, not 'prometheus'"):
        load(file, Settings(prometheus_url=Address("prometheus")))


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("interval: 5s", "interval: 5").replace("min: 2", "min: 0").replace("do: hold", "do: panic")
    assert [line.split(":")[0] for line in refused(tmp_path, text)] == ["1", "6", "12"]


def test_a_mistake_in_the_defaults_is_shown_where_it_is_written(tmp_path: Path) -> None:
    text = "defaults:\n  scale_up:\n    tolerance: 7\nservices:\n  web:\n    replicas: {min: 1, max: 2}\n"
    text += "    rules: {t: {signal: requests, per_replica: 5}}\n"
    assert refused(tmp_path, text) == ["3: services.web.scale_up.tolerance: must be below 1.0, not 7"]


def test_two_services_with_one_target(tmp_path: Path) -> None:
    rules = "replicas: {min: 1, max: 2}, rules: {t: {signal: requests, per_replica: 5}}"
    text = f"services:\n  a: {{{rules}}}\n  b: {{{rules}, target: {{compose: a}}}}\n"
    assert refused(tmp_path, text) == ["3: services.b: scales a, and so does services.a; a service may have one policy"]


@pytest.mark.parametrize("services", ["services:\n", "services: []\n", "services: {web: }\n"])
def test_services_that_are_none_are_refused(tmp_path: Path, services: str) -> None:
    (line, *_) = refused(tmp_path, f"interval: 5s\n{services}")
    assert "services" in line


trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["5s", "hold"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["services", "defaults", "web", "rules", "replicas", "min", "max", "signal", "target", "scale_up", "do"]
            )
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=25,
)


@examples(300)
@given(trees)
def test_whatever_the_tree_it_loads_or_is_a_clear_error(tmp_path: Path, tree: object) -> None:
    file = tmp_path / "policy.yaml"
    with file.open("w", encoding="utf-8") as stream:
        YAML(typ="safe", pure=True).dump(tree, stream)
    with contextlib.suppress(ConfigError):
        load(file, Settings())


@examples(200)
@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_whatever_the_bytes_they_load_or_are_a_clear_error(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "policy.yaml"
    file.write_bytes(data)
    with pytest.raises(ConfigError):
        load(file, Settings())
