"""A service's target -> the adapter that holds it; one that fails does not fail the others."""

from collections.abc import Callable, Mapping

from autoscaler.errors import TargetRefused
from autoscaler.ports.fleet import Fleet, ServiceRef, ServiceState
from autoscaler.ports.order import Order
from autoscaler.ports.targets import ForeignChanges, ReplicaTarget, SettledChange


class Targets:
    """Fulfils ports.targets.ReplicaTarget by the adapters of each kind of service."""

    def __init__(self, by_kind: Mapping[str, ReplicaTarget]) -> None:
        self._by_kind = dict(by_kind)
        self.foreign: ForeignChanges = _ForeignByKind(self._of)

    def observe(self) -> Fleet:
        """Return the services of all targets, and why those of some cannot be seen."""
        services: dict[ServiceRef, ServiceState] = {}
        unavailable: dict[str, str] = {}
        for kind, target in self._by_kind.items():
            try:
                seen = target.observe()
            except Exception as error:  # noqa: BLE001  a fault in one adapter must not hide the others' services
                seen = Fleet(unavailable={kind: f"unexpected {type(error).__name__}: {error}"})
            services |= seen.services
            unavailable |= seen.unavailable
        return Fleet(services, unavailable)

    def refusal(self, ref: ServiceRef) -> str | None:
        """Return why the service cannot be scaled as it is, or None; raises what its adapter raises."""
        return self._of(ref).refusal(ref)

    def warnings(self, ref: ServiceRef, most: int, options: object) -> list[str]:
        """Return what makes scaling the service worse than it could be; raises what its adapter raises."""
        return self._of(ref).warnings(ref, most, options)

    def scale(self, ref: ServiceRef, order: Order) -> int:
        """Bring the service to the order's count by its adapter; raises what that raises."""
        return self._of(ref).scale(ref, order)

    def recover(self, leads: Callable[[ServiceRef], bool], options: Callable[[ServiceRef], object]) -> None:
        """Let each adapter put right what interrupted operations have left behind; then raise what one raised.

        Raises:
            ExceptionGroup: adapters failed; the others have looked.
        """
        failures = []
        for target in self._by_kind.values():
            try:
                target.recover(leads, options)
            except Exception as error:  # noqa: BLE001  see above
                failures.append(error)
        if failures:
            raise ExceptionGroup("recovery failed", failures)

    def watch(self) -> None:
        """Let each adapter follow what others do."""
        for target in self._by_kind.values():
            target.watch()

    def close(self) -> None:
        """End what `watch` began."""
        for target in self._by_kind.values():
            target.close()

    def _of(self, ref: ServiceRef) -> ReplicaTarget:
        if ref.kind not in self._by_kind:
            raise TargetRefused(f"{ref}: there is no target of the kind {ref.kind}; known: {', '.join(self._by_kind)}")
        return self._by_kind[ref.kind]


class _ForeignByKind:
    """Fulfils ports.targets.ForeignChanges by the adapter that holds the service."""

    def __init__(self, of: Callable[[ServiceRef], ReplicaTarget]) -> None:
        self._of = of

    def hold_reason(self, ref: ServiceRef) -> str | None:
        return self._of(ref).foreign.hold_reason(ref)

    def crash_backoff(self, ref: ServiceRef, replicas: int) -> str | None:
        return self._of(ref).foreign.crash_backoff(ref, replicas)

    def settled(self, ref: ServiceRef) -> SettledChange | None:
        return self._of(ref).foreign.settled(ref)

    def owed(self, ref: ServiceRef) -> int | None:
        return self._of(ref).foreign.owed(ref)

    def forgive(self, ref: ServiceRef, desired: int) -> None:
        self._of(ref).foreign.forgive(ref, desired)

    def repaired(self, ref: ServiceRef) -> None:
        self._of(ref).foreign.repaired(ref)
