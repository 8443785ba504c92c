"""What a daemon does beside its cycles: it keeps its leases and cleans up after interrupted operations."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from autoscaler.config.model import ServiceConfig
from autoscaler.daemon.loop import Chore
from autoscaler.ports.fleet import ServiceRef
from autoscaler.ports.leadership import Leadership
from autoscaler.ports.targets import ReplicaTarget

RECOVERY_SECONDS = 3.0  # the interval between two recoveries


@dataclass(frozen=True, slots=True)
class Chores:
    """Leases and recovery of one daemon; `services` returns the services in force."""

    leadership: Leadership
    target: ReplicaTarget
    services: Callable[[], Mapping[str, ServiceConfig]]

    def all(self, acting: Callable[[], bool]) -> tuple[Chore, ...]:
        """Return the chores; they do nothing unless the daemon is `acting`: a dry run is not."""

        def lease() -> None:
            if acting():
                self.leadership.look()

        def recovery() -> None:
            if acting():
                self.target.recover(self._leads, self._options)

        return Chore("lease", lease, self.leadership.look_seconds), Chore("recovery", recovery, RECOVERY_SECONDS)

    def _leads(self, ref: ServiceRef) -> bool:
        return self.leadership.leads(ref.lease_key)

    def _options(self, ref: ServiceRef) -> object:
        return next((each.options for each in self.services().values() if each.target.names(ref)), None)
