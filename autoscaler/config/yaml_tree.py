"""Parses YAML into a plain tree, with the line of every key, so that each later error can name its place."""

import errno
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from autoscaler.config.regular_file import read_regular
from autoscaler.config.sizes import MOST_BYTES, TooMuchError, check_values
from autoscaler.errors import ConfigError

_DUPLICATE = re.compile(r'duplicate key "([^"]*)"')

Place = tuple[str | int, ...]  # keys and list indexes from the root


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
    root = _parse(_read_text(path), path)
    if root is None:
        raise ConfigError(f"{path}: the file is empty; it needs at least a `services:` mapping")
    if not isinstance(root, CommentedMap):
        kind = "a list" if isinstance(root, CommentedSeq) else "a single value"
        raise ConfigError(f"{path}:1: the file must be a mapping with the key `services`, not {kind}")
    lines: dict[Place, int] = {(): 1}
    tree = _plain(root, (), lines, path)
    assert isinstance(tree, dict)  # noqa: S101  a CommentedMap becomes a dict
    return Document(str(path), tree, lines)


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


def _parse(text: str, path: Path) -> object:
    try:
        check_values(text)
        return YAML(typ="rt", pure=True).load(text)
    except TooMuchError as error:
        raise ConfigError(f"{path}: {error}") from error
    except DuplicateKeyError as error:
        key = _DUPLICATE.search(error.problem or "")
        named = f"`{key.group(1)}` " if key else ""
        raise ConfigError(f"{path}:{_line(error)}: the key {named}is there twice; each may be there once") from error
    except MarkedYAMLError as error:
        raise ConfigError(f"{path}:{_line(error)}: not valid YAML: {_first_line(error.problem)}") from error
    except (YAMLError, ValueError, TypeError, RecursionError) as error:
        raise ConfigError(f"{path}: not valid YAML: {_first_line(str(error))}") from error


def _line(error: MarkedYAMLError) -> int:
    mark = error.problem_mark or error.context_mark
    return 1 if mark is None else mark.line + 1


def _first_line(text: str | None) -> str:
    return (text or "unreadable").strip().splitlines()[0]


def _plain(node: object, place: Place, lines: dict[Place, int], path: Path) -> object:
    if isinstance(node, CommentedMap):
        return {str(_key(key, place, lines, path)): _child(node, key, place, lines, path) for key in node}
    if isinstance(node, CommentedSeq):
        return [_child(node, index, place, lines, path) for index in range(len(node))]
    return _scalar(node)


def _key(key: object, place: Place, lines: dict[Place, int], path: Path) -> str:
    if not isinstance(key, str):
        raise ConfigError(f"{path}:{lines[place]}: the key {key!r} must be text; put it in quotes")
    if not key.isprintable():
        raise ConfigError(f"{path}:{lines[place]}: the key {key!r} must be on one line, without control characters")
    return key


def _child(
    node: CommentedMap | CommentedSeq, key: str | int, place: Place, lines: dict[Place, int], path: Path
) -> object:
    here = (*place, key)
    data = node.lc.data or {}
    lines[here] = data[key][0] + 1 if key in data else lines[place]
    return _plain(node[key], here, lines, path)


def _scalar(node: object) -> object:
    """Convert the loader's own number and text classes, which keep the notation, to plain ones."""
    for kind in (bool, int, float, str):
        if isinstance(node, kind):
            return kind(node)
    return node
