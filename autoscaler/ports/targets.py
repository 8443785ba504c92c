"""Targets, which hold replicas, and the foreign changes to their services."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from autoscaler.events import Foreign
from autoscaler.ports.fleet import Fleet, ServiceRef
from autoscaler.ports.order import Order


@dataclass(frozen=True, slots=True)
class SettledChange:
    """A foreign change that has settled. `before` and `after` count replicas that are meant to run."""

    kind: Foreign
    before: int
    after: int
    what: str  # a sentence for the operator


class ForeignChanges(Protocol):
    """Follows what programs and people other than this daemon do to services. Thread-safe."""

    def hold_reason(self, ref: ServiceRef) -> str | None:
        """Return why the service is not scaled now, because of a foreign change; or None."""

    def crash_backoff(self, ref: ServiceRef, replicas: int) -> str | None:
        """Return why the service is not raised to `replicas` now, because replicas keep dying; or None."""

    def settled(self, ref: ServiceRef) -> SettledChange | None:
        """Return the foreign change that has settled since the last call, if there is one."""

    def count_before_crash(self, ref: ServiceRef) -> int | None:
        """Return the count before replicas died, until the service has as many again."""

    def drop_count_above(self, ref: ServiceRef, desired: int) -> None:
        """Forget the count before the crash if the rules want fewer now."""

    def corrected(self, ref: ServiceRef) -> None:
        """Note that the daemon undoes the count that a foreign change has set."""


class ReplicaTarget(Protocol):
    """Holds replicas. Only the target of a service reads the service's `options`."""

    @property
    def foreign(self) -> ForeignChanges:
        """The foreign changes to the services of this target."""

    def observe(self) -> Fleet:
        """Return all services at one instant, by a few calls whatever their number; one caller at a time.

        A failure of the engine raises nothing: the fleet has it in `unavailable`.
        """

    def refusal(self, ref: ServiceRef) -> str | None:
        """Return why a service of the last `observe` cannot be scaled, or None; one caller at a time.

        Raises:
            TargetUnavailable: the engine does not answer.
        """

    def warnings(self, ref: ServiceRef, most: int, options: object) -> list[str]:
        """Return what is wrong with a service of the last `observe` that may have up to `most` replicas.

        Raises:
            TargetUnavailable: the engine does not answer.
        """

    def scale(self, ref: ServiceRef, order: Order) -> int:
        """Add or remove replicas until there are as many as the order says; return the count reached.

        With the capability `take_back`, an order that removes may be raised: replicas that are not stopped yet stay.
        With `overlapping_starts`, calls that add may overlap; each count is without the replicas of the others.
        Returns early once the order's `pause` returns True.

        Raises:
            TargetUnavailable, TargetRefused, ScaleFailed: nothing is left half made.
        """

    def recover(self, leads: Callable[[ServiceRef], bool], options: Callable[[ServiceRef], object]) -> None:
        """Clean up once after interrupted operations, in services whose lease the daemon holds (`leads`)."""

    def watch(self) -> None:
        """Follow foreign changes in the background, until `close`."""

    def close(self) -> None:
        """End `watch`; without it, do nothing."""
