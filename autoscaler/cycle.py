"""One cycle: observe -> decide -> apply -> tell. It never loops, sleeps or reads a wall clock."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from autoscaler.core.budget import within_budget
from autoscaler.core.decide import decide
from autoscaler.core.memory import Memory
from autoscaler.core.model import Decision, Observation, Reading, ReadingKind, Replicas
from autoscaler.errors import TargetRefused, TargetUnavailable
from autoscaler.events import Action, CycleFinished, ServiceOutcome, ServicesChanged
from autoscaler.fleet import Fleet, ServiceRef, ServiceState
from autoscaler.gate import Gate
from autoscaler.overrides import Overrides
from autoscaler.policyfile.model import ServiceConfig
from autoscaler.policyfile.roster import Services
from autoscaler.ports import MetricSource, ReplicaTarget, SignalRequest, Tell

Readings = Mapping[SignalRequest, Reading]
Refusal = Callable[[ServiceRef], str | None]  # why a service that is there cannot be scaled, if so


class _CannotBeScaled(TargetRefused):
    """The service is there, but there cannot be another replica of it."""


class Cycle:
    """Evaluates all services at one instant. Keeps their memories; one caller at a time."""

    def __init__(
        self,
        services: Services,
        source: MetricSource,
        target: ReplicaTarget,
        gate: Gate,
        tell: Tell,
        *,
        max_replicas_total: int | None = None,
        memories: Mapping[str, Memory] | None = None,
        overrides: Overrides | None = None,
        refusal: Refusal = lambda _: None,
        stopwatch: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._services = services
        self._roster = services(Fleet())
        self._called = False  # whether anybody has been told who is on it
        self._source = source
        self._target = target
        self._gate = gate
        self._tell = tell
        self._stopwatch = stopwatch
        self._max_replicas_total = max_replicas_total
        self._memories = dict(memories or {})
        self._overrides = overrides or Overrides(None, tell)
        self._refusal = refusal

    @property
    def services(self) -> Mapping[str, ServiceConfig]:
        """What is scaled, as it was seen last."""
        return self._roster.services

    @property
    def memories(self) -> Mapping[str, Memory]:
        """What is remembered of each service."""
        return self._memories

    def run(self, now: float) -> CycleFinished:
        """Evaluate every service as of `now` (unix seconds); a service that fails stops no other."""
        started = self._stopwatch()
        self._overrides.end(now)
        outcomes = {
            name: replace(outcome, intervention=self._overrides.of(name, now))
            for name, outcome in self._evaluate(now).items()
        }
        finished = CycleFinished(now, self._stopwatch() - started, outcomes)
        self._tell(finished)
        return finished

    def _evaluate(self, now: float) -> dict[str, ServiceOutcome]:
        try:
            fleet = self._target.observe()
        except TargetUnavailable as error:
            return {name: _failed(name, error) for name in self._roster.services}
        self._call_the_roll(fleet)
        return {**self._refused(), **self._evaluate_services(fleet, now)}

    def _call_the_roll(self, fleet: Fleet) -> None:
        """Notice services that have come, changed or gone; what is gone is forgotten."""
        roster = self._services(fleet)
        if roster == self._roster and self._called:
            return
        self._called = True
        self._roster = roster
        self._memories = {name: memory for name, memory in self._memories.items() if name in roster.services}
        policies = {name: service.policy for name, service in roster.services.items()}
        self._tell(ServicesChanged(policies, roster.refused))

    def _refused(self) -> dict[str, ServiceOutcome]:
        return {name: ServiceOutcome(name, Action.REFUSED, error=why) for name, why in self._roster.refused.items()}

    def _evaluate_services(self, fleet: Fleet, now: float) -> dict[str, ServiceOutcome]:
        found = {name: _find(service, fleet) for name, service in self._roster.services.items()}
        readings = self._read(found, now)
        decided = {name: self._decided(name, state, readings, now) for name, state in found.items()}
        decisions = self._within_budget({name: d for name, d in decided.items() if isinstance(d, Decision)}, found)
        return {
            name: self._applied(name, found[name], decisions[name]) if name in decisions else _failed(name, decision)
            for name, decision in decided.items()
        }

    def _read(self, found: Mapping[str, ServiceState | TargetRefused], now: float) -> Readings:
        """Ask for everything at once, so that the source can batch it."""
        requests = {
            request
            for name, state in found.items()
            if isinstance(state, ServiceState)
            for request in signal_requests(self._roster.services[name], state).values()
        }
        try:
            return self._source.read(requests, now)
        except Exception as error:  # noqa: BLE001  bounds and caps need no reading, and hold whatever the source does
            return dict.fromkeys(requests, Reading(ReadingKind.ERROR, note=f"{type(error).__name__}: {error}"))

    def _decided(
        self, name: str, state: ServiceState | TargetRefused, readings: Readings, now: float
    ) -> Decision | Exception:
        if isinstance(state, TargetRefused):
            return state
        try:
            why = self._refusal(state.ref)
            if why is not None:
                return _CannotBeScaled(f"{state.ref} cannot be scaled: {why}")
            return self._decide(name, state, readings, now)
        except Exception as error:  # noqa: BLE001  a fault in one service must not stop the others
            return error

    def _decide(self, name: str, state: ServiceState, readings: Readings, now: float) -> Decision:
        service = self._roster.services[name]
        by_name = {what: readings[request] for what, request in signal_requests(service, state).items()}
        replicas = Replicas(state.current, state.ready, self._gate.requested(name))
        memory, override = self._memories.get(name, Memory()), self._overrides.of(name, now).override
        decision, memory = decide(service.policy, Observation(replicas, by_name), memory, now, override)
        self._memories[name] = memory
        return decision

    def _within_budget(
        self, decisions: Mapping[str, Decision], found: Mapping[str, ServiceState | TargetRefused]
    ) -> Mapping[str, Decision]:
        """Cut what is more than all services may have together; one that could not be decided keeps what it has."""
        if self._max_replicas_total is None:
            return decisions
        kept = sum(
            state.current for name, state in found.items() if isinstance(state, ServiceState) and name not in decisions
        )
        return within_budget(decisions, max(0, self._max_replicas_total - kept))

    def _applied(self, name: str, state: ServiceState | TargetRefused, decision: Decision) -> ServiceOutcome:
        try:
            assert isinstance(state, ServiceState)  # noqa: S101  there is a decision about it
            service = self._roster.services[name]
            applied = self._gate.apply(state.ref, decision, service.options)
            called = traefik_service(service, state)
            return ServiceOutcome(name, applied.action, decision, held=applied.why, traefik_service=called)
        except Exception as error:  # noqa: BLE001  see above
            return _failed(name, error)


def signal_requests(service: ServiceConfig, state: ServiceState) -> dict[str, SignalRequest]:
    """Return what the policy needs to know, by the name of the reading."""
    called = traefik_service(service, state)
    return {name: SignalRequest(source, called) for name, source in service.policy.sources.items()}


def traefik_service(service: ServiceConfig, state: ServiceState) -> str | None:
    """Return what Traefik calls the service: what the policy file says goes before the containers' labels."""
    return service.traefik_service or state.traefik_service


def _find(service: ServiceConfig, fleet: Fleet) -> ServiceState | TargetRefused:
    try:
        return fleet.find(service.target)
    except TargetRefused as error:
        return error


def _failed(name: str, error: Decision | Exception) -> ServiceOutcome:
    ours = isinstance(error, (TargetRefused, TargetUnavailable))
    action = Action.REFUSED if isinstance(error, _CannotBeScaled) else Action.FAILED
    return ServiceOutcome(name, action, error=str(error) if ours else f"{type(error).__name__}: {error}")
