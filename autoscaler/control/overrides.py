"""Pauses and overrides of operators: set by commands, ended by time, kept over a restart."""

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
    """Keeps interventions over a restart, by service."""

    def load(self) -> Mapping[str, Intervention]:
        """Return the interventions that were saved last.

        Raises:
            StateUnavailable: they cannot be read; the text says what became of the file.
        """

    def save(self, interventions: Mapping[str, Intervention]) -> None:
        """Replace all saved interventions, all or nothing.

        Raises:
            StateUnavailable: they cannot be saved; those saved before are unchanged.
        """


class Overrides:
    """The interventions in force. Thread-safe; without a store, or with a broken one, they are in memory only."""

    def __init__(self, store: OverrideStore | None, emit: Emit) -> None:
        self._store = store
        self._emit = emit
        self._lock = threading.Lock()
        self._in_force: Mapping[str, Intervention] = {}  # replaced, never changed: readers need no lock
        self._problem: str | None = None

    def restore(self, now: float) -> None:
        """Load the interventions of before a restart that have not ended."""
        if self._store is None:
            return
        try:
            loaded, problem = self._store.load(), None
        except StateUnavailable as error:
            loaded, problem = {}, str(error)
            self._emit(StateKept(problem))
        with self._lock:
            self._in_force = {name: left for name, each in loaded.items() if (left := each.at(now)) != NONE}
            self._save()  # an unwritable directory is reported at the start
        for name, each in self._in_force.items():
            self._emit(Intervened(name, InterventionChange.RESTORED, NONE, each))

    def of(self, service: str, now: float) -> Intervention:
        """Return the intervention for a service at `now` (unix seconds)."""
        return self._in_force.get(service, NONE).at(now)

    def warning(self, service: str) -> str | None:
        """Return why the intervention for a service would not survive a restart, or None."""
        if self._store is not None:
            return self._problem
        return _IN_MEMORY if service in self._in_force else None

    def pause(self, service: str, until: float) -> None:
        """Hold the service's decisions until then."""
        self._change(service, lambda before: replace(before, paused_until=until), InterventionChange.SET)

    def override(self, service: str, override: Override) -> None:
        """Give the service the count of the override until it ends."""
        self._change(service, lambda before: replace(before, override=override), InterventionChange.SET)

    def resume(self, service: str) -> Intervention:
        """End the service's pause and override; return the intervention of before."""
        return self._change(service, lambda _: NONE, InterventionChange.RESUMED)

    def end(self, now: float) -> None:
        """End interventions whose time is over, and try again to save after a failure."""
        for name, each in self._in_force.items():
            if each.at(now) != each:
                self._change(name, lambda before: before.at(now), InterventionChange.ENDED)
        if self._problem is not None:
            with self._lock:
                self._save()

    def _change(
        self, service: str, changed: Callable[[Intervention], Intervention], change: InterventionChange
    ) -> Intervention:
        """Put the changed intervention in force; return the one of before."""
        with self._lock:
            before = self._in_force.get(service, NONE)
            after = changed(before)
            if after == before:
                return before
            others = {name: each for name, each in self._in_force.items() if name != service}
            self._in_force = others if after == NONE else {**others, service: after}
            self._save()
        self._emit(Intervened(service, change, before, after))
        return before

    def _save(self) -> None:
        """Save the interventions; report the first failure, and the first success after it."""
        if self._store is None:
            return
        try:
            self._store.save(self._in_force)
            problem = None
        except StateUnavailable as error:
            problem = str(error)
        if problem != self._problem:
            self._emit(StateKept(problem))
        self._problem = problem
