"""Carries the files that Compose wrote into a replica over into a clone of it, before the clone starts."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from autoscaler.adapters.compose import labels as label
from autoscaler.adapters.compose.clone.injected import candidates, is_injected, repacked
from autoscaler.adapters.compose.engine import NOT_FOUND, Engine, EngineError, Inspect
from autoscaler.errors import TargetUnavailable

MOST_FILES = 1000  # to look at, at about a millisecond each


@dataclass(frozen=True, slots=True)
class _Found:
    replica: tuple[str, str]  # id and start: as long as it runs, Compose writes nothing more
    paths: tuple[str, ...]
    warning: str | None = None  # what may be missing


class Carrying:
    """Remembers where the files of each service are, never what is in them; thread-safe. `now` in unix seconds."""

    def __init__(self, engine: Engine, now: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._now = now
        self._searching: dict[tuple[str, str], threading.Lock] = {}  # one search does for clones made side by side
        self._found: dict[tuple[str, str], _Found] = {}

    def into(self, clone: str, template: Inspect) -> str | None:
        """Copy the template's files into a clone that is created, not started; return what may be missing.

        Raises:
            EngineError, TargetUnavailable: there are files, and they could not be copied.
        """
        try:
            found = self._look(template)
        except (EngineError, TargetUnavailable) as error:
            return f"it lacks the secrets and configs that Compose may have written into its template: {error}"
        archives = {path: archive for path in found.paths if (archive := self._read(template, path)) is not None}
        if archives:
            self._engine.files.write(clone, repacked(archives, self._now()))
        gone = [path for path in found.paths if path not in archives]
        return f"its template no longer has {', '.join(gone)}, which Compose wrote" if gone else found.warning

    def _look(self, template: Inspect) -> _Found:
        labels = template["Config"]["Labels"]
        service = (labels[label.PROJECT], labels[label.SERVICE])
        replica = (template["Id"], template["State"]["StartedAt"])
        with self._searching.setdefault(service, threading.Lock()):
            known = self._found.get(service)
            if known is None or known.replica != replica:
                known = self._found[service] = self._search(template, replica)
            return known

    def _search(self, template: Inspect, replica: tuple[str, str]) -> _Found:
        paths = candidates(self._engine.files.changed(template["Id"]), template)
        found = tuple(path for path in paths[:MOST_FILES] if self._is_injected(path, template))
        if len(paths) <= MOST_FILES:
            return _Found(replica, found)
        many = (
            f"its template has written {len(paths)} files, and only {MOST_FILES} were searched for secrets and configs"
        )
        return _Found(replica, found, many)

    def _is_injected(self, path: str, template: Inspect) -> bool:
        stat = self._engine.files.stat(template["Id"], path)
        return stat is not None and is_injected(path, stat, template)

    def _read(self, template: Inspect, path: str) -> bytes | None:
        try:
            return self._engine.files.read(template["Id"], path)
        except EngineError as error:
            if error.status == NOT_FOUND:
                return None
            raise
