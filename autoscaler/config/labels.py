"""Turns the labels `autoscaler.*` of a service into the policy file's tree. Pure.

`autoscaler.replicas.min=2` is `replicas: {min: 2}`; `[0]` after a key is the first of a list, as in Traefik's labels;
a value may be a whole mapping or list in YAML's flow form.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from autoscaler.config.sizes import MOST_LABEL_CHARACTERS, TooMuchError, check_values
from autoscaler.config.yaml_tree import Document, Place
from autoscaler.errors import ConfigError

PREFIX = "autoscaler"
ENABLE = f"{PREFIX}.enable"

_PART = re.compile(r"(?P<key>[^.\[\]]+)(?P<indexes>(\[\d{1,3}\])*)")
_FLOW = ("{", "[")
_VERBATIM = frozenset({"query", "cron", "timezone", "traefik_service"})  # text, never parsed as YAML


@dataclass(frozen=True, slots=True)
class LabelledService:
    """One service's policy from its labels."""

    enabled: bool
    document: Document  # its tree is under the key `autoscaler`


def own_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """Return the labels with the autoscaler's prefix."""
    return {name: value for name, value in labels.items() if name.lower().startswith(f"{PREFIX}.")}


def read_labels(owner: str, labels: Mapping[str, str]) -> LabelledService:
    """Return the tree of these labels; messages name `owner`.

    Raises:
        ConfigError: one line for each invalid label.
    """
    tree: dict[str, object] = {}
    lines: dict[Place, int] = {(PREFIX,): 0}
    problems = list(_filled(tree, lines, {name: value for name, value in labels.items() if name != ENABLE}))
    enable = labels.get(ENABLE, "false").strip().lower()
    if enable not in {"true", "false"}:
        problems.append(f"{ENABLE}: must be true or false, not {labels[ENABLE]!r}")
    if problems:
        raise ConfigError("\n".join(f"labels of {owner}: {problem}" for problem in problems))
    return LabelledService(enable == "true", Document(f"labels of {owner}", {PREFIX: tree}, lines))


def _filled(tree: dict[str, object], lines: dict[Place, int], labels: Mapping[str, str]) -> Iterator[str]:
    """Put each label into the tree; yield each problem."""
    for name, value in sorted(labels.items(), key=lambda label: _sorting(label[0])):
        try:
            place = _place(name)
            _put(tree, place, _value(place, value))
        except ValueError as error:
            yield f"{_shown(name)}: {error}"
        else:
            for length in range(1, len(place) + 1):
                lines[(PREFIX, *place[:length])] = 0


def _shown(name: str) -> str:
    return name if name.isprintable() else repr(name)[1:-1]


def _sorting(name: str) -> list[tuple[int, str]]:
    """Order `[2]` before `[10]`, so that lists are filled from the front."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"[.\[\]]+", name)]


def _place(name: str) -> Place:
    place: list[str | int] = []
    for part in name[len(PREFIX) + 1 :].split("."):
        found = _PART.fullmatch(part)
        if found is None:
            raise ValueError('must be keys joined by dots, with "[0]" for the first of a list')
        place.append(found["key"])
        place.extend(int(index) for index in re.findall(r"\d+", found["indexes"]))
    return tuple(place)


def _value(place: Place, text: str) -> object:
    if len(text) > MOST_LABEL_CHARACTERS:
        raise TooMuchError(f"has more than {MOST_LABEL_CHARACTERS} characters")
    if place[-1] in _VERBATIM:
        return text
    try:
        check_values(text)
        value = YAML(typ="safe", pure=True).load(text)
    except TooMuchError:
        raise
    except (YAMLError, ValueError, TypeError, RecursionError):
        return text
    is_flow = text.lstrip()[:1] in _FLOW
    return value if isinstance(value, dict | list) == is_flow and value is not None else text


def _put(tree: dict[str, object], place: Place, value: object) -> None:
    here: object = tree
    for part, following in zip(place, (*place[1:], None), strict=True):
        is_last = following is None
        fresh: object = value if is_last else [] if isinstance(following, int) else {}
        here = _child(here, part, fresh)
        if is_last and here is not fresh:
            raise ValueError(_BOTH)


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
