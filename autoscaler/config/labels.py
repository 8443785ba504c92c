"""Turns the labels `autoscaler.*` of a service into the policy file's tree. Pure.

`autoscaler.replicas.min=2` is `replicas: {min: 2}`; `[0]` after a key is the first of a list, as in Traefik's labels;
a value may be a whole mapping or list in YAML's flow form.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from autoscaler.config.sizes import (
    DEEPEST,
    MOST_CHARACTERS,
    MOST_LABEL_CHARACTERS,
    MOST_LABEL_VALUES,
    MOST_LABELS,
    MOST_NAME_CHARACTERS,
    TooMuchError,
    cut,
    some,
)
from autoscaler.config.yaml_nodes import NotYamlError, Place, parse
from autoscaler.config.yaml_tree import Document
from autoscaler.errors import ConfigError

PREFIX = "autoscaler"
ENABLE = f"{PREFIX}.enable"

_PART = re.compile(r"(?P<key>[^.\[\]]+)(?P<indexes>(\[\d{1,3}\])*)")
_LINES = str.maketrans("", "", "\n\r\t")
_FLOW = ("{", "[")
_VERBATIM = frozenset({"query", "cron", "timezone", "traefik_service"})  # text, never parsed as YAML

# What most values are, read without YAML; a test compares each with what YAML makes of it.
_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,15})")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,15})\.[0-9]{1,15}")
_TEXT = re.compile(r"[A-Za-z][A-Za-z0-9_-]*|[0-9]+(ms|s|m|h|d)")
_WORDS: Mapping[str, object] = {"true": True, "false": False}
_SHORT = 500  # characters
_NOT_TEXT = frozenset({"true", "false", "null"})  # in whatever case


@dataclass(frozen=True, slots=True)
class LabelledService:
    """One service's policy from its labels."""

    enabled: bool
    document: Document  # its tree is under the key `autoscaler`


def own_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """Return the labels with the autoscaler's prefix."""
    return {name: value for name, value in labels.items() if name[: len(PREFIX) + 1].lower() == f"{PREFIX}."}


def read_labels(owner: str, labels: Mapping[str, str]) -> LabelledService:
    """Return the tree of these labels; messages name `owner`.

    Raises:
        ConfigError: one line for each invalid label.
    """
    tree: dict[str, object] = {}
    lines: dict[Place, int] = {(PREFIX,): 0}
    problems = list(_beyond_limits(labels))
    if not problems:
        problems += _filled(tree, lines, {name: value for name, value in labels.items() if name != ENABLE})
        enable = labels.get(ENABLE, "false").strip().lower()
        if enable not in {"true", "false"}:
            problems.append(cut(f"{ENABLE}: must be true or false, not {labels[ENABLE]!r}"))
    if problems:
        raise ConfigError(some([f"labels of {owner}: {problem}" for problem in problems]))
    return LabelledService(enable == "true", Document(f"labels of {owner}", {PREFIX: tree}, lines))


def _beyond_limits(labels: Mapping[str, str]) -> Iterator[str]:
    """Yield what is too much in the labels as they are written."""
    if len(labels) > MOST_LABELS:
        yield f"has {len(labels)} labels {PREFIX}.*; at most {MOST_LABELS} are allowed"
    characters = sum(map(len, labels)) + sum(map(len, labels.values()))
    for name, value in labels.items():
        if len(name) > MOST_NAME_CHARACTERS:
            shown = _shown(cut(name, 80))
            yield f"{shown}: the name has {len(name)} characters; at most {MOST_NAME_CHARACTERS} are allowed"
        elif len(value) > MOST_CHARACTERS:
            yield f"{_shown(name)}: has {len(value)} characters; at most {MOST_CHARACTERS} are allowed"
    if characters > MOST_LABEL_CHARACTERS:
        yield f"the labels {PREFIX}.* have {characters} characters; at most {MOST_LABEL_CHARACTERS} are allowed"


def _filled(tree: dict[str, object], lines: dict[Place, int], labels: Mapping[str, str]) -> Iterator[str]:
    """Put each label into the tree; yield each problem."""
    placed: list[tuple[Place, str, str]] = []
    for name, value in labels.items():
        try:
            placed.append((_place(name), name, value))
        except ValueError as error:
            yield f"{_shown(name)}: {error}"
    for place, name, value in sorted(placed, key=lambda each: _sorting(each[0])):
        try:
            _put(tree, place, _value(place, value))
        except ValueError as error:
            yield f"{_shown(name)}: {error}"
        else:
            for length in range(1, len(place) + 1):
                lines[(PREFIX, *place[:length])] = 0


def _shown(name: str) -> str:
    return name if name.isprintable() else repr(name)[1:-1]


def _sorting(place: Place) -> list[tuple[int, str]]:
    """Order `[2]` before `[10]`, so that lists are filled from the front."""
    return [(part, "") if isinstance(part, int) else (-1, part) for part in place]


@lru_cache(maxsize=4096)  # many services have the same labels
def _place(name: str) -> Place:
    place: list[str | int] = []
    for part in name[len(PREFIX) + 1 :].split("."):
        found = _PART.fullmatch(part)
        if found is None or not part.isprintable():
            raise ValueError('must be keys joined by dots, with "[0]" for the first of a list')
        place.append(found["key"])
        place.extend(int(index) for index in re.findall(r"\d+", found["indexes"]))
    if len(place) > DEEPEST:
        raise ValueError(f"is {len(place)} keys and indexes deep; at most {DEEPEST} are allowed")
    return tuple(place)


def _value(place: Place, text: str) -> object:
    if place[-1] in _VERBATIM:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    if _TEXT.fullmatch(text) and text.lower() not in _NOT_TEXT:
        return text
    return _fresh(_short_yaml_value(text)) if len(text) <= _SHORT else _yaml_value(text)


def _fresh(value: object) -> object:
    """Return a copy: other labels may add to a mapping or list."""
    if isinstance(value, dict):
        return {key: _fresh(each) for key, each in value.items()}
    return [_fresh(each) for each in value] if isinstance(value, list) else value


@lru_cache(maxsize=256)  # many services have the same labels
def _short_yaml_value(text: str) -> object:
    return _yaml_value(text)


def _yaml_value(text: str) -> object:
    try:
        value = parse(text, MOST_LABEL_VALUES, {})
    except NotYamlError:
        return text
    except TooMuchError:
        if text.lstrip()[:1] in _FLOW:
            raise
        return text
    is_flow = text.lstrip()[:1] in _FLOW
    return value if isinstance(value, dict | list) == is_flow and value is not None else text


def _put(tree: dict[str, object], place: Place, value: object) -> None:
    _check_visible(value)
    here: object = tree
    for part, following in zip(place, (*place[1:], None), strict=True):
        is_last = following is None
        fresh: object = value if is_last else [] if isinstance(following, int) else {}
        here = _child(here, part, fresh)
        if is_last and here is not fresh:
            raise ValueError(_BOTH)


def _check_visible(value: object) -> None:
    """Refuse texts with characters that no reader sees, and a terminal may obey."""
    parts = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else ()
    for part in parts:
        _check_visible(part)
    if isinstance(value, str) and not value.translate(_LINES).isprintable():
        raise ValueError("has control characters or invisible ones; write it without them")


def _child(parent: object, part: str | int, fresh: object) -> object:
    """Return the parent's value under `part`, which is `fresh` if there was none."""
    if isinstance(part, str) and isinstance(parent, dict):
        return parent.setdefault(part, fresh)
    if isinstance(part, str) or not isinstance(parent, list):
        raise ValueError(_BOTH)  # noqa: TRY004  all problems of a label are ValueErrors
    if part > len(parent):
        raise ValueError(f"the list has no [{len(parent)}]; indexes go up one by one from [0]")
    if part == len(parent):
        parent.append(fresh)
    return parent[part]


_BOTH = "another label gives this key another shape; a key is a value, a mapping or a list, by one label or by several"
