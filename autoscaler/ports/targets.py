"""What holds replicas, and what others do to them meanwhile."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from autoscaler.events import Foreign
from autoscaler.ports.fleet import Fleet, ServiceRef
from autoscaler.ports.order import Order


@dataclass(frozen=True, slots=True)
class SettledChange:
    """What was done to a service from outside, once it is over. `before` and `after` count replicas meant to run."""

    kind: Foreign
    before: int
    after: int
    what: str  # a sentence for the operator


class ForeignChanges(Protocol):
    """What programs and people other than this daemon do to services. Thread-safe."""

    def hold_reason(self, ref: ServiceRef) -> str | None:
        """Return why no decision about the service is carried out now: a foreign change goes on; or None."""
        ...

    def crash_backoff(self, ref: ServiceRef, replicas: int) -> str | None:
        """Return why no replica is added now to have so many: those before it died again and again; or None."""
        ...

    def settled(self, ref: ServiceRef) -> SettledChange | None:
        """Return the foreign change that has settled since the last call, if there is one."""
        ...

    def owed(self, ref: ServiceRef) -> int | None:
        """Return the count that the service had before replicas died, until it has that again."""
        ...

    def forgive(self, ref: ServiceRef, desired: int) -> None:
        """Take in that the rules want so many now: more than that is no longer owed."""
        ...

    def repaired(self, ref: ServiceRef) -> None:
        """Take in that the daemon is changing the count that a foreign change had set."""
        ...


class ReplicaTarget(Protocol):
    """What holds replicas. `options` of a service are read by its target only."""

    @property
    def foreign(self) -> ForeignChanges:
        """What others do to the services of this target."""
        ...

    def observe(self) -> Fleet:
        """Return all services at one instant, by a few calls whatever their number; one caller at a time.

        Never raises for what an engine does: the fleet says in `unavailable` what could not be seen.
        """
        ...

    def refusal(self, ref: ServiceRef) -> str | None:
        """Return why a service of the last `observe` cannot be scaled as it is, or None; by the same caller.

        Raises:
            TargetUnavailable: the engine does not answer.
        """
        ...

    def warnings(self, ref: ServiceRef, most: int, options: object) -> list[str]:
        """Return what makes scaling a service of the last `observe` up to `most` replicas worse than it could be.

        Raises:
            TargetUnavailable: the engine does not answer.
        """
        ...

    def scale(self, ref: ServiceRef, order: Order) -> int:
        """Add or remove replicas until there are as many as the order says; return the count reached.

        An order that removes may be raised meanwhile: then what has not gone yet stays, where the service's
        capabilities have `take_back`. Calls of one service may overlap if all of them add, where they have
        `overlapping_starts`; then the count is without what the others add meanwhile.
        Returns early, with nothing half made, when the order's `pause` says that the operation is to end.

        Raises:
            TargetUnavailable, TargetRefused, ScaleFailed: and nothing is left half made.
        """
        ...

    def recover(self, leads: Callable[[ServiceRef], bool], options: Callable[[ServiceRef], object]) -> None:
        """Look once for what interrupted operations have left behind, and put it right where the daemon `leads`."""
        ...

    def watch(self) -> None:
        """Follow what others do to the services from now on, in the background, until `close`."""
        ...

    def close(self) -> None:
        """End what `watch` began; without it, do nothing."""
        ...
