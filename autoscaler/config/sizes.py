"""Limits the size of a policy. Pure. Nested aliases let a few lines of YAML expand beyond any memory."""

from ruamel.yaml import YAML
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, ScalarEvent

MOST_BYTES = 2**20  # of a file: thousands of services
MOST_LABEL_CHARACTERS = 16_384
MOST_VALUES = 100_000  # of a file or a label


class TooMuchError(ValueError):
    """The text exceeds the size of a policy; the message names what is allowed."""


def check_values(text: str) -> None:
    """Count the values of YAML text before they are built.

    Raises:
        TooMuchError: too many, or endless.
        YAMLError: the text is not YAML.
    """
    if "&" not in text or "*" not in text:
        return
    sizes: dict[str, int] = {}  # by anchor
    open_anchors: list[tuple[str | None, int]] = []  # open anchors, and the values before each
    values = 0
    for event in YAML(typ="safe", pure=True).parse(text):
        if isinstance(event, CollectionEndEvent):
            anchor, before = open_anchors.pop()
            sizes |= {} if anchor is None else {anchor: values - before}
            continue
        if isinstance(event, AliasEvent) and event.anchor in {anchor for anchor, _ in open_anchors}:
            raise TooMuchError(f"the alias *{event.anchor} contains itself")
        if isinstance(event, CollectionStartEvent):
            open_anchors.append((event.anchor, values))
        values += _size(event, sizes)
        if values > MOST_VALUES:
            raise TooMuchError(f"has more than {MOST_VALUES} values, with its aliases (*) written out")


def _size(event: object, sizes: dict[str, int]) -> int:
    if isinstance(event, AliasEvent):
        return sizes.get(event.anchor, 1)
    return int(isinstance(event, CollectionStartEvent | ScalarEvent))
