"""The pages in Spanish have the commands and files of the English ones, and link as they do."""

import re

import pytest

from tests.support.documents import blocks, commands
from tests.support.paths import ROOT

PAGES = {
    "README.md": "README.es.md",
    "docs/getting-started.md": "docs/es/inicio-rapido.md",
    "docs/troubleshooting.md": "docs/es/solucion-de-problemas.md",
}


def uncommented(block: str) -> list[str]:
    return [line for line in (re.sub(r"\s+# .*$", "", line) for line in block.splitlines()) if line]


def words_of_code(page: str) -> set[str]:
    """What is written as code within the text: keys, reasons, commands."""
    text = re.sub(r"^ *```.*?^ *```$", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return {" ".join(code.split()) for code in re.findall(r"`([^`]+)`", text)}


@pytest.mark.parametrize(("english", "spanish"), PAGES.items())
def test_a_page_has_the_same_commands_in_the_same_order(english: str, spanish: str) -> None:
    assert commands(spanish) == commands(english)


@pytest.mark.parametrize(("english", "spanish"), PAGES.items())
def test_a_page_has_the_same_files_but_for_their_comments(english: str, spanish: str) -> None:
    english_files, spanish_files = ([uncommented(each) for each in blocks(page, "yaml")] for page in (english, spanish))
    assert spanish_files == english_files


@pytest.mark.parametrize(("english", "spanish"), list(PAGES.items())[1:])
def test_a_page_names_the_same_keys_reasons_and_commands(english: str, spanish: str) -> None:
    assert words_of_code(spanish) ^ words_of_code(english) == set()


def test_every_page_in_spanish_has_its_original() -> None:
    there = {str(page.relative_to(ROOT)) for page in [*ROOT.glob("*.es.md"), *ROOT.glob("docs/es/*.md")]}
    assert there == set(PAGES.values())
