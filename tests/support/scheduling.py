"""Which tests run on one worker of pytest-xdist, one after another: those that share what is started for them once.

A file stays together. A file on the engine whose tests share nothing is dealt out test by test, for most of them wait.
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
        path = nodeid.partition("::")[0]
        return _group(Path(self.config.rootpath, path)) or nodeid


@cache
def _group(file: Path) -> str | None:
    """Return the group of a file, or None if each of its tests is its own."""
    text = file.read_text(encoding="utf-8")
    stated = _GROUP.search(text)
    if stated:
        return stated[1]
    alone = "pytest.mark.engine" in text and "scope=" not in text
    return None if alone else str(file)
