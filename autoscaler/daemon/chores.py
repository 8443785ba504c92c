"""What a daemon that acts does beside its cycles: it keeps its leases, and puts right what was left behind."""

import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from autoscaler.adapters.compose.recovery.leftovers import Limits
from autoscaler.adapters.compose.recovery.recover import Recovery
from autoscaler.adapters.leadership.leases import Leases
from autoscaler.config.model import Config, ServiceConfig
from autoscaler.daemon.loop import Chore
from autoscaler.ports.fleet import Fleet, ServiceRef
from autoscaler.ports.order import Order
from autoscaler.ports.targets import ReplicaTarget

RECOVERY_SECONDS = 3.0  # from one look for left-overs to the next
# Where the policy file says nothing; a healthcheck calls a replica unhealthy long before.
LONGEST_START_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Upkeep:
    """Leases and recovery of one daemon."""

    leases: Leases
    recovery: Recovery

    def chores(self, acting: Callable[[], bool]) -> tuple[Chore, ...]:
        """Return what is to be done again and again, while the daemon acts: a dry run does not."""

        def lease() -> None:
            if acting():
                self.leases.look()

        def recovery() -> None:
            if acting():
                self.recovery.look(self.leases.leads)

        return Chore("lease", lease, self.leases.terms.look_seconds), Chore("recovery", recovery, RECOVERY_SECONDS)


class Fenced:
    """A target whose operations end early, with nothing half made, when the daemon no longer leads the project."""

    def __init__(self, target: ReplicaTarget, leads: Callable[[str], bool]) -> None:
        self._target = target
        self._leads = leads

    def observe(self) -> Fleet:
        return self._target.observe()

    def scale(self, ref: ServiceRef, order: Order) -> int:
        project, pause = str(ref.project), order.pause
        order.pause = lambda seconds: pause(seconds) or not self._leads(project)
        return self._target.scale(ref, order)


def holder() -> str:
    """Return what others are told of the daemon that leads."""
    return f"the daemon on {socket.gethostname()} (process {os.getpid()})"


def projects(config: Config) -> set[str]:
    """Return the Compose projects that the policy file names; others are found as they are seen."""
    return {each.target.project for each in config.services.values() if each.target.project is not None}


def limits(services: Callable[[], Mapping[str, ServiceConfig]]) -> Limits:
    """Return after how long what is left over is put right, as the policies have it that are in force then."""

    def start_seconds(ref: ServiceRef) -> float:
        starts = {each.target: each.options.start_timeout_seconds for each in services().values()}
        return starts.get(ref) or starts.get(replace(ref, project=None)) or LONGEST_START_SECONDS

    return Limits(start_seconds=start_seconds)
