"""The documents tell the truth: no dead links, every reason and limit explained, every command real."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from autoscaler.cli.app import app
from autoscaler.core.guards import GUARDS
from autoscaler.core.limits import LIMITS
from autoscaler.core.model import Limit, ReadingKind, Reason
from tests.support.documents import commands
from tests.support.paths import ROOT
from tests.support.reason_examples import EXAMPLES

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_within_the_repository_leads_somewhere(page: Path) -> None:
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name}: {link} leads nowhere"
        assert not anchor or anchor in anchors(target), f"{page.name}: {link} has no such heading"


def test_the_readme_leads_to_every_page() -> None:
    links = {path.partition("#")[0] for path in LINK.findall((ROOT / "README.md").read_text(encoding="utf-8"))}
    assert {str(page.relative_to(ROOT)) for page in ROOT.glob("docs/*.md")} - links == set()


def spoken(page: Path) -> set[str]:
    """What follows `autoscaler` in shell blocks and in code within the text, if it is a whole command."""
    name = str(page.relative_to(ROOT))
    inline = re.findall(r"`(autoscaler [^`]+)`", page.read_text(encoding="utf-8"))
    whole = [*commands(name), *(" ".join(code.split()) for code in inline)]
    found = [re.split(r"(?:^|\bexec autoscaler )autoscaler ", command, maxsplit=1) for command in whole]
    return {parts[1] for parts in found if len(parts) == 2 and "…" not in parts[1] and not parts[1].startswith("-")}


def documented(heading: str) -> dict[str, str]:
    """The tokens of a table, and the last column."""
    text = (ROOT / "docs/decisions.md").read_text(encoding="utf-8")
    section = text.split(f"## {heading}\n")[1].split("\n## ")[0]
    return dict(re.findall(r"^\| `(\w+)` .*\| `?(.+?)`? \|$", section, re.MULTILINE))


def test_every_reason_is_documented_and_no_other() -> None:
    assert list(documented("Reasons")) == [reason.value for reason in Reason]


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_shown_with_a_sentence_of_the_core(reason: Reason) -> None:
    assert EXAMPLES[reason].reason is reason
    assert documented("Reasons")[reason] == EXAMPLES[reason].sentence


def test_every_limit_is_documented_in_the_order_in_which_they_apply() -> None:
    assert list(documented("Limits")) == [limit.value for limit in Limit]
    stages = [limit for limit, _ in (*GUARDS, *LIMITS) if limit is not Limit.BOUNDS]
    assert stages == [limit for limit in Limit if limit in stages]


@pytest.mark.parametrize("limit", Limit)
def test_every_limit_is_shown_with_words_of_the_core(limit: Limit) -> None:
    said = {applied.note for decision in EXAMPLES.values() for applied in decision.limits if applied.limit is limit}
    assert documented("Limits")[limit] in said


def test_every_kind_of_reading_is_documented_and_no_other() -> None:
    assert list(documented("Readings")) == [kind.value for kind in ReadingKind]


def test_every_make_target_of_the_documents_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for page in PAGES:
        named = set(re.findall(r"`make ([a-z-]+)", page.read_text(encoding="utf-8")))
        assert named <= targets, f"{page.name} names {named - targets}"


ARCHITECTURE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")


def test_the_architecture_shows_every_room() -> None:
    rooms = [each for folder in ("", "adapters") for each in (ROOT / "autoscaler" / folder).glob("[!_]*")]
    small = {"http_access", "http_deadline", "http_session", "override_file"}
    inside = {each.stem for each in rooms if each.is_dir() or each.suffix == ".py"} - small
    assert inside - set(re.findall(r"\w+", ARCHITECTURE)) == set()


def test_every_place_that_the_architecture_names_exists() -> None:
    named = re.findall(r"`((?:[a-z_]+/)+[\w.]*)`", ARCHITECTURE)
    missing = [name for name in named if not ((ROOT / name).exists() or (ROOT / "autoscaler" / name).exists())]
    assert missing == []


def test_contributors_are_told_every_target() -> None:
    targets = re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    told = re.findall(r"^\| `make ([a-z-]+)", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(told) == sorted(set(targets) - {"help"})


COMMANDS = sorted({command for page in PAGES for command in spoken(page)})


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_documents_is_understood(command: str) -> None:
    """Parsed as the shell and the command line do it, and not carried out."""
    name, *arguments = shlex.split(command)
    group = typer.main.get_group(app)
    assert name in group.commands, f"there is no command {name}"
    if arguments:  # otherwise the text only speaks of the command
        group.commands[name].make_context(name, arguments)
