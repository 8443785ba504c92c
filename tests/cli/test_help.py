"""The help and docs/commands.md say the same: every command, each with the same example."""

import re

import pytest
import typer

from autoscaler.cli.app import app
from tests.support.paths import ROOT

PAGE = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
COMMANDS = {
    name: command.callback.__doc__ or ""
    for name, command in typer.main.get_group(app).commands.items()
    if command.callback
}


def test_the_page_has_every_command_and_no_other() -> None:
    listed = re.findall(r"^\| \[`([\w-]+)`\]", PAGE, re.MULTILINE)
    assert sorted(listed) == sorted(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_page_has_the_example_of_the_help(name: str) -> None:
    (example,) = re.findall(r"Example: (.+)$", COMMANDS[name], re.MULTILINE)
    (row,) = re.findall(rf"^\| \[`{name}`\].*\| `(.+?)` \|", PAGE, re.MULTILINE)
    assert row == example
    assert f"autoscaler {name}" in example
