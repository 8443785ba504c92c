"""The help and docs/commands.md say the same: every command, each with the same example."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from autoscaler.cli.commands import app
from tests.cli.test_commands import POLICY

PAGE = (Path(__file__).parent.parent.parent / "docs/commands.md").read_text(encoding="utf-8")
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


def completed(*words: str, **variables: str) -> list[str]:
    """What the shell offers for the last word."""
    done = subprocess.run(
        [sys.executable, "-c", "import sys; sys.argv[0] = 'autoscaler'; from autoscaler.cli import main; main()"],
        env={
            "PATH": os.environ["PATH"],
            "_AUTOSCALER_COMPLETE": "complete_bash",
            "COMP_WORDS": " ".join(["autoscaler", *words]),
            "COMP_CWORD": str(len(words)),
            **variables,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


def test_the_shell_completes_commands_and_the_services_of_the_policy_file(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(POLICY, encoding="utf-8")
    variables = {"AUTOSCALER_CONFIG": str(file)}
    assert "pause" in completed("pa", **variables)
    assert completed("pause", "w", **variables) == ["web"]
    assert completed("scale", "", **variables) == ["web", "all"]
    assert completed("load-test", "w", **variables) == ["web"]


@pytest.mark.parametrize("text", [None, "services: [", "services: {web: {}}"])
def test_without_a_good_policy_file_the_shell_completes_nothing_and_says_nothing(
    tmp_path: Path, text: str | None
) -> None:
    file = tmp_path / "policy.yaml"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    assert completed("explain", "", AUTOSCALER_CONFIG=str(file)) == []
