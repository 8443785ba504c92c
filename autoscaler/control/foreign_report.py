"""One event for each foreign change, with what follows from it."""

from autoscaler.control.gate import Applied
from autoscaler.core.model import Decision
from autoscaler.events import Action, CycleFinished, Event, Foreign, ForeignChange
from autoscaler.ports.fleet import ServiceRef
from autoscaler.ports.observers import Emit
from autoscaler.ports.targets import ForeignChanges, SettledChange


class ForeignReport:
    """Takes every decision of the gate, and the end of each cycle. One caller at a time."""

    def __init__(self, foreign: ForeignChanges, emit: Emit) -> None:
        self._foreign = foreign
        self._emit = emit
        self._names: dict[ServiceRef, str] = {}  # by the policies

    def witness(self, ref: ServiceRef, decision: Decision, applied: Applied) -> None:
        """Emit the foreign change that has settled before this decision, and its consequence."""
        self._names[ref] = decision.service
        self._foreign.drop_count_above(ref, 0 if applied.action is Action.DRY_RUN else decision.desired)
        found = self._foreign.settled(ref)
        if found is None:
            return
        if found.kind is Foreign.SCALED and applied.action is Action.SCALED:
            self._foreign.corrected(ref)
        what = f"{found.what}; {_consequence(found, decision, applied)}"
        self._emit(_event(decision.service, found, decision.desired, applied.action, what))

    def count_before_crash(self, service: str) -> int | None:
        """Return the count before replicas of a service died, if any did; by the policy's name."""
        counts = (self._foreign.count_before_crash(ref) for ref, name in self._names.items() if name == service)
        return next((count for count in counts if count is not None), None)

    def notify(self, event: Event) -> None:
        """Emit the foreign changes of services without a decision: they have no replicas left."""
        if not isinstance(event, CycleFinished):
            return
        for ref, name in list(self._names.items()):
            found = self._foreign.settled(ref)
            if found is not None:
                self._emit(_event(name, found, None, Action.FAILED, f"{found.what}; left alone"))


def _event(service: str, found: SettledChange, desired: int | None, action: Action, what: str) -> ForeignChange:
    return ForeignChange(service, found.kind, found.before, found.after, desired, action, what)


def _consequence(found: SettledChange, decision: Decision, applied: Applied) -> str:
    if found.after == 0:
        return "left alone until it is started"
    if applied.action is Action.UNCHANGED:
        return f"stays at {decision.replicas.count}"
    if applied.action is Action.SCALED:
        return f"brought to {decision.desired}"
    return f"{decision.desired} are wanted, but: {applied.why or applied.action.value}"
