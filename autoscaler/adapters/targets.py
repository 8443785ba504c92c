"""Passes each service to the adapter of its kind of target; an adapter that fails does not fail the others."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack

from autoscaler.errors import TargetRefused, unexpected
from autoscaler.ports.fleet import Fleet, ServiceRef, ServiceState
from autoscaler.ports.order import Order
from autoscaler.ports.targets import ForeignChanges, ReplicaTarget, SettledChange


class Targets:
    """Implements ports.targets.ReplicaTarget by one adapter for each kind; raises what they raise."""

    def __init__(self, by_kind: Mapping[str, ReplicaTarget]) -> None:
        self._by_kind = dict(by_kind)
        self.foreign: ForeignChanges = _ForeignByKind(self._of)

    def observe(self) -> Fleet:
        services: dict[ServiceRef, ServiceState] = {}
        unavailable: dict[str, str] = {}
        unknown: dict[ServiceRef, str] = {}
        for kind, target in self._by_kind.items():
            try:
                seen = target.observe()
            except Exception as error:  # noqa: BLE001  a fault in one adapter must not hide the others' services
                seen = Fleet(unavailable={kind: f"unexpected {unexpected(error)}"})
            services |= seen.services
            unavailable |= seen.unavailable
            unknown |= seen.unknown
        return Fleet(services, unavailable, unknown)

    def refusal(self, ref: ServiceRef) -> str | None:
        return self._of(ref).refusal(ref)

    def warnings(self, ref: ServiceRef, most: int, options: object) -> list[str]:
        return self._of(ref).warnings(ref, most, options)

    def scale(self, ref: ServiceRef, order: Order) -> int:
        return self._of(ref).scale(ref, order)

    def recover(self, leads: Callable[[ServiceRef], bool], options: Callable[[ServiceRef], object]) -> None:
        """Clean up after interrupted operations in every adapter.

        Raises:
            ExceptionGroup: adapters failed; the others have cleaned up.
        """
        failures = []
        for target in self._by_kind.values():
            try:
                target.recover(leads, options)
            except Exception as error:  # noqa: BLE001  see above
                failures.append(error)
        if failures:
            causes = "; ".join(unexpected(error) for error in failures)
            raise ExceptionGroup(f"recovery failed: {causes}", failures)

    def watch(self) -> None:
        for target in self._by_kind.values():
            target.watch()

    def close(self) -> None:
        with ExitStack() as closing:  # each is closed, whatever another one raises
            for target in self._by_kind.values():
                closing.callback(target.close)

    def _of(self, ref: ServiceRef) -> ReplicaTarget:
        if ref.kind not in self._by_kind:
            raise TargetRefused(f"{ref}: there is no target of the kind {ref.kind}; known: {', '.join(self._by_kind)}")
        return self._by_kind[ref.kind]


class _ForeignByKind:
    """Implements ports.targets.ForeignChanges by the adapter of the service's kind."""

    def __init__(self, of: Callable[[ServiceRef], ReplicaTarget]) -> None:
        self._of = of

    def hold_reason(self, ref: ServiceRef) -> str | None:
        return self._of(ref).foreign.hold_reason(ref)

    def crash_backoff(self, ref: ServiceRef, replicas: int) -> str | None:
        return self._of(ref).foreign.crash_backoff(ref, replicas)

    def settled(self, ref: ServiceRef) -> SettledChange | None:
        return self._of(ref).foreign.settled(ref)

    def count_before_crash(self, ref: ServiceRef) -> int | None:
        return self._of(ref).foreign.count_before_crash(ref)

    def drop_count_above(self, ref: ServiceRef, desired: int) -> None:
        self._of(ref).foreign.drop_count_above(ref, desired)

    def corrected(self, ref: ServiceRef) -> None:
        self._of(ref).foreign.corrected(ref)
