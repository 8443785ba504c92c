"""Where events go."""

from collections.abc import Callable
from typing import Protocol

from autoscaler.events import Event

Emit = Callable[[Event], None]


def discard(_: Event) -> None:
    """Drop an event: for commands that print their result."""


class Observer(Protocol):
    """Takes every event; must be quick and must not raise."""

    def notify(self, event: Event) -> None: ...
