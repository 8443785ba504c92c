"""Two snapshots of one service -> what somebody else has changed between them. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from autoscaler.adapters.compose.replicas import Replica
from autoscaler.adapters.docker.own_actions import Mine


class What(StrEnum):
    """What became of a container; the words that an operator reads."""

    CREATED = "created"
    REMOVED = "removed"
    STARTED = "started"
    STOPPED = "stopped"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Difference:
    """One container that somebody else has changed."""

    what: What
    name: str


# A crash loop alternates between running and restarting: that is the engine's doing, and the count stays as it is.
_CONDITIONS = {"running": What.STARTED, "restarting": What.STARTED, "paused": What.PAUSED}


def differences(before: Iterable[Replica], after: Iterable[Replica], mine: Mine) -> tuple[Difference, ...]:
    """Return what was changed by somebody else: everything but what our operations have at work.

    Only we make containers with the label of a clone, so a new one of those is never somebody else's.
    """
    earlier = {replica.id: replica for replica in before if replica.id not in mine.ending}
    later = {replica.id: replica for replica in after if replica.id not in mine.ending}
    gone = [Difference(What.REMOVED, each.name) for key, each in earlier.items() if key not in later]
    new = [Difference(What.CREATED, each.name) for key, each in later.items() if key not in earlier and not each.clone]
    both = [(earlier[key], each) for key, each in later.items() if key in earlier]
    changed = [found for was, now in both if (found := _changed(was, now, mine))]
    return (*gone, *new, *changed)


def in_words(changes: Sequence[Difference]) -> str:
    """Say what was seen, e.g. `shop-web-3 removed and 2 more`."""
    first, more = changes[0], len(changes) - 1
    return f"{first.name} {first.what}{f' and {more} more' if more else ''}"


def _changed(was: Replica, now: Replica, mine: Mine) -> Difference | None:
    condition = _condition(now)
    theirs = condition is not _condition(was) and now.id not in mine.starting
    return Difference(condition, now.name) if theirs else None


def _condition(replica: Replica) -> What:
    return _CONDITIONS.get(replica.state, What.STOPPED)
