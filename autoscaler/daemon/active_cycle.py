"""The cycle in force. A reload replaces it between two evaluations and keeps the memories."""

import threading
from collections.abc import Callable, Mapping

from autoscaler.config.load import PolicyFile
from autoscaler.config.model import Config, ServiceConfig
from autoscaler.config.services import ResolvedServices, by_labels
from autoscaler.control.cycle import Cycle
from autoscaler.core.memory import Memory
from autoscaler.events import CycleFinished
from autoscaler.ports.fleet import Fleet

MakeCycle = Callable[[PolicyFile, Mapping[str, Memory]], Cycle]


class ActiveCycle:
    """Runs the cycle of the policy file in force. Thread-safe."""

    def __init__(self, make: MakeCycle, file: PolicyFile) -> None:
        self._make = make
        self._file = file
        self._lock = threading.Lock()
        self._cycle: Cycle | None = None

    @property
    def config(self) -> Config:
        return self._file.config

    @property
    def services(self) -> Mapping[str, ServiceConfig]:
        """The services in force, of the file and of labels."""
        cycle = self._cycle
        return self._file.config.services if cycle is None else cycle.services

    def resolved(self, fleet: Fleet) -> ResolvedServices:
        """Return the services of a snapshot, of the file and of labels."""
        return by_labels(self._file)(fleet)

    def begin(self, memories: Mapping[str, Memory]) -> None:
        """Make the first cycle, with the memories of the warm start."""
        with self._lock:
            self._cycle = self._make(self._file, memories)

    def run(self, now: float) -> CycleFinished:
        """Evaluate all services as of `now` (unix seconds)."""
        with self._lock:
            assert self._cycle is not None  # noqa: S101  begin comes first
            return self._cycle.run(now)

    def replace(self, file: PolicyFile) -> None:
        """Put another policy file in force, after the evaluation under way."""
        with self._lock:
            if self._cycle is not None:
                self._cycle = self._make(file, self._cycle.memories)
            self._file = file
