"""Two snapshots of one service -> the foreign changes between them. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from autoscaler.adapters.compose.replicas import Replica
from autoscaler.adapters.docker.own_actions import OwnContainers


class Change(StrEnum):
    """The change of a container, as operators read it."""

    CREATED = "created"
    REMOVED = "removed"
    STARTED = "started"
    STOPPED = "stopped"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Difference:
    """A foreign change of one container."""

    what: Change
    name: str


# A crash loop alternates between running and restarting: that is no foreign change.
_CONDITIONS = {
    "running": Change.STARTED,
    "restarting": Change.STARTED,
    "paused": Change.PAUSED,
}


def differences(before: Iterable[Replica], after: Iterable[Replica], own: OwnContainers) -> tuple[Difference, ...]:
    """Return the foreign changes: all but those of the daemon's own operations.

    Only operations create containers with the label of a clone: a new clone is never foreign.
    """
    earlier = {replica.id: replica for replica in before if replica.id not in own.ending}
    later = {replica.id: replica for replica in after if replica.id not in own.ending}
    gone = [Difference(Change.REMOVED, each.name) for key, each in earlier.items() if key not in later]
    new = [
        Difference(Change.CREATED, each.name) for key, each in later.items() if key not in earlier and not each.clone
    ]
    both = [(earlier[key], each) for key, each in later.items() if key in earlier]
    changed = [found for was, now in both if (found := _changed(was, now, own))]
    return (*gone, *new, *changed)


def in_words(changes: Sequence[Difference]) -> str:
    """Write the changes, e.g. `shop-web-3 removed and 2 more`."""
    first, more = changes[0], len(changes) - 1
    return f"{first.name} {first.what}{f' and {more} more' if more else ''}"


def _changed(was: Replica, now: Replica, own: OwnContainers) -> Difference | None:
    condition = _condition(now)
    foreign = condition is not _condition(was) and now.id not in own.starting
    return Difference(condition, now.name) if foreign else None


def _condition(replica: Replica) -> Change:
    return _CONDITIONS.get(replica.state, Change.STOPPED)
