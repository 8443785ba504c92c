"""Reads a policy file into a plain tree, with the line of every key, so that each later error can name its place."""

import errno
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from autoscaler.config.regular_file import read_regular
from autoscaler.config.sizes import MOST_BYTES, MOST_LINE_CHARACTERS, MOST_VALUES, TooMuchError
from autoscaler.config.yaml_nodes import NotYamlError, Place, parse
from autoscaler.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file: plain dicts, lists and scalars, and the line of each place (from 1; 0: none)."""

    file: str
    tree: dict[str, object]
    lines: Mapping[Place, int]

    def location(self, place: Place) -> str:
        line = self.lines[place]
        return f"{self.file}:{line}" if line else self.file


def read_document(path: Path) -> Document:
    """Read and parse a YAML file whose root is a mapping.

    Raises:
        ConfigError: missing, unreadable, empty, too large, not YAML, a duplicate key, or no mapping.
    """
    lines: dict[Place, int] = {}
    try:
        text = _read_text(path)
        _check_lines(text)
        root = parse(text, MOST_VALUES, lines)
    except (NotYamlError, TooMuchError) as error:
        raise ConfigError(f"{path}:{error.line}: {error}" if error.line else f"{path}: {error}") from error
    if root is None:
        raise ConfigError(f"{path}: the file is empty; it needs at least a `services:` mapping")
    if not isinstance(root, dict):
        kind = "a list" if isinstance(root, list) else "a single value"
        raise ConfigError(f"{path}:1: the file must be a mapping with the key `services`, not {kind}")
    return Document(str(path), root, {**lines, (): 1})


def _check_lines(text: str) -> None:
    """Refuse a very long line: the work of reading one may grow with the square of its length."""
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > MOST_LINE_CHARACTERS:
            problem = f"a line has {len(line)} characters; at most {MOST_LINE_CHARACTERS} are allowed"
            raise TooMuchError(problem, number)


def _read_text(path: Path) -> str:
    try:
        found = read_regular(path, MOST_BYTES)
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise ConfigError(f"{path}: is larger than {MOST_BYTES // 2**20} MiB; no policy needs so much") from error
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    try:
        return found.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text (byte {error.start})") from error
