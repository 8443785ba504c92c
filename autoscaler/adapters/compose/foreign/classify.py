"""A foreign change that has settled -> its kind and a sentence. Pure.

The engine does not say whether Compose or a plain docker command made a change: their names are guesses, with a
question mark.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from autoscaler.adapters.compose.foreign.engine_event import ContainerEvent
from autoscaler.adapters.compose.foreign.settling import Settled
from autoscaler.adapters.compose.replicas import Replica
from autoscaler.events import Foreign
from autoscaler.ports.targets import SettledChange

_SIGNALS: Mapping[int, str] = {2: "SIGINT", 3: "SIGQUIT", 6: "SIGABRT", 9: "SIGKILL", 11: "SIGSEGV", 15: "SIGTERM"}
_SIGKILL, _SIGTERM = 9, 15
_SIGNALLED = 128  # exit codes above it are signals
MOST_NAMED = 5  # containers in a sentence
_GUESSES: Mapping[Foreign, str] = {
    Foreign.SCALED: "docker compose up, or another scaler?",
    Foreign.RECREATED: "docker compose up?",
    Foreign.RESTARTED: "docker compose restart?",
    Foreign.STOPPED: "docker compose stop?",
    Foreign.REMOVED: "docker compose down?",
    Foreign.STARTED: "docker compose up or start?",
}


@dataclass(frozen=True, slots=True)
class ClassifiedChange(SettledChange):
    """A foreign change that has settled."""

    sudden: bool = False  # all that died were killed or crashed, without a signal to end before
    dead: frozenset[str] = frozenset()  # the ids of those that died


def classify(settled: Settled) -> ClassifiedChange | None:
    """Return the classified change, or None if nothing has changed."""
    kind = _kind(settled)
    if kind is None:
        return None
    before, after = _alive(settled.before), _alive(settled.after)
    count = f"{len(before)} → {len(after)}" if len(before) != len(after) else f"still {len(after)}"
    details = "; ".join(part for part in (_details(kind, settled), _GUESSES.get(kind)) if part)
    what = f"{count} replicas, not by the autoscaler{f' ({details})' if details else ''}"
    dead = _dead(settled) if kind is Foreign.DIED else []
    sudden = bool(dead) and not any(_asked_to_end(each, settled.events) for each in dead)
    return ClassifiedChange(kind, len(before), len(after), what, sudden, frozenset(replica.id for replica in dead))


def _kind(settled: Settled) -> Foreign | None:
    before, after = _alive(settled.before), _alive(settled.after)
    if not after:
        return (Foreign.STOPPED if settled.after else Foreign.REMOVED) if before else None
    if not before:
        return Foreign.STARTED
    if _replaced(settled):
        return Foreign.RECREATED
    if _dead(settled):
        return Foreign.DIED
    if before.keys() != after.keys() or _passing(settled):
        return Foreign.SCALED
    if any(event.action == "die" for event in settled.events):
        return Foreign.RESTARTED
    return Foreign.CHANGED if _states(settled.before) != _states(settled.after) else None


def _alive(replicas: Iterable[Replica]) -> dict[str, Replica]:
    return {replica.id: replica for replica in replicas if replica.alive}


def _states(replicas: Iterable[Replica]) -> dict[str, str]:
    return {replica.id: replica.state for replica in replicas if replica.state != "restarting"}


def _replaced(settled: Settled) -> list[Replica]:
    """Return the new replicas with the number of an old one, or of another kind than all old ones."""
    old, new = _alive(settled.before), _alive(settled.after)
    numbers, kinds = {replica.number for replica in old.values()}, {replica.kind for replica in old.values()}
    return [
        replica
        for key, replica in new.items()
        if key not in old and (replica.number in numbers or replica.kind not in kinds)
    ]


def _dead(settled: Settled) -> list[Replica]:
    before = _alive(settled.before)
    return [replica for replica in settled.after if replica.id in before and not replica.alive]


def _passing(settled: Settled) -> set[str]:
    """Return the ids of containers that came and went meanwhile, such as clones that never ran."""
    destroyed = {event.container for event in settled.events if event.action == "destroy"}
    return destroyed - {replica.id for replica in settled.before if replica.state != "created"}


def _asked_to_end(replica: Replica, events: Iterable[ContainerEvent]) -> bool:
    """Return whether it got a signal to end before it was killed, by the events or else by its exit code."""
    signals = [each.signal for each in events if each.stops and each.container == replica.id]
    return any(signal != _SIGKILL for signal in signals) or replica.exit_code == _SIGNALLED + _SIGTERM


def _details(kind: Foreign, settled: Settled) -> str:
    if kind is Foreign.DIED:
        dead = [f"{replica.name} {_death(replica, settled.events)}" for replica in _dead(settled)]
        return ", ".join([*dead[:MOST_NAMED], *([f"{len(dead) - MOST_NAMED} more"] if len(dead) > MOST_NAMED else [])])
    if kind is Foreign.RECREATED:
        return _new_kind(settled)
    if kind is Foreign.SCALED:
        before, after = _alive(settled.before), _alive(settled.after)
        counts = {
            "added": len(after.keys() - before.keys()),
            "removed": len(before.keys() - after.keys()),
            "removed at once": len(_passing(settled)),
        }
        return ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    return ""


def _new_kind(settled: Settled) -> str:
    old = {replica.kind for replica in _alive(settled.before).values()}
    new = {replica.kind for replica in _alive(settled.after).values()}
    if {config for config, _ in new} != {config for config, _ in old}:
        return "recreated with another configuration"
    return "recreated with another image" if new != old else "recreated"


def _death(replica: Replica, events: Iterable[ContainerEvent]) -> str:
    """Write how a container ended, e.g. `was ended by SIGKILL, exit code 137, out of memory`."""
    own = [each for each in events if each.container == replica.id]
    codes = [each.exit_code for each in own if each.action == "die"]
    code = codes[-1] if codes else replica.exit_code
    signals = [each.signal for each in own if each.stops]
    memory = ", out of memory" if any(each.action == "oom" for each in own) else ""
    number = signals[-1] if signals else None if code is None or code <= _SIGNALLED else code - _SIGNALLED
    how = "exited" if number is None else f"was ended by {_SIGNALS.get(number, f'signal {number}')}"
    return f"{how}{'' if code is None else f', exit code {code}'}{memory}"
