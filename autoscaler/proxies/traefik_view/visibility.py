"""Which containers Traefik does not see now, and why. Pure.

A container is hidden only while another one serves all that it serves, so that no router and no service disappears.
Every reason to hide has an end.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

_SERVING, _OUT = 0, 99


class Why(StrEnum):
    """Why a container is hidden; the order is that of the preference if one of them has to be shown."""

    LEAVING = "leaving"  # the daemon is about to stop it; it serves
    STOPPING = "stopping"  # it was sent its stop signal
    STARTING = "starting"  # it does not accept connections yet


_RANKS = {why: rank for rank, why in enumerate(Why, start=_SERVING + 1)}


@dataclass(frozen=True, slots=True)
class Container:
    """One running container."""

    id: str
    routable: bool  # healthy, or without a healthcheck
    has_healthcheck: bool
    keys: frozenset[str]  # the routers and services that it stands for


@dataclass(frozen=True, slots=True)
class State:
    """What is known. The times are those at which a reason ends."""

    running: Mapping[str, Container] = field(default_factory=dict)
    listed: bool = False  # at least once: only what comes later has just started
    ended: frozenset[str] = frozenset()  # the engine lists them as running for a moment yet
    leaving: Mapping[str, float] = field(default_factory=dict)
    stopping: Mapping[str, float] = field(default_factory=dict)
    starting: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """A container that Traefik sees otherwise than before, as the engine's event that makes Traefik look again."""

    container: str
    action: str


def listed(state: State, containers: Iterable[Container], now: float, start_seconds: float) -> State:
    """Return the state after the engine has listed its running containers."""
    found = {container.id: container for container in containers}
    running = {id_: container for id_, container in found.items() if id_ not in state.ended}
    new = {id_ for id_ in running if state.listed and id_ not in state.running}
    starting = {**dict.fromkeys(new - state.starting.keys(), now + start_seconds), **state.starting}
    return replace(
        state,
        running=running,
        listed=True,
        ended=state.ended & found.keys(),
        stopping={id_: until for id_, until in state.stopping.items() if id_ in running},
        # Traefik itself waits for a healthcheck.
        starting={id_: until for id_, until in starting.items() if id_ in running and not running[id_].has_healthcheck},
    )


def started(state: State, container: str, now: float, start_seconds: float) -> State:
    """Return the state after a container's start."""
    starting = {**state.starting, container: now + start_seconds}
    return replace(
        state, starting=starting, stopping=_without(state.stopping, container), ended=state.ended - {container}
    )


def accepts(state: State, container: str) -> State:
    """Return the state after a container has accepted a connection, or could not be reached at all."""
    return replace(state, starting=_without(state.starting, container))


def stop_asked(state: State, container: str, now: float, grace_seconds: float) -> State:
    """Return the state after a container was sent its stop signal."""
    return replace(state, stopping={**state.stopping, container: now + grace_seconds})


def ended(state: State, container: str) -> State:
    """Return the state after a container's end."""
    return replace(
        state,
        running={id_: each for id_, each in state.running.items() if id_ != container},
        ended=state.ended | {container},
        stopping=_without(state.stopping, container),
        starting=_without(state.starting, container),
    )


def followed_anew(state: State) -> State:
    """Return the state after events may have been missed: only the next list says what runs."""
    return replace(state, ended=frozenset())


def hide(state: State, container: str, until: float) -> State:
    """Return the state after the daemon's order, or its renewal."""
    return replace(state, leaving={**state.leaving, container: until})


def show(state: State, container: str) -> State:
    """Return the state after the daemon has taken its order back."""
    return replace(state, leaving=_without(state.leaving, container))


def elapsed(state: State, now: float, start_seconds: float) -> State:
    """Return the state without the reasons that have ended by now.

    What was sent a stop signal and runs on after its grace is shown as soon as it accepts connections.
    """
    going_on = {id_: now + start_seconds for id_, until in state.stopping.items() if until <= now}
    return replace(
        state,
        leaving=_later(state.leaving, now),
        stopping=_later(state.stopping, now),
        starting={**_later(state.starting, now), **going_on},
    )


def next_end(state: State) -> float | None:
    """Return when the next reason ends."""
    return min([*state.leaving.values(), *state.stopping.values(), *state.starting.values()], default=None)


def hidden(state: State) -> dict[str, Why]:
    """Return the hidden containers: those for each of whose keys a preferable one is shown."""
    reasons = {id_: why for id_ in state.running if (why := _why(state, id_)) is not None}
    best: dict[str, int] = {}
    for container in state.running.values():
        if container.routable:
            rank = _rank(reasons.get(container.id))
            best.update({key: rank for key in container.keys if rank < best.get(key, _OUT)})
    return {
        id_: why
        for id_, why in reasons.items()
        if all(best.get(key, _OUT) < _rank(why) for key in state.running[id_].keys)
    }


def changes(before: State, after: State) -> list[Change]:
    """Return what Traefik has to look at again: the containers that it sees otherwise than before."""
    if not before.listed:
        return []  # it has seen none of this before
    hidden_before, hidden_after = hidden(before), hidden(after)
    found = []
    for id_ in before.running.keys() | after.running.keys():
        was = before.running.get(id_) if id_ not in hidden_before else None
        now = after.running.get(id_) if id_ not in hidden_after else None
        if was is None and now is not None:
            found.append(Change(id_, "start"))
        elif was is not None and now is None:
            found.append(Change(id_, "die"))
        elif was is not None and now is not None and was.routable != now.routable:
            found.append(Change(id_, f"health_status: {'healthy' if now.routable else 'unhealthy'}"))
    return sorted(found)


def _why(state: State, container: str) -> Why | None:
    if container in state.starting:
        return Why.STARTING
    if container in state.stopping:
        return Why.STOPPING
    return Why.LEAVING if container in state.leaving else None


def _rank(why: Why | None) -> int:
    return _SERVING if why is None else _RANKS[why]


def _without(times: Mapping[str, float], container: str) -> Mapping[str, float]:
    return {id_: until for id_, until in times.items() if id_ != container}


def _later(times: Mapping[str, float], now: float) -> dict[str, float]:
    return {id_: until for id_, until in times.items() if until > now}
