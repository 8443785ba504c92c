"""What holds replicas."""

from typing import Protocol

from autoscaler.ports.fleet import Fleet, ServiceRef
from autoscaler.ports.order import Order


class ReplicaTarget(Protocol):
    """What holds replicas."""

    def observe(self) -> Fleet:
        """All services at one instant, by one list call.

        Raises:
            TargetUnavailable: the engine does not answer.
        """
        ...

    def scale(self, ref: ServiceRef, order: Order) -> int:
        """Add or remove replicas until there are as many as the order says; return the count reached.

        An order that removes may be raised meanwhile: then what has not gone yet stays. Calls of one service may
        overlap if all of them add; then the count is without what the others add meanwhile.
        Returns early, with nothing half made, when the order's `pause` says that the daemon is going down.

        Raises:
            TargetUnavailable, TargetRefused, ScaleFailed: and nothing is left half made.
        """
        ...
