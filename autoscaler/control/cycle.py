"""One cycle: observe -> decide -> apply -> emit. It never loops, sleeps or reads a wall clock."""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from autoscaler.config.model import ServiceConfig
from autoscaler.config.services import ServiceResolver, services_behind, signal_requests, traefik_services
from autoscaler.control.gate import Gate
from autoscaler.control.overrides import Overrides
from autoscaler.core.budget import within_budget
from autoscaler.core.decide import decide
from autoscaler.core.memory import Memory
from autoscaler.core.model import Decision, Observation, Reading, ReadingKind, Replicas
from autoscaler.errors import AutoscalerError, TargetRefused, TargetUnavailable, unexpected
from autoscaler.events import Action, CycleFinished, ServiceOutcome, ServicesChanged
from autoscaler.ports.fleet import Fleet, ServiceState
from autoscaler.ports.metrics import MetricSource, SignalRequest
from autoscaler.ports.observers import Emit
from autoscaler.ports.targets import ReplicaTarget

Readings = Mapping[SignalRequest, Reading]


class _CannotBeScaled(TargetRefused):
    """The service exists, but cannot be scaled."""


class Cycle:
    """Evaluates all services at one instant. Keeps their memories; one caller at a time."""

    def __init__(
        self,
        services: ServiceResolver,
        source: MetricSource,
        target: ReplicaTarget,
        gate: Gate,
        emit: Emit,
        *,
        max_replicas_total: int | None = None,
        memories: Mapping[str, Memory] | None = None,
        overrides: Overrides | None = None,
        stopwatch: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._services = services
        self._resolved = services(Fleet())
        self._announced = False  # the services have been emitted once
        self._source = source
        self._target = target
        self._gate = gate
        self._emit = emit
        self._stopwatch = stopwatch
        self._max_replicas_total = max_replicas_total
        self._memories = dict(memories or {})
        self._behind: Mapping[str, Collection[ServiceState]] = {}  # the services of each name in Traefik
        self._counts: Mapping[str, int] = {}  # the replicas of each service when it was last seen
        self._overrides = overrides or Overrides(None, emit)

    @property
    def services(self) -> Mapping[str, ServiceConfig]:
        """The services of the last snapshot, by the policies' names."""
        return self._resolved.services

    @property
    def memories(self) -> Mapping[str, Memory]:
        return self._memories

    def run(self, now: float) -> CycleFinished:
        """Evaluate every service as of `now` (unix seconds); a service that fails stops no other."""
        started = self._stopwatch()
        self._overrides.end(now)
        fleet = self._target.observe()
        if self._announced or fleet.services or not fleet.unavailable:  # without any snapshot, the policy file's
            self._refresh_services(fleet)
        refused = self._resolved.refused
        outcomes = {name: ServiceOutcome(name, Action.REFUSED, error=why) for name, why in refused.items()}
        outcomes |= self._evaluate_services(fleet, now)
        outcomes = {name: replace(each, intervention=self._overrides.of(name, now)) for name, each in outcomes.items()}
        finished = CycleFinished(now, self._stopwatch() - started, outcomes)
        self._emit(finished)
        return finished

    def _refresh_services(self, fleet: Fleet) -> None:
        """Take up new and changed services, and forget removed ones."""
        resolved = self._services(fleet)
        if resolved == self._resolved and self._announced:
            return
        self._announced = True
        self._resolved = resolved
        if fleet.complete:  # a service that cannot be seen has not gone
            self._memories = {name: memory for name, memory in self._memories.items() if name in resolved.services}
        policies = {name: service.policy for name, service in resolved.services.items()}
        self._emit(ServicesChanged(policies, resolved.refused))

    def _evaluate_services(self, fleet: Fleet, now: float) -> dict[str, ServiceOutcome]:
        found = {name: _find(service, fleet) for name, service in self._resolved.services.items()}
        self._behind = services_behind(fleet, self._resolved.services.values())
        readings = self._read(found, now)
        decided = {name: self._decided(name, state, readings, now) for name, state in found.items()}
        self._counts = {name: self._count(name, state) for name, state in found.items()}
        decisions = self._within_budget({name: d for name, d in decided.items() if isinstance(d, Decision)})
        return {
            name: self._applied(name, found[name], decisions[name]) if name in decisions else _failed(name, decision)
            for name, decision in decided.items()
        }

    def _read(self, found: Mapping[str, ServiceState | AutoscalerError], now: float) -> Readings:
        """Read all signals in one call, so that the source can batch them."""
        requests = {
            request
            for name, state in found.items()
            if isinstance(state, ServiceState)
            for request in self._requests(name, state).values()
        }
        if not requests:
            return {}
        try:
            return self._source.read(requests, now)
        except Exception as error:  # noqa: BLE001  bounds and caps need no reading
            return dict.fromkeys(requests, Reading(ReadingKind.ERROR, note=unexpected(error)))

    def _requests(self, name: str, state: ServiceState) -> Mapping[str, SignalRequest]:
        return signal_requests(self._resolved.services[name], state, self._behind)

    def _decided(
        self, name: str, state: ServiceState | AutoscalerError, readings: Readings, now: float
    ) -> Decision | Exception:
        if isinstance(state, AutoscalerError):
            return state
        try:
            why = self._target.refusal(state.ref)
            if why is not None:
                return _CannotBeScaled(f"{state.ref} cannot be scaled: {why}")
            return self._decide(name, state, readings, now)
        except Exception as error:  # noqa: BLE001  a fault in one service must not stop the others
            return error

    def _decide(self, name: str, state: ServiceState, readings: Readings, now: float) -> Decision:
        service = self._resolved.services[name]
        by_name = {what: readings[request] for what, request in self._requests(name, state).items()}
        replicas = Replicas(state.current, state.ready, self._gate.requested(name))
        memory, override = self._memories.get(name, Memory()), self._overrides.of(name, now).override
        decision, memory = decide(service.policy, Observation(replicas, by_name), memory, now, override)
        self._memories[name] = memory
        return decision

    def _count(self, name: str, state: ServiceState | AutoscalerError) -> int:
        if isinstance(state, ServiceState):
            return state.current
        return self._counts.get(name, 0) if isinstance(state, TargetUnavailable) else 0

    def _within_budget(self, decisions: Mapping[str, Decision]) -> Mapping[str, Decision]:
        """Limit the sum of all counts; a service without a decision keeps its last known count."""
        if self._max_replicas_total is None:
            return decisions
        kept = sum(count for name, count in self._counts.items() if name not in decisions)
        return within_budget(decisions, max(0, self._max_replicas_total - kept))

    def _applied(self, name: str, state: ServiceState | AutoscalerError, decision: Decision) -> ServiceOutcome:
        try:
            assert isinstance(state, ServiceState)  # noqa: S101  there is a decision about it
            service = self._resolved.services[name]
            applied = self._gate.apply(state, decision, service.options)
            served_as = next(iter(traefik_services(service, state)), None)
            return ServiceOutcome(
                *(name, applied.action, decision), held=applied.why, traefik_service=served_as, holds=applied.holds
            )
        except Exception as error:  # noqa: BLE001  see above
            return _failed(name, error)


def _find(service: ServiceConfig, fleet: Fleet) -> ServiceState | AutoscalerError:
    try:
        return fleet.find(service.target)
    except (TargetRefused, TargetUnavailable) as error:
        return error


def _failed(name: str, error: Decision | Exception) -> ServiceOutcome:
    expected = isinstance(error, (TargetRefused, TargetUnavailable))
    action = Action.REFUSED if isinstance(error, _CannotBeScaled) else Action.FAILED
    return ServiceOutcome(name, action, error=str(error) if expected else unexpected(error))
