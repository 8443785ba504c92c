"""The one place where a decision becomes an action or is held."""

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
    """The action that a decision led to; `why` is a sentence for the operator where a hold stopped it.

    `holds` has what would stop a change, whether or not the decision asks for one.
    """

    action: Action
    why: str | None = None
    holds: frozenset[Action] = frozenset()


Hold = Callable[[ServiceRef, Decision], Applied | None]  # None: it does not hold


def dry_run(_: ServiceRef, decision: Decision) -> Applied | None:
    """Hold every decision that asks for a change."""
    if decision.direction is Direction.NONE:
        return None
    return Applied(Action.DRY_RUN, "dry run: decided and reported, but not carried out")


def _held(action: Action, hold_reason: Callable[[ServiceRef, Decision], str | None]) -> Hold:
    def hold(ref: ServiceRef, decision: Decision) -> Applied | None:
        why = hold_reason(ref, decision)
        return None if why is None else Applied(action, why)

    return hold


def paused(overrides: Overrides) -> Hold:
    """Return the hold of services that an operator has paused."""

    def hold_reason(_: ServiceRef, decision: Decision) -> str | None:
        until = overrides.of(decision.service, decision.at).paused_until
        return None if until is None else f"paused by an operator until {format_until(until)}"

    return _held(Action.PAUSED, hold_reason)


def settling(hold_reason: Callable[[ServiceRef], str | None]) -> Hold:
    """Return the hold of services with a foreign change under way."""
    return _held(Action.SETTLING, lambda ref, _: hold_reason(ref))


def backing_off(crash_backoff: Callable[[ServiceRef, int], str | None]) -> Hold:
    """Return the hold of services whose new replicas keep dying: they are not raised."""

    def hold_reason(ref: ServiceRef, decision: Decision) -> str | None:
        return crash_backoff(ref, decision.desired) if decision.direction is Direction.UP else None

    return _held(Action.BACKING_OFF, hold_reason)


def standing_by(why_not: Callable[[str], str | None]) -> Hold:
    """Return the hold of services whose lease another daemon holds."""
    return _held(Action.STANDBY, lambda ref, _: why_not(ref.lease_key))


Witness = Callable[[ServiceRef, Decision, Applied], None]  # takes every decision and its action


class Gate:
    """Passes decisions on to the operations, unless a hold applies; the first one gives the reason."""

    def __init__(
        self,
        operations: Operations,
        holds: Sequence[Hold] = (),
        *,
        witness: Witness | None = None,
        count_before_crash: Callable[[str], int | None] = lambda _: None,
    ) -> None:
        self._operations = operations
        self._holds = tuple(holds)
        self._witness = witness
        self._count_before_crash = count_before_crash

    def requested(self, service: str) -> int | None:
        """Return the count of the operation under way, or else the count before replicas died, if there is one."""
        requested = self._operations.requested(service)
        return self._count_before_crash(service) if requested is None else requested

    def apply(self, state: ServiceState, decision: Decision, options: object = None) -> Applied:
        """Act on the decision, if it asks for a change and no hold applies."""
        applied = self._apply(state, decision, options)
        if self._witness is not None:
            self._witness(state.ref, decision, applied)
        return applied

    def _apply(self, state: ServiceState, decision: Decision, options: object) -> Applied:
        busy = self._operations.requested(decision.service) is not None
        if not busy and self._count_before_crash(decision.service) is not None:
            decision = replace(decision, replicas=replace(decision.replicas, requested=None))
        held = [found for hold in self._holds if (found := hold(state.ref, decision))]
        holds = frozenset(each.action for each in held)
        if decision.direction is Direction.NONE:
            return Applied(Action.UNCHANGED, holds=holds)
        if self._operations.failing(decision.service):
            holds |= {Action.BACKING_OFF}
        if held:
            return replace(held[0], holds=holds)
        return Applied(self._operations.begin(state, decision, options), holds=holds)
