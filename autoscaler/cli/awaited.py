"""Waits until the running daemon has brought a service to the count of an override."""

import time
from typing import Any

from autoscaler.cli.api import Api, service_path
from autoscaler.cli.operate import Told, read_intervention
from autoscaler.core.model import Direction
from autoscaler.durations import format_duration
from autoscaler.events import Action, OperationFinished
from autoscaler.once import direction

ASK_EVERY_SECONDS = 0.5
REASON = "override"
_HOPELESS = {Action.DRY_RUN, Action.STANDBY, Action.PAUSED}
Json = dict[str, Any]


def await_replicas(api: Api, told: Told, timeout_seconds: float) -> OperationFinished:
    """Return what became of the override: its count is ready, or `error` says why it is not.

    Raises:
        DaemonUnavailable: the daemon does not answer any more.
    """
    started, first, last = time.monotonic(), None, None
    while True:
        found = api.get(service_path(told.service)) or {}
        seconds = time.monotonic() - started
        last = _decision(found, told) or last
        first = first or last
        problem = _problem(found, told, first, last)
        if problem is None and seconds > timeout_seconds:
            problem = f"not ready within {format_duration(timeout_seconds)}; the daemon goes on"
        if problem is not None or (last is not None and _ready(last)):
            return _result(told.service, (first, last), seconds, problem)
        time.sleep(ASK_EVERY_SECONDS)


def _decision(found: Json, told: Told) -> Json | None:
    """Return the last decision, if it was made in the knowledge of this very override."""
    decision: Json | None = found.get("decision")
    if decision is None or read_intervention(decision).override != told.intervention.override:
        return None
    return decision


def _ready(decision: Json) -> bool:
    replicas = decision["replicas"]
    return bool(replicas["current"] == replicas["ready"] == decision["desired"]) and replicas["requested"] is None


def _problem(found: Json, told: Told, first: Json | None, last: Json | None) -> str | None:
    """Return why there is nothing to wait for, if so."""
    override = told.intervention.override
    if override is None or read_intervention(found.get("intervention") or {}).override != override:
        return "the override is no longer in force"
    if first is None or last is None:
        return None
    operation = found.get("operation") or {}
    if last["desired"] != override.replicas:
        return str(last["sentence"])
    if operation.get("error") and operation["at"] >= first["at"]:
        return str(operation["error"])
    return str(found.get("held") or found["action"]) if found["action"] in _HOPELESS else None


def _result(
    service: str, ends: tuple[Json | None, Json | None], seconds: float, error: str | None
) -> OperationFinished:
    first, last = ends
    if first is None or last is None:
        return OperationFinished(service, Direction.NONE, REASON, 0, 0, time.time(), seconds, error)
    before, after = first["replicas"]["current"], last["replicas"]["current"]
    return OperationFinished(service, direction(before, after), REASON, before, after, first["at"], seconds, error)
