"""The one place where a decision becomes an action, or is held back; nothing else knows why one would be."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from autoscaler.core.model import Decision, Direction
from autoscaler.events import Action
from autoscaler.fleet import ServiceRef
from autoscaler.operations import Operations
from autoscaler.order import ScaleOptions


@dataclass(frozen=True, slots=True)
class Applied:
    """What was done about a decision; `why` is a sentence for the operator where something held it back."""

    action: Action
    why: str | None = None


Hold = Callable[[ServiceRef, Decision], Applied | None]  # what holds a decision that asks for a change back, if it does


def dry_run(_: ServiceRef, __: Decision) -> Applied:
    """Hold everything back."""
    return Applied(Action.DRY_RUN, "dry run: decided and told, but not carried out")


class Gate:
    """Lets decisions through to the operations, unless a hold speaks; the first that does gives the reason."""

    def __init__(self, operations: Operations, holds: Sequence[Hold] = ()) -> None:
        self._operations = operations
        self._holds = tuple(holds)

    def requested(self, service: str) -> int | None:
        """Return the count that an operation under way is bringing the service to."""
        return self._operations.requested(service)

    def apply(self, ref: ServiceRef, decision: Decision, options: ScaleOptions | None = None) -> Applied:
        """Act on the decision, if it asks for a change and nothing holds it back."""
        if decision.direction is Direction.NONE:
            return Applied(Action.UNCHANGED)
        held = next((found for hold in self._holds if (found := hold(ref, decision))), None)
        return held or Applied(self._operations.begin(ref, decision, options))
