"""The one place where a decision becomes an action, or does not: dry-run differs from normal here and nowhere else."""

from autoscaler.core.model import Decision, Direction
from autoscaler.events import Action
from autoscaler.fleet import ServiceRef
from autoscaler.operations import Operations


class Gate:
    """Lets decisions through to the operations, or in dry-run only says that it would."""

    def __init__(self, operations: Operations, *, dry_run: bool) -> None:
        self._operations = operations
        self._dry_run = dry_run

    def requested(self, service: str) -> int | None:
        """Return the count that an operation under way is bringing the service to."""
        return self._operations.requested(service)

    def apply(self, ref: ServiceRef, decision: Decision) -> Action:
        """Act on the decision, if it asks for a change and acting is allowed."""
        if decision.direction is Direction.NONE:
            return Action.UNCHANGED
        if self._dry_run:
            return Action.DRY_RUN
        return self._operations.begin(ref, decision)
