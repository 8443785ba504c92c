"""One event of the engine's stream -> what it says about a replica. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from autoscaler.adapters.compose import labels as label
from autoscaler.adapters.docker.own_actions import Mine
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
)  # those that the stream is asked for
# What may go on for ever without anybody at work is not among these: a crash loop dies and starts.
_AT_WORK = frozenset({"create", "destroy", "pause", "rename", "unpause"})
_HARMLESS_SIGNALS = frozenset({1, 10, 12, 18})  # HUP, USR1, USR2, CONT: to reload, to reopen logs, to go on


@dataclass(frozen=True, slots=True)
class ContainerEvent:
    """What the engine said about one replica."""

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
        """Whether somebody asks the container to end."""
        return self.action == "kill" and self.signal not in _HARMLESS_SIGNALS

    def by_somebody_else(self, mine: Mine) -> bool:
        """Whether it shows somebody at work on the service who is not us."""
        own_actions = self.container in mine.ending or (self.action == "create" and self.clone)
        return not own_actions and (self.stops or self.action in _AT_WORK)


def parse_event(event: Mapping[str, Any]) -> ContainerEvent | None:
    """Return what an event says, if it is about a replica of a Compose service."""
    actor = event.get("Actor") or {}
    facts = actor.get("Attributes") or {}
    if not label.is_replica(facts) or "ID" not in actor:
        return None
    return ContainerEvent(
        ref=ServiceRef(facts[label.SERVICE], facts[label.PROJECT]),
        container=str(actor["ID"]),
        name=str(facts.get("name", "?")),
        action=str(event.get("Action", "")),
        clone=label.CLONE_OF in facts,
        signal=_number(facts.get("signal")),
        exit_code=_number(facts.get("exitCode")),
    )


def _number(text: object) -> int | None:
    return int(text) if isinstance(text, str) and text.isdecimal() else None
