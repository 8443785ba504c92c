"""What operators said about services: set by commands, ended by time, kept over a restart."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Protocol

from autoscaler.core.intervention import NONE, Intervention
from autoscaler.core.model import Override
from autoscaler.errors import StateUnavailable
from autoscaler.events import Intervened, InterventionChange, StateKept
from autoscaler.ports.observers import Emit

_IN_MEMORY = "AUTOSCALER_STATE_DIR is not set, so this will not survive a restart of the daemon"


class OverrideStore(Protocol):
    """What keeps interventions over a restart, by service."""

    def load(self) -> Mapping[str, Intervention]:
        """Return what was saved last.

        Raises:
            StateUnavailable: it cannot be read; the text says what became of it.
        """
        ...

    def save(self, interventions: Mapping[str, Intervention]) -> None:
        """Replace what was saved before, all or nothing.

        Raises:
            StateUnavailable: it cannot be kept; what was saved before is as it was.
        """
        ...


class Overrides:
    """The interventions in force. Thread-safe; without a store, or with a broken one, they are kept in memory."""

    def __init__(self, store: OverrideStore | None, emit: Emit) -> None:
        self._store = store
        self._emit = emit
        self._lock = threading.Lock()
        self._standing: Mapping[str, Intervention] = {}  # replaced, never changed: readers need no lock
        self._problem: str | None = None

    def restore(self, now: float) -> None:
        """Take up what was in force before a restart and has not ended meanwhile."""
        if self._store is None:
            return
        try:
            loaded, problem = self._store.load(), None
        except StateUnavailable as error:
            loaded, problem = {}, str(error)
            self._emit(StateKept(problem))
        with self._lock:
            self._standing = {name: left for name, each in loaded.items() if (left := each.at(now)) != NONE}
            self._keep()  # so that a directory that cannot be written is known now, not at 3 a.m.
        for name, each in self._standing.items():
            self._say(name, NONE, each, InterventionChange.RESTORED)

    def of(self, service: str, now: float) -> Intervention:
        """Return what is in force for a service at `now` (unix seconds)."""
        return self._standing.get(service, NONE).at(now)

    def warning(self, service: str) -> str | None:
        """Return why what is in force for a service, or that nothing is, would not survive a restart, if so."""
        if self._store is not None:
            return self._problem
        return _IN_MEMORY if service in self._standing else None

    def pause(self, service: str, until: float) -> Intervention:
        """Let decisions about the service be told, but not carried out, until then; return what is in force now."""
        return self._change(service, lambda before: replace(before, paused_until=until), InterventionChange.SET)

    def override(self, service: str, override: Override) -> Intervention:
        """Let the service have that count until then; return what is in force now."""
        return self._change(service, lambda before: replace(before, override=override), InterventionChange.SET)

    def resume(self, service: str) -> Intervention:
        """End the service's pause and override; return what was in force before."""
        before = self._standing.get(service, NONE)
        self._change(service, lambda _: NONE, InterventionChange.RESUMED)
        return before

    def end(self, now: float) -> None:
        """End what has had its time; and what could not be kept, try to keep again."""
        for name, each in self._standing.items():
            if each.at(now) != each:
                self._change(name, lambda before: before.at(now), InterventionChange.ENDED)
        if self._problem is not None:
            with self._lock:
                self._keep()

    def _change(
        self, service: str, changed: Callable[[Intervention], Intervention], change: InterventionChange
    ) -> Intervention:
        with self._lock:
            before = self._standing.get(service, NONE)
            after = changed(before)
            if after == before:
                return after
            others = {name: each for name, each in self._standing.items() if name != service}
            self._standing = others if after == NONE else {**others, service: after}
            self._keep()
        self._say(service, before, after, change)
        return after

    def _keep(self) -> None:
        """Save what is in force; say once that it fails, and once that it works again."""
        if self._store is None:
            return
        try:
            self._store.save(self._standing)
            problem = None
        except StateUnavailable as error:
            problem = str(error)
        if problem != self._problem:
            self._emit(StateKept(problem))
        self._problem = problem

    def _say(self, service: str, before: Intervention, after: Intervention, change: InterventionChange) -> None:
        self._emit(Intervened(service, change, before, after))
