"""Reloads the policy file while the daemon runs: whole or not at all."""

import hashlib
import threading
import time
from collections.abc import Callable
from pathlib import Path

from autoscaler.config.load import PolicyFile
from autoscaler.config.model import Config
from autoscaler.config.regular_file import read_regular
from autoscaler.config.sizes import MOST_BYTES
from autoscaler.errors import ConfigError
from autoscaler.events import ConfigLoaded
from autoscaler.ports.observers import Emit

_GONE = "gone"


def loaded(config: Config, cause: str, at: float) -> ConfigLoaded:
    """Return the event of a configuration that is in force from `at` (unix seconds) on."""
    return ConfigLoaded(at, cause, config.interval_seconds, config.dry_run)


class Reloader:
    """Loads the file on demand, and when its content has changed. Thread-safe.

    It compares the content, not the file's time or inode: for a single file mounted into a container, neither changes
    as expected when an editor or a deployment replaces it.
    """

    def __init__(
        self,
        path: Path,
        load: Callable[[], PolicyFile],
        apply: Callable[[PolicyFile], None],
        emit: Emit,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._path = path
        self._load = load
        self._apply = apply
        self._emit = emit
        self._clock = clock
        self._lock = threading.Lock()
        self._known = self._last = self._content()

    def reload(self, cause: str) -> str | None:
        """Put the file in force, or change nothing; return every problem of the file, by lines, or None."""
        with self._lock:
            self._known = self._last = self._content()
            event = self._put_in_force(cause)
            self._emit(event)
        return event.problem

    def look(self) -> None:
        """Reload if the content has changed, and has not since the last look: then it is not half written."""
        content = self._content()
        settled, self._last = content == self._last, content
        if settled and content != self._known:
            self.reload("the file has changed")

    def _put_in_force(self, cause: str) -> ConfigLoaded:
        try:
            file = self._load()
        except ConfigError as error:
            return ConfigLoaded(self._clock(), cause, problem=str(error))
        self._apply(file)
        return loaded(file.config, cause, self._clock())

    def _content(self) -> str:
        try:
            return hashlib.sha256(read_regular(self._path, MOST_BYTES)).hexdigest()
        except OSError:
            return _GONE
