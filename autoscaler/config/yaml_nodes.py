"""Parses YAML text of bounded size into plain dicts, lists and scalars, with the line of each place. Pure.

Limits hold while the text is read, with aliases written out: a few lines of them expand beyond any memory.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent, ScalarEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from autoscaler.config.sizes import DEEPEST, MOST_CHARACTERS, MOST_DIGITS, MOST_KEY_CHARACTERS, TooMuchError, cut

_TOO_DEEP = f"is nested deeper than {DEEPEST} mappings and lists"
_BRACKET = re.compile(r"[\[\]{}\n]")
_MOST_BRACKETS = 100  # open on one line, those in quotes included

Place = tuple[str | int, ...]  # keys and list indexes from the root

_CORE = "tag:yaml.org,2002:"
_MERGE = f"{_CORE}merge"
_NUMBERS = frozenset({f"{_CORE}int", f"{_CORE}float"})
_TEXTS = frozenset({f"{_CORE}str", f"{_CORE}timestamp", f"{_CORE}value", _MERGE})
_COLLECTIONS = frozenset({f"{_CORE}map", f"{_CORE}seq"})


class NotYamlError(ValueError):
    """The text is not YAML, or not of the kind that a policy has. `line` is from 1, 0: none."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


def parse(text: str, most_values: int, lines: dict[Place, int]) -> object:
    """Return the plain tree, None for an empty text; `lines` gets the line of each place, from 1.

    Raises:
        NotYamlError: it is not YAML, has a key twice, or a key or tag that no policy has.
        TooMuchError: a limit is exceeded.
    """
    _check_brackets(text)
    yaml = YAML(typ="safe", pure=True)
    yaml.Composer = partial(_BoundedComposer, most_values)  # type: ignore[assignment]  # it is only called
    try:
        root = yaml.compose(text)
    except TooMuchError:
        raise
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise NotYamlError(
            f"not valid YAML: {_first_line(error.problem)}", 1 if mark is None else _line(mark)
        ) from error
    except (YAMLError, ValueError, TypeError) as error:
        raise NotYamlError(f"not valid YAML: {_first_line(str(error))}") from error
    return None if root is None else _Plain(yaml.constructor, lines).of(root, ())


def _check_brackets(text: str) -> None:
    """Refuse very many open brackets on a line before they are scanned, which takes the square of their number."""
    depth, line = 0, 1
    for found in _BRACKET.finditer(text):
        sign = found.group()
        depth = 0 if sign == "\n" else depth + (1 if sign in "[{" else -1)
        line += sign == "\n"
        if depth > _MOST_BRACKETS:
            raise TooMuchError(_TOO_DEEP, line)


def _line(mark: Any) -> int:
    return int(mark.line) + 1


def _first_line(text: str | None) -> str:
    return (text or "unreadable").strip().splitlines()[0]


class _BoundedComposer(Composer):
    """Counts values and depth before each node is made."""

    def __init__(self, most_values: int, loader: Any = None) -> None:
        super().__init__(loader=loader)
        self.warn_double_anchors = False  # YAML allows them: the later one counts
        self._most_values = most_values
        self._values = 0
        self._inside = 0
        self._sizes: dict[str, int] = {}  # values of each anchor that is complete

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.parser.peek_event()
        line, before = _line(event.start_mark), self._values
        alias = isinstance(event, AliasEvent)
        if alias and event.anchor in self.anchors and event.anchor not in self._sizes:
            raise TooMuchError(f"the alias *{event.anchor} contains itself", line)
        self._values += self._sizes.get(event.anchor, 1) if alias else 1
        if self._values > self._most_values:
            raise TooMuchError(f"has more than {self._most_values} values, with its aliases (*) written out", line)
        if isinstance(event, ScalarEvent) and len(event.value) > MOST_CHARACTERS:
            raise TooMuchError(f"a text has {len(event.value)} characters; at most {MOST_CHARACTERS} are allowed", line)
        self._inside += 1
        if self._inside > DEEPEST:
            raise TooMuchError(_TOO_DEEP, line)
        node = super().compose_node(parent, index)
        self._inside -= 1
        if not alias and event.anchor is not None:
            self._sizes[event.anchor] = self._values - before
        return node


@dataclass(frozen=True, slots=True)
class _Plain:
    """Turns nodes into plain values."""

    constructor: Any
    lines: dict[Place, int] = field(default_factory=dict)

    def of(self, node: Node, place: Place) -> object:
        self.lines.setdefault(place, _line(node.start_mark))
        if isinstance(node, ScalarNode):
            return self._scalar(node)
        if str(node.tag) not in _COLLECTIONS or not isinstance(node, SequenceNode | MappingNode):
            raise _unknown_tag(node)
        if isinstance(node, SequenceNode):
            return [self.of(each, (*place, index)) for index, each in enumerate(node.value)]
        tree: dict[str, object] = {}
        for key, key_line, value in self._entries(node):
            self.lines[*place, key] = key_line
            tree[key] = self.of(value, (*place, key))
        return tree

    def _entries(self, node: MappingNode) -> Iterator[tuple[str, int, Node]]:
        """Yield the keys, their lines and values: those merged by `<<` first, unless the mapping has them itself."""
        own: dict[str, tuple[int, Node]] = {}
        merged: dict[str, tuple[int, Node]] = {}
        for key_node, value in node.value:
            if str(key_node.tag) == _MERGE:
                for key, line, each in self._merged(value):
                    merged.setdefault(key, (line, each))
                continue
            key, line = self._key(key_node), _line(key_node.start_mark)
            if key in own:
                raise NotYamlError(f"the key `{key}` is there twice; each may be there once", line)
            own[key] = line, value
        for key, (line, value) in {**{key: each for key, each in merged.items() if key not in own}, **own}.items():
            yield key, line, value

    def _merged(self, node: Node) -> Iterator[tuple[str, int, Node]]:
        for each in node.value if isinstance(node, SequenceNode) else [node]:
            if not isinstance(each, MappingNode):
                raise NotYamlError("the key `<<` takes a mapping, or a list of mappings", _line(node.start_mark))
            yield from self._entries(each)

    def _key(self, node: Node) -> str:
        line = _line(node.start_mark)
        key = self._scalar(node) if isinstance(node, ScalarNode) else "?"
        if not isinstance(node, ScalarNode) or not isinstance(key, str):
            shown = repr(key) if isinstance(node, ScalarNode) else "that is a mapping or a list"
            raise NotYamlError(f"the key {shown} must be text; put it in quotes", line)
        if len(key) > MOST_KEY_CHARACTERS:
            raise TooMuchError(f"a key has {len(key)} characters; at most {MOST_KEY_CHARACTERS} are allowed", line)
        if not key.isprintable():
            raise NotYamlError(f"the key {key!r} must be on one line, without control characters", line)
        return key

    def _scalar(self, node: ScalarNode) -> object:
        tag, line = str(node.tag), _line(node.start_mark)
        if tag in _TEXTS:
            return str(node.value)
        if tag in _NUMBERS and len(node.value) > MOST_DIGITS:
            raise TooMuchError(f"a number has {len(node.value)} digits; at most {MOST_DIGITS} are allowed", line)
        try:
            match tag.removeprefix(_CORE):
                case "null":
                    return None
                case "bool":
                    return bool(self.constructor.construct_yaml_bool(node))
                case "int":
                    return int(self.constructor.construct_yaml_int(node))
                case "float":
                    return float(self.constructor.construct_yaml_float(node))
                case _:
                    raise _unknown_tag(node)
        except (KeyError, ValueError, IndexError) as error:
            if isinstance(error, NotYamlError):
                raise
            raise NotYamlError(
                f"not valid YAML: {cut(repr(node.value), 80)} does not fit its tag {tag}", line
            ) from error


def _unknown_tag(node: Node) -> NotYamlError:
    return NotYamlError(f"the tag {cut(str(node.tag), 80)} is not for policies; leave it out", _line(node.start_mark))
