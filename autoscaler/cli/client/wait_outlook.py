"""What the daemon's account of a service means for somebody who waits for an override. Pure."""

from dataclasses import dataclass
from typing import Any

from autoscaler.cli.client.operator import Answer, read_intervention
from autoscaler.events import Action

Json = dict[str, Any]

_HOPELESS = {Action.DRY_RUN, Action.PAUSED}  # until somebody does something about it
_SOON = {Action.STANDBY, Action.FAILED}


@dataclass(frozen=True, slots=True)
class Ends:
    """The first and the last decision that were made in the knowledge of the override."""

    first: Json | None = None
    last: Json | None = None

    def and_then(self, decision: Json | None) -> "Ends":
        """Take one more answer in; it may have none."""
        return self if decision is None else Ends(self.first or decision, decision)


def decision_about(found: Json, told: Answer) -> Json | None:
    """Return the last decision, if it was made in the knowledge of this very override."""
    decision: Json | None = found.get("decision")
    if decision is None or read_intervention(decision).override != told.intervention.override:
        return None
    return decision


def is_ready(ends: Ends) -> bool:
    """Whether the service has the count, and nothing is under way any more."""
    if ends.last is None:
        return False
    replicas = ends.last["replicas"]
    return bool(replicas["current"] == replicas["ready"] == ends.last["desired"]) and replicas["requested"] is None


def hopeless(found: Json, told: Answer, ends: Ends) -> str | None:
    """Return why there is nothing to wait for, if so: it ends by what somebody does, not by itself."""
    override = told.intervention.override
    if override is None or read_intervention(found.get("intervention") or {}).override != override:
        return "the override is no longer in force"
    if found.get("action") == Action.REFUSED:
        return str(found["error"])
    if ends.first is None or ends.last is None:
        return None
    operation = found.get("operation") or {}
    if ends.last["desired"] != override.replicas:
        return str(ends.last["sentence"])
    if operation.get("error") and operation["at"] >= ends.first["at"]:
        return str(operation["error"])
    return str(found.get("held") or found["action"]) if found["action"] in _HOPELESS else None


def passes_soon(found: Json) -> bool:
    """Whether the daemon cannot act just now for a reason that passes within seconds, or else not by itself.

    Another daemon still leads, but it may have been killed; the engine does not answer, or has no such service.
    """
    return found.get("action") in _SOON


def delay(found: Json, ends: Ends) -> tuple[str, str] | None:
    """Return what is waited for, as a word and as a sentence; None: the replicas, as ever."""
    action = found.get("action")
    if action is None:
        return "unseen", "it has not been evaluated yet"
    if action == Action.FAILED:
        return action, str(found["error"])
    if ends.last is None:
        return None  # what there is to see was before the override
    why = found.get("held") or _held_by_operation(action, found.get("operation") or {})
    return None if why is None else (action, str(why))


def _held_by_operation(action: str, operation: Json) -> str | None:
    if action == Action.BUSY:
        return "the operation before is still under way"
    if action == Action.BACKING_OFF:
        return f"the last operation failed, the next try is later: {operation.get('error')}"
    return None
