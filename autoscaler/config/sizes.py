"""How much a policy may be. Pure: by aliases of aliases, a few lines of YAML stand for more than fits into memory."""

from ruamel.yaml import YAML
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, ScalarEvent

MOST_BYTES = 2**20  # of a file: thousands of services
MOST_LABEL_CHARACTERS = 16_384
MOST_VALUES = 100_000  # of a file or a label


class TooMuchError(ValueError):
    """The text stands for more than a policy has; says what is allowed."""


def check_values(text: str) -> None:
    """Look how many values YAML text stands for, before anybody makes them.

    Raises:
        TooMuchError: too many, or without end.
        YAMLError: the text is not YAML.
    """
    if "&" not in text or "*" not in text:
        return
    sizes: dict[str, int] = {}  # by anchor
    begun: list[tuple[str | None, int]] = []  # anchors, and the values before each
    values = 0
    for event in YAML(typ="safe", pure=True).parse(text):
        if isinstance(event, CollectionEndEvent):
            anchor, before = begun.pop()
            sizes |= {} if anchor is None else {anchor: values - before}
            continue
        if isinstance(event, AliasEvent) and event.anchor in {anchor for anchor, _ in begun}:
            raise TooMuchError(f"the alias *{event.anchor} stands within what it stands for")
        if isinstance(event, CollectionStartEvent):
            begun.append((event.anchor, values))
        values += _size(event, sizes)
        if values > MOST_VALUES:
            raise TooMuchError(f"has more than {MOST_VALUES} values, with its aliases (*) written out")


def _size(event: object, sizes: dict[str, int]) -> int:
    if isinstance(event, AliasEvent):
        return sizes.get(event.anchor, 1)
    return int(isinstance(event, CollectionStartEvent | ScalarEvent))
