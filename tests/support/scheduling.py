"""Which tests run on one worker of pytest-xdist, one after another: those that share what is started for them once.

A file whose fixtures have a wider scope than a test stays together. The tests of any other file are dealt out: one by
one on the engine, for most of them wait, and elsewhere function by function.
Files that share more than a file does state a group: `pytestmark = pytest.mark.xdist_group("stack")`. (With pytest 9.2
pytest-xdist's own `--dist loadgroup` does not see groups.)
"""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

_GROUP = re.compile(r'xdist_group\("([^"]+)"\)')


def deal_order(files: Sequence[Path]) -> dict[Path, float]:
    """Give each file its place: what stays together and waits long goes first, so that no worker is alone at the end.

    The files of the engine, most of whose tests wait, and the others, most of which compute, alternate.
    """
    distinct = list(dict.fromkeys(files))
    engine = sorted((file for file in distinct if "pytest.mark.engine" in _text(file)), key=_parts)
    others = [file for file in distinct if file not in set(engine)]
    return {file: (k + 1) / len(kind) for kind in (engine, others) for k, file in enumerate(kind)}


def _parts(file: Path) -> int:
    """A whole stack, then a group or a file that stays together, then what is dealt out test by test."""
    text = _text(file)
    return 0 if "stack" in _stated(text) else 1 if _stated(text) or "scope=" in text else 2


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Deals out groups, in the order of collection."""

    def __init__(self, config: pytest.Config, log: object) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False

    def _split_scope(self, nodeid: str) -> str:
        text = _text(Path(self.config.rootpath, nodeid.partition("::")[0]))
        if stated := _stated(text):
            return stated
        if "scope=" in text:
            return nodeid.partition("::")[0]
        return nodeid if "pytest.mark.engine" in text else nodeid.partition("[")[0]


def _stated(text: str) -> str:
    found = _GROUP.search(text)
    return found[1] if found else ""


@cache
def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")
