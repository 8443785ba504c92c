"""The state of the daemon as a whole, for the status page and `autoscaler status`."""

import threading
from collections.abc import Sequence

from autoscaler.events import ConfigLoaded, Event, LeadershipChanged, WatchChanged


class OverviewObserver:
    """Keeps the settings in force and the present problems. Thread-safe."""

    def __init__(self, interval_seconds: float, *, dry_run: bool) -> None:
        self._lock = threading.Lock()
        self._interval_seconds = interval_seconds
        self._dry_run = dry_run
        self._config_problem: str | None = None
        self._watch_problem: str | None = None
        self._standby: dict[str, str] = {}  # project -> why

    def notify(self, event: Event) -> None:
        with self._lock:
            if isinstance(event, ConfigLoaded):
                self._loaded(event)
            elif isinstance(event, WatchChanged):
                self._watch_problem = event.problem
            elif isinstance(event, LeadershipChanged):
                self._standby.pop(event.project, None)
                if not (event.leads or event.gone):
                    self._standby[event.project] = event.why or "another daemon leads"

    @property
    def interval_seconds(self) -> float:
        """The interval of the cycles."""
        with self._lock:
            return self._interval_seconds

    @property
    def dry_run(self) -> bool:
        with self._lock:
            return self._dry_run

    def notes(self) -> Sequence[str]:
        """Return a sentence for each special condition; none in normal operation."""
        with self._lock:
            return [
                *(["dry run: nothing is carried out"] if self._dry_run else []),
                *(f"standing by for {project}: {why}" for project, why in sorted(self._standby.items())),
                *([f"the policy file is refused: {self._config_problem}"] if self._config_problem else []),
                *([f"the engine's events are not followed: {self._watch_problem}"] if self._watch_problem else []),
            ]

    def _loaded(self, event: ConfigLoaded) -> None:
        self._config_problem = event.problem
        if event.interval_seconds is not None:
            self._interval_seconds = event.interval_seconds
        if event.dry_run is not None:
            self._dry_run = event.dry_run
