"""The state of the daemon as a whole, for the status page and `autoscaler status`."""

import threading
from typing import Any

from autoscaler.events import ConfigLoaded, Event, LeadershipChanged, ViewChanged, WatchChanged


class DaemonObserver:
    """Keeps the settings in force and the present problems. Thread-safe."""

    def __init__(self, interval_seconds: float, *, dry_run: bool) -> None:
        self._lock = threading.Lock()
        self._interval_seconds = interval_seconds
        self._dry_run = dry_run
        self._config_problem: str | None = None
        self._watch_problem: str | None = None
        self._view: ViewChanged | None = None  # None: there is none
        self._standby: dict[str, str] = {}  # project -> why

    def notify(self, event: Event) -> None:
        with self._lock:
            if isinstance(event, ConfigLoaded):
                self._loaded(event)
            elif isinstance(event, WatchChanged):
                self._watch_problem = event.problem
            elif isinstance(event, ViewChanged):
                self._view = event
            elif isinstance(event, LeadershipChanged):
                self._standby.pop(event.project, None)
                if not (event.leads or event.gone):
                    self._standby[event.project] = event.why or "another daemon leads"

    def settings(self) -> dict[str, Any]:
        """Return the settings in force, for JSON."""
        with self._lock:
            return {"interval_seconds": self._interval_seconds, "dry_run": self._dry_run}

    def notes(self) -> list[str]:
        """Return a sentence for each special condition; none in normal operation."""
        with self._lock:
            return [
                *(["dry run: nothing is carried out"] if self._dry_run else []),
                *(f"standing by for {project}: {why}" for project, why in sorted(self._standby.items())),
                *([f"the policy file is refused: {self._config_problem}"] if self._config_problem else []),
                *([f"Traefik's view is not used: {self._view.problem}"] if self._view and self._view.problem else []),
                *([f"the engine's events are not followed: {self._watch_problem}"] if self._watch_problem else []),
            ]

    def _loaded(self, event: ConfigLoaded) -> None:
        self._config_problem = event.problem
        if event.interval_seconds is not None:
            self._interval_seconds = event.interval_seconds
        if event.dry_run is not None:
            self._dry_run = event.dry_run
