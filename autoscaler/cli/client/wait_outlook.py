"""An evaluation -> whether a command that waits for an override goes on waiting. Pure."""

from dataclasses import dataclass
from typing import Any

from autoscaler.cli.client.operator import Answer, read_intervention
from autoscaler.events import Action

Json = dict[str, Any]

_UNTIL_OPERATOR_ACTS = {Action.DRY_RUN, Action.PAUSED}
_SOON = {Action.STANDBY, Action.FAILED}


@dataclass(frozen=True, slots=True)
class OverrideDecisions:
    """The first and the last decision that took the override into account."""

    first: Json | None = None
    last: Json | None = None

    def with_latest(self, decision: Json | None) -> "OverrideDecisions":
        """Return the decisions with the latest one, if there is one."""
        return self if decision is None else OverrideDecisions(self.first or decision, decision)


def decision_about(found: Json, answer: Answer) -> Json | None:
    """Return the last decision, if it took this override into account."""
    decision: Json | None = found.get("decision")
    if decision is None or read_intervention(decision).override != answer.intervention.override:
        return None
    return decision


def is_ready(decisions: OverrideDecisions) -> bool:
    """Return whether the count is ready, and no operation is under way."""
    if decisions.last is None:
        return False
    replicas = decisions.last["replicas"]
    return bool(replicas["current"] == replicas["ready"] == decisions.last["desired"]) and replicas["requested"] is None


def failure(found: Json, answer: Answer, decisions: OverrideDecisions) -> str | None:
    """Return why the count will not be reached by itself, or None."""
    override = answer.intervention.override
    if override is None or read_intervention(found.get("intervention") or {}).override != override:
        return "the override is no longer in force"
    if found.get("action") == Action.REFUSED:
        return str(found["error"])
    if decisions.first is None or decisions.last is None:
        return None
    operation = found.get("operation") or {}
    if decisions.last["desired"] != override.replicas:
        return str(decisions.last["sentence"])
    if operation.get("error") and operation["at"] >= decisions.first["at"]:
        return str(operation["error"])
    return str(found.get("held") or found["action"]) if found["action"] in _UNTIL_OPERATOR_ACTS else None


def passes_soon(found: Json) -> bool:
    """Return whether the daemon cannot act for a reason that passes within seconds, or else not by itself.

    Another daemon leads, but may have been killed; the engine does not answer, or has no such service.
    """
    return found.get("action") in _SOON


def pending_reason(found: Json, decisions: OverrideDecisions) -> tuple[str, str] | None:
    """Return why the count is not ready, as a word and as a sentence; None: the replicas are starting."""
    action = found.get("action")
    if action is None:
        return "unseen", "it has not been evaluated yet"
    if action == Action.FAILED:
        return action, str(found["error"])
    if decisions.last is None:
        return None  # the evaluation is older than the override
    why = found.get("held") or _held_by_operation(action, found.get("operation") or {})
    return None if why is None else (action, str(why))


def _held_by_operation(action: str, operation: Json) -> str | None:
    if action == Action.BUSY:
        return "the previous operation is still under way"
    if action == Action.BACKING_OFF:
        return f"the last operation failed, the next try is later: {operation.get('error')}"
    return None
