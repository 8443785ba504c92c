"""`autoscaler backtest` as a user runs it, where there is no Prometheus: usage, and errors that say what to do."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from autoscaler.cli.text.backtest_text import cut, listed
from autoscaler.core.model import Decision, Reason, Replicas
from autoscaler.errors import ConfigError
from tests.support.command import autoscaler

pytestmark = pytest.mark.xdist_group("charts")  # one worker loads what draws

POLICY = """\
prometheus: {url: http://127.0.0.1:9}
services:
  web: {replicas: {min: 1, max: 3}, rules: {t: {signal: requests, per_replica: 5}}}
"""


@pytest.fixture
def policy(tmp_path: Path) -> str:
    file = tmp_path / "policy.yaml"
    file.write_text(POLICY, encoding="utf-8")
    return str(file)


def test_a_dead_prometheus_is_named_with_exit_code_1(policy: str) -> None:
    done = autoscaler("backtest", policy, "--since", "1h")
    assert (done.returncode, done.stdout) == (1, "")
    told = "cannot connect to Prometheus at http://127.0.0.1:9; check that it runs and that prometheus.url is right"
    assert done.stderr == f"error: {told}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["--since", "yesterday"], "--since: must be a number with a unit", id="no time"),
        pytest.param(["--since", "1h", "--until", "2h"], "--since 1h is not before --until 2h", id="backwards"),
        pytest.param(["--since", "1h", "--service", "wbe"], "no service wbe; it has: web", id="a typo"),
        pytest.param(["--since", "1h", "--step", "1ms"], "--step: must be 1s or more", id="too small a step"),
        pytest.param(["--since", "1h", "--decisions", "few"], "--decisions: must be a number or all", id="no number"),
        pytest.param(["--since", "1h", "--png", "no/a.png"], "cannot write no/a.png: No such file", id="no place"),
        pytest.param(["--since", "1h", "--html", "/"], "cannot write /: Is a directory", id="a folder"),
        pytest.param(["--since", "1h", "--against", "nowhere.yaml"], "nowhere.yaml", id="no other file"),
    ],
)
def test_what_cannot_be_replayed_is_refused_in_one_line_with_exit_code_2(
    policy: str, arguments: list[str], message: str
) -> None:
    done = autoscaler("backtest", policy, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.splitlines()) == 1
    assert message in done.stderr


@pytest.mark.parametrize(
    "arguments", [[], ["--since", "1h", "--step", "often"], ["--since", "1h", "--start-delay", "x"]]
)
def test_wrong_usage_has_exit_code_2(policy: str, arguments: list[str]) -> None:
    done = autoscaler("backtest", policy, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr


def test_the_help_has_an_example() -> None:
    done = autoscaler("backtest", "--help")
    assert done.returncode == 0
    assert "Example: autoscaler backtest policy.yaml --since 7d --against other.yaml" in done.stdout


def decisions(count: int) -> list[Decision]:
    return [Decision("web", float(at), Replicas(1, 1), 2, Reason.ABOVE_TARGET, "") for at in range(count)]


@pytest.mark.parametrize(
    ("count", "most", "first", "left", "last"),
    [
        pytest.param(9, 2, 2, 5, 2, id="many"),
        pytest.param(4, 2, 4, 0, 0, id="just as many as are listed"),
        pytest.param(5, 2, 2, 1, 2, id="one more"),
        pytest.param(9, None, 9, 0, 0, id="all"),
        pytest.param(3, 0, 0, 3, 0, id="none"),
        pytest.param(0, 5, 0, 0, 0, id="nothing was decided"),
    ],
)
def test_the_first_and_the_last_decisions_are_listed(
    count: int, most: int | None, first: int, left: int, last: int
) -> None:
    made = decisions(count)
    assert [list(part) if isinstance(part, Sequence) else part for part in cut(made, most)] == [
        made[:first],
        left,
        made[count - last :],
    ]


def test_how_many_decisions_are_listed_is_a_number_or_all() -> None:
    assert (listed("all"), listed("0"), listed("12")) == (None, 0, 12)
    with pytest.raises(ConfigError, match="--decisions: must be a number or all, not '-1'"):
        listed("-1")
