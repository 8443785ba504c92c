"""What readers copy from the documents: commands and files."""

import re

from tests.support.paths import ROOT

_BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def blocks(page: str, *languages: str) -> list[str]:
    """The fenced blocks of these languages, in order, without what they are indented by."""
    text = (ROOT / page).read_text(encoding="utf-8")
    found = [(indent, body) for indent, language, body in _BLOCK.findall(text) if language in languages]
    return [re.sub(rf"^{indent}", "", body, flags=re.MULTILINE) for indent, body in found]


def commands(page: str) -> list[str]:
    """The commands of the shell blocks, in order, without comments and prompts; a continued line is one command."""
    lines = "\n".join(blocks(page, "sh", "console")).replace("\\\n", " ").splitlines()
    bare = (re.sub(r"\s+#\s.*$|^#.*$|^\$ ", "", line).strip() for line in lines)
    return [re.sub(r"\s+", " ", line) for line in bare if line]


def files(page: str) -> dict[str, str]:
    """The files of the page: YAML blocks whose first line is a comment with their name."""
    named = ((re.match(r"# (\S+\.ya?ml)\n", block), block) for block in blocks(page, "yaml"))
    return {match[1]: block for match, block in named if match}
