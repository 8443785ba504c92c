"""The one place where a decision becomes an action, or is held back; nothing else knows why one would be."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from autoscaler.control.operations import Operations
from autoscaler.control.overrides import Overrides
from autoscaler.core.explain import format_until
from autoscaler.core.model import Decision, Direction
from autoscaler.events import Action
from autoscaler.ports.fleet import ServiceRef, ServiceState


@dataclass(frozen=True, slots=True)
class Applied:
    """What was done about a decision; `why` is a sentence for the operator where something held it back."""

    action: Action
    why: str | None = None


Hold = Callable[[ServiceRef, Decision], Applied | None]  # what holds a decision that asks for a change back, if it does


def dry_run(_: ServiceRef, __: Decision) -> Applied:
    """Hold everything back."""
    return Applied(Action.DRY_RUN, "dry run: decided and told, but not carried out")


def paused(overrides: Overrides) -> Hold:
    """Return what holds the decisions about a service back while an operator has paused it."""

    def hold(_: ServiceRef, decision: Decision) -> Applied | None:
        until = overrides.of(decision.service, decision.at).paused_until
        return None if until is None else Applied(Action.PAUSED, f"paused by an operator until {format_until(until)}")

    return hold


def settling(trouble: Callable[[ServiceRef], str | None]) -> Hold:
    """Return what holds decisions back while somebody else is at work on the service, for the reason given."""

    def hold(ref: ServiceRef, _: Decision) -> Applied | None:
        why = trouble(ref)
        return None if why is None else Applied(Action.SETTLING, why)

    return hold


def backing_off(pause: Callable[[ServiceRef, int], str | None]) -> Hold:
    """Return what holds a replica back while those before it have died again and again, for the reason given."""

    def hold(ref: ServiceRef, decision: Decision) -> Applied | None:
        why = pause(ref, decision.desired) if decision.direction is Direction.UP else None
        return None if why is None else Applied(Action.BACKING_OFF, why)

    return hold


def standing_by(why_not: Callable[[str], str | None]) -> Hold:
    """Return what holds decisions back while the daemon does not lead the service's project, for the reason given."""

    def hold(ref: ServiceRef, _: Decision) -> Applied | None:
        why = why_not(ref.lease_key)
        return None if why is None else Applied(Action.STANDBY, why)

    return hold


Witness = Callable[[ServiceRef, Decision, Applied], None]  # sees every decision, and what was done about it


class Gate:
    """Lets decisions through to the operations, unless a hold speaks; the first that does gives the reason."""

    def __init__(
        self,
        operations: Operations,
        holds: Sequence[Hold] = (),
        *,
        witness: Witness | None = None,
        owed: Callable[[str], int | None] = lambda _: None,
    ) -> None:
        self._operations = operations
        self._holds = tuple(holds)
        self._witness = witness
        self._owed = owed

    def requested(self, service: str) -> int | None:
        """Return the count that an operation under way is bringing the service to, or that it had before some died."""
        requested = self._operations.requested(service)
        return self._owed(service) if requested is None else requested

    def apply(self, state: ServiceState, decision: Decision, options: object = None) -> Applied:
        """Act on the decision, if it asks for a change and nothing holds it back."""
        applied = self._apply(state, decision, options)
        if self._witness is not None:
            self._witness(state.ref, decision, applied)
        return applied

    def _apply(self, state: ServiceState, decision: Decision, options: object) -> Applied:
        if self._operations.requested(decision.service) is None and self._owed(decision.service) is not None:
            decision = replace(decision, replicas=replace(decision.replicas, requested=None))  # as they are
        if decision.direction is Direction.NONE:
            return Applied(Action.UNCHANGED)
        held = next((found for hold in self._holds if (found := hold(state.ref, decision))), None)
        return held or Applied(self._operations.begin(state, decision, options))
