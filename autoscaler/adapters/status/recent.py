"""The last half hour of each service as numbers, for the status page's charts."""

import threading
from collections import deque
from collections.abc import Mapping
from typing import Any

from autoscaler.core.model import Decision
from autoscaler.core.policy import Policy, Rule, Signal, TraefikSignal
from autoscaler.events import CycleFinished, Event, ServicesChanged

KEPT_SECONDS = 1800.0
LEAST_STEP_SECONDS = 5.0  # of two closer points, the later one is kept

Point = tuple[float, float | None, int, int, int]  # unix seconds, load, current, ready and desired replicas


class RecentObserver:
    """Keeps one point for each evaluation, bounded by time and by step. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: Mapping[str, Rule] = {}
        self._points: dict[str, deque[Point]] = {}

    def notify(self, event: Event) -> None:
        with self._lock:
            if isinstance(event, ServicesChanged):
                self._rules = {name: load_rule(policy) for name, policy in event.policies.items()}
                self._points = {name: self._points.get(name, deque()) for name in self._rules}
            elif isinstance(event, CycleFinished):
                for outcome in event.services.values():
                    if outcome.decision is not None and outcome.service in self._points:
                        self._add(outcome.service, outcome.decision)

    def points(self, service: str) -> dict[str, Any] | None:
        """Return the rule that represents the load, and the points, oldest first; None for an unknown service."""
        with self._lock:
            if service not in self._points:
                return None
            return {"rule": self._rules[service].name, "points": [list(point) for point in self._points[service]]}

    def _add(self, service: str, decision: Decision) -> None:
        points, replicas = self._points[service], decision.replicas
        rule = self._rules[service].name
        load = next((each.reading.value for each in decision.proposals if each.rule == rule), None)
        while points and points[-1][0] > decision.at:  # the clock was set back
            points.pop()
        if len(points) > 1 and decision.at - points[-2][0] < LEAST_STEP_SECONDS:
            points.pop()  # the one before it is close to the new one
        load = None if load is None else float(f"{load:.5g}")  # the precision of the page
        points.append((round(decision.at, 1), load, replicas.current, replicas.ready, decision.desired))
        while points[0][0] < decision.at - KEPT_SECONDS:
            points.popleft()


def load_rule(policy: Policy) -> Rule:
    """Return the rule that represents the load: the first one of requests, or else the first."""
    requests = (
        rule
        for rule in policy.rules
        if isinstance(rule.source, TraefikSignal) and rule.source.signal is Signal.REQUESTS and not rule.cap
    )
    return next(requests, policy.rules[0])
