"""One cycle: observe -> decide -> apply -> tell. It never loops, sleeps or reads a wall clock."""

import time
from collections.abc import Callable, Mapping

from autoscaler.core.decide import decide
from autoscaler.core.memory import Memory
from autoscaler.core.model import Observation, Reading, Replicas
from autoscaler.errors import TargetRefused, TargetUnavailable
from autoscaler.events import Action, CycleFinished, ServiceOutcome
from autoscaler.fleet import Fleet, ServiceState
from autoscaler.gate import Gate
from autoscaler.policyfile.model import ServiceConfig
from autoscaler.ports import MetricSource, ReplicaTarget, SignalRequest, Tell

Readings = Mapping[SignalRequest, Reading]


class Cycle:
    """Evaluates all services at one instant. Keeps their memories; one caller at a time."""

    def __init__(
        self,
        services: Mapping[str, ServiceConfig],
        source: MetricSource,
        target: ReplicaTarget,
        gate: Gate,
        tell: Tell,
        *,
        stopwatch: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._services = services
        self._source = source
        self._target = target
        self._gate = gate
        self._tell = tell
        self._stopwatch = stopwatch
        self._memories: dict[str, Memory] = {}

    def run(self, now: float) -> CycleFinished:
        """Evaluate every service as of `now` (unix seconds); a service that fails stops no other."""
        started = self._stopwatch()
        outcomes = self._evaluate(now)
        finished = CycleFinished(now, self._stopwatch() - started, outcomes)
        self._tell(finished)
        return finished

    def _evaluate(self, now: float) -> dict[str, ServiceOutcome]:
        try:
            fleet = self._target.observe()
        except TargetUnavailable as error:
            return {name: _failed(name, error) for name in self._services}
        found = {name: _find(service, fleet) for name, service in self._services.items()}
        readings = self._read(found, now)
        return {name: self._outcome(name, state, readings, now) for name, state in found.items()}

    def _read(self, found: Mapping[str, ServiceState | TargetRefused], now: float) -> Readings:
        """Ask for everything at once, so that the source can batch it."""
        requests = {
            request
            for name, state in found.items()
            if isinstance(state, ServiceState)
            for request in signal_requests(self._services[name], state).values()
        }
        return self._source.read(requests, now)

    def _outcome(
        self, name: str, state: ServiceState | TargetRefused, readings: Readings, now: float
    ) -> ServiceOutcome:
        if isinstance(state, TargetRefused):
            return _failed(name, state)
        try:
            return self._decide(name, state, readings, now)
        except Exception as error:  # noqa: BLE001  a fault in one service must not stop the others
            return _failed(name, error)

    def _decide(self, name: str, state: ServiceState, readings: Readings, now: float) -> ServiceOutcome:
        service = self._services[name]
        by_rule = {rule: readings[request] for rule, request in signal_requests(service, state).items()}
        replicas = Replicas(state.current, state.ready, self._gate.requested(name))
        decision, memory = decide(
            service.policy, Observation(replicas, by_rule), self._memories.get(name, Memory()), now
        )
        self._memories[name] = memory
        return ServiceOutcome(name, self._gate.apply(state.ref, decision), decision)


def signal_requests(service: ServiceConfig, state: ServiceState) -> dict[str, SignalRequest]:
    """Return what each rule of the service needs to know."""
    traefik_service = service.traefik_service or state.traefik_service
    return {rule.name: SignalRequest(rule.source, traefik_service) for rule in service.policy.rules}


def _find(service: ServiceConfig, fleet: Fleet) -> ServiceState | TargetRefused:
    try:
        return fleet.find(service.target)
    except TargetRefused as error:
        return error


def _failed(name: str, error: Exception) -> ServiceOutcome:
    ours = isinstance(error, (TargetRefused, TargetUnavailable))
    return ServiceOutcome(name, Action.FAILED, error=str(error) if ours else f"{type(error).__name__}: {error}")
