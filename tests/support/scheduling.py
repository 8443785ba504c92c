"""Which tests run on one worker of pytest-xdist, one after another: those that share what is started for them once.

A file whose fixtures have a wider scope than a test stays together. The tests of any other file are dealt out: one by
one on the engine, for most of them wait, and elsewhere function by function.
Files that share more than a file does state a group: `pytestmark = pytest.mark.xdist_group("stack")`. (With pytest 9.2
pytest-xdist's own `--dist loadgroup` does not see groups.)
"""

import re
from functools import cache
from pathlib import Path

from xdist.scheduler import LoadScopeScheduling

_GROUP = re.compile(r'xdist_group\("([^"]+)"\)')


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Deals out groups, those with the most tests first."""

    def _split_scope(self, nodeid: str) -> str:
        text = _text(Path(self.config.rootpath, nodeid.partition("::")[0]))
        if stated := _GROUP.search(text):
            return stated[1]
        if "scope=" in text:
            return nodeid.partition("::")[0]
        return nodeid if "pytest.mark.engine" in text else nodeid.partition("[")[0]


@cache
def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")
