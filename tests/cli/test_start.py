"""A command imports what it needs when it runs: help, `status` and completion import none of the large libraries."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from autoscaler.core.decide import decide
from autoscaler.core.memory import Memory
from tests.support.builders import NOW, policy, seen
from tests.support.command import environment
from tests.support.paths import ROOT
from tests.support.web_site import Site

LARGE = {
    "apscheduler", "docker", "matplotlib", "numpy", "pandas", "plotext", "prometheus_api_client", "prometheus_client",
    "requests", "starlette", "structlog", "uvicorn",
}  # fmt: skip
ASKING = {"urllib3", "autoscaler.cli.client.daemon_client", "autoscaler.config.settings"}
READING = {"ruamel", "autoscaler.config.load"}
SHOW = """\
import atexit, sys
sys.argv = ["autoscaler", *sys.argv[1:]]
atexit.register(lambda: print(*sys.modules, file=sys.stderr))
from autoscaler.cli import main
main()
"""


def imported(*arguments: str, **variables: str) -> tuple[str, set[str]]:
    """What the command prints, and the modules and packages that are loaded at its end."""
    done = subprocess.run(
        [sys.executable, "-c", SHOW, *arguments],
        env=environment(variables),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    modules = done.stderr.split()
    return done.stdout, {*modules, *(module.partition(".")[0] for module in modules)}


def completed(*words: str, **variables: str) -> tuple[str, set[str]]:
    asked = {"COMP_WORDS": " ".join(["autoscaler", *words]), "COMP_CWORD": str(len(words))}
    return imported(_AUTOSCALER_COMPLETE="complete_bash", **asked, **variables)


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site(policy(low=2))
    site.start()
    site.decided(decide(policy(low=2), seen(4, {"throughput": 330.0}), Memory(), NOW)[0])
    yield site
    site.server.stop(10.0)


@pytest.mark.parametrize("command", [[], ["status"], ["simulate"]], ids=" ".join)  # the first loads every command
def test_help_imports_nothing_that_a_command_works_with(command: list[str]) -> None:
    written, modules = imported(*command, "--help")
    assert "Usage: autoscaler" in written
    assert modules & (LARGE | ASKING | READING) == set()


@pytest.mark.parametrize("arguments", [["status"], ["status", "--json"], ["status", "userservice"]])
def test_status_imports_only_what_asks_and_shows(site: Site, arguments: list[str]) -> None:
    written, modules = imported(*arguments, AUTOSCALER_URL=site.url)
    assert "userservice" in written
    assert modules & (LARGE | READING) == set()


def test_the_completion_of_commands_and_options_imports_no_more_than_help_and_no_look() -> None:
    for words, found in ((["sta"], "status"), (["simulate", "--with-q"], "--with-queries")):
        written, modules = completed(*words)
        assert written.split() == [found]
        assert modules & (LARGE | ASKING | READING | {"rich"}) == set()


@pytest.mark.parametrize("command", ["status", "explain", "scale", "pause", "resume", "plan", "load-test"])
def test_the_completion_of_services_imports_only_what_asks_and_reads(site: Site, command: str) -> None:
    config = str(ROOT / "config/autoscaler.yaml")
    written, modules = completed(command, "u", AUTOSCALER_URL=site.url, AUTOSCALER_CONFIG=config)
    assert "userservice" in written
    assert modules & (LARGE | {"rich"}) == set()
