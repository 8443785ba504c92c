"""One event of the engine's stream -> the event of a replica. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from autoscaler.adapters.compose import labels as label
from autoscaler.adapters.docker.own_actions import OwnContainers
from autoscaler.ports.fleet import ServiceRef

ACTIONS = (
    "create",
    "destroy",
    "die",
    "kill",
    "oom",
    "pause",
    "rename",
    "unpause",
)  # that the stream carries
# Not `die` and `start`: a crash loop, which is no foreign change, repeats them.
_FOREIGN = frozenset({"create", "destroy", "pause", "rename", "unpause"})
_SMALL = re.compile(r"[0-9]{1,9}")
_HARMLESS_SIGNALS = frozenset({1, 10, 12, 18})  # HUP, USR1, USR2, CONT: reload, reopen logs, continue


@dataclass(frozen=True, slots=True)
class ContainerEvent:
    """The engine's event of one replica."""

    ref: ServiceRef
    container: str
    name: str
    action: str
    clone: bool
    signal: int | None = None
    exit_code: int | None = None

    @property
    def in_words(self) -> str:
        return f"{self.name}: {self.action}"

    @property
    def stops(self) -> bool:
        return self.action == "kill" and self.signal not in _HARMLESS_SIGNALS

    def is_foreign(self, own: OwnContainers) -> bool:
        own_action = self.container in own.ending or (self.action == "create" and self.clone)
        return not own_action and (self.stops or self.action in _FOREIGN)


def parse_event(event: Mapping[str, Any]) -> ContainerEvent | None:
    """Return the event of a replica of a Compose service; None for any other container.

    The event is of the shape that `adapters.docker` checks.
    """
    actor = event["Actor"]
    facts = actor["Attributes"]
    if not label.is_replica(facts):
        return None
    return ContainerEvent(
        ref=ServiceRef(facts[label.SERVICE], facts[label.PROJECT]),
        container=actor["ID"],
        name=facts.get("name", "?"),
        action=event["Action"],
        clone=label.CLONE_OF in facts,
        signal=_number(facts.get("signal")),
        exit_code=_number(facts.get("exitCode")),
    )


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and _SMALL.fullmatch(text) else None
