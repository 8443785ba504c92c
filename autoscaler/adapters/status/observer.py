"""The latest state, for the web server: liveness, readiness, and the last decisions."""

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from autoscaler.core.intervention import NONE, Intervention
from autoscaler.core.policy import Policy
from autoscaler.events import (
    Action,
    Condition,
    CycleFinished,
    Event,
    Intervened,
    OperationFinished,
    ServicesChanged,
    evaluation,
    plain_evaluation,
)
from autoscaler.formats import plain


class StatusObserver:
    """Keeps the last cycle. Thread-safe; time is a monotonic clock in seconds."""

    def __init__(
        self, policies: Iterable[Policy], *, stalled_after_seconds: float, monotonic: Callable[[], float]
    ) -> None:
        self._policies: Mapping[str, Policy] = {policy.service: policy for policy in policies}
        self._refused: Mapping[str, str] = {}
        self._stalled_after_seconds = stalled_after_seconds
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._last: CycleFinished | None = None
        self._last_at = monotonic()
        self._interventions: dict[str, Intervention] = {}
        self._operations: dict[str, OperationFinished] = {}  # the last one of each service

    def notify(self, event: Event) -> None:
        with self._lock:
            if isinstance(event, CycleFinished):
                self._last, self._last_at = event, self._monotonic()
            elif isinstance(event, Intervened):
                self._interventions[event.service] = event.after
            elif isinstance(event, OperationFinished):
                self._operations[event.service] = event
            elif isinstance(event, ServicesChanged):
                self._policies, self._refused = dict(event.policies), dict(event.refused)

    def expect_every(self, stalled_after_seconds: float) -> None:
        """Set the time without a cycle after which the loop counts as stalled."""
        self._stalled_after_seconds = stalled_after_seconds

    def alive(self) -> tuple[bool, str]:
        """Return whether the loop is alive, independent of Prometheus and Docker: a restart would not repair those."""
        with self._lock:
            age_seconds = self._monotonic() - self._last_at
        if age_seconds <= self._stalled_after_seconds:
            return True, "the loop is alive"
        return False, f"no cycle has finished for {age_seconds:.0f} s"

    def ready(self) -> tuple[bool, str]:
        """Return whether the first evaluation is done and the engine answers."""
        last = self.last_cycle()
        if last is None:
            return False, "the first cycle has not finished yet"
        errors = [outcome.error for outcome in last.services.values() if outcome.action is Action.FAILED]
        if errors and len(errors) == len(last.services):
            return False, f"no service can be observed: {errors[0]}"
        return True, "ready"

    def last_cycle(self) -> CycleFinished | None:
        with self._lock:
            return self._last

    def conditions(self) -> dict[str, str]:
        """Return the condition of each service that was evaluated, the worst first."""
        last = self.last_cycle()
        found = sorted(() if last is None else last.services.values(), key=lambda each: each.condition.rank)
        return {each.service: each.condition.value for each in found}

    def policy(self, name: str) -> Policy | None:
        """Return the policy of a service that is evaluated, or None."""
        return self._policies.get(name)

    def service(self, name: str) -> dict[str, Any] | None:
        """Return one service's bounds and its last evaluation; None for an unknown service."""
        policy, last = self._policies.get(name), self.last_cycle()
        if policy is None:
            return _refused(name, self._refused.get(name))
        about = self._about(name, policy)
        if last is None or name not in last.services:
            nothing = dict.fromkeys(("at", "action", "condition", "error", "decision"))
            return {**about, **nothing, "rules": plain(policy.rules)}
        return {**plain_evaluation(evaluation(last.services[name], policy, last.at)), **about}

    def _about(self, name: str, policy: Policy) -> dict[str, Any]:
        """Return the state of a service besides its last evaluation, which may be newer."""
        with self._lock:
            intervention, operation = self._interventions.get(name, NONE), self._operations.get(name)
        return {
            "service": name,
            "min": policy.min_replicas,
            "max": policy.max_replicas,
            "intervention": plain(intervention),
            "operation": plain(operation),
        }

    def services(self) -> list[dict[str, Any]]:
        """Return all services as `service` does."""
        names = (*self._policies, *self._refused)
        return [found for name in names if (found := self.service(name)) is not None]


_REFUSED = {"action": Action.REFUSED, "condition": Condition.REFUSED}


def _refused(name: str, why: str | None) -> dict[str, Any] | None:
    """Return the state of a service with invalid labels, or None without a problem."""
    if why is None:
        return None
    nothing: dict[str, Any] = {"min": None, "max": None, "at": None, "decision": None, "rules": []}
    return {"service": name, **nothing, **plain(_REFUSED), "error": why}
