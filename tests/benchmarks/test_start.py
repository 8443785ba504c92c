"""The start benchmark: what it makes of a report of imports, and that its daemon is one to the commands."""

import json

import pytest
from typer.testing import CliRunner

from autoscaler.cli.app import app
from benchmarks.start.daemon import answering
from benchmarks.start.imports import heaviest
from tests.support.builders import policy

REPORT = """\
import time: self [us] | cumulative | imported package
import time:       210 |        210 |     small
import time:      1500 |       1710 |   inner
a line of something else | 99999 | noise
import time:       400 |       2110 | outer
"""


def test_the_heaviest_modules_come_first_with_what_they_import_and_without() -> None:
    assert heaviest(REPORT, 2) == [
        {"module": "outer", "total_ms": 2.11, "own_ms": 0.4},
        {"module": "inner", "total_ms": 1.71, "own_ms": 1.5},
    ]


@pytest.mark.parametrize("arguments", [[], ["--json"]])
def test_its_daemon_answers_as_one_does(arguments: list[str]) -> None:
    with answering([policy()]) as url:
        done = CliRunner().invoke(app, ["status", "--url", url, *arguments], env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.exception
    assert "userservice" in done.stdout
    assert not arguments or json.loads(done.stdout)["daemon"]["ok"]
