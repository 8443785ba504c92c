"""Who hears what happens."""

from collections.abc import Callable
from typing import Protocol

from autoscaler.events import Event

Emit = Callable[[Event], None]


def discard(_: Event) -> None:
    """Take an event and do nothing, for commands that print their result."""


class Observer(Protocol):
    """Whoever wants to know what happened; must be quick and must not raise."""

    def notify(self, event: Event) -> None: ...
