"""Repeats what the sizing learned from weeks of load, as far back as the time allows."""

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from autoscaler.core.memory import Memory
from autoscaler.core.model import Reading
from autoscaler.core.policy import Policy
from autoscaler.core.replay import learn_from, recall_capacity
from autoscaler.errors import MetricsUnavailable
from autoscaler.ports.metrics import MetricHistory, SignalRequest, Span
from autoscaler.warmstart.window import Progress, RebuiltMemory, Subject, read_past

STEP_SECONDS = 15.0
REACHES_DAYS = (1, 3, 14)  # enough for trust; for the profile of a day; for that of a week
_DAY_INSTANTS = round(86_400 / STEP_SECONDS)

Capacities = Mapping[tuple[str, str], float]  # load per replica, by service and rule


@dataclass(frozen=True, slots=True)
class LearningService:
    """A policy with an objective, and the request for the load of its sized rule."""

    policy: Policy
    load: SignalRequest


class OutOfTimeError(Exception):
    """The time for the warm start is over."""


class PastLearner:
    """Learns from past loads until `deadline` (of the monotonic clock); keeps the loads of one day at a time."""

    def __init__(self, history: MetricHistory, deadline: float, monotonic: Callable[[], float]) -> None:
        self._history = history
        self._deadline = deadline
        self._monotonic = monotonic

    def learn(self, subjects: Collection[Subject], end: float) -> dict[str, RebuiltMemory]:
        """Return what each service with an objective learns from the loads before `end` (unix seconds).

        A longer past is started only if the time is likely to suffice, estimated from the shorter one.
        """
        services = [_learning_service(each) for each in subjects if each.policy.objective is not None]
        known: Sequence[RebuiltMemory] = [RebuiltMemory(problem="there was no time to learn") for _ in services]
        day_seconds = 0.0
        for days in REACHES_DAYS if services else ():
            started = self._monotonic()
            if started + days * day_seconds > self._deadline:
                break
            try:
                known = learn_days(self._history, services, end, days, self._check)
            except OutOfTimeError:
                break
            except MetricsUnavailable as error:
                known = [replace(each, problem=str(error)) for each in known]
                break
            day_seconds = (self._monotonic() - started) / days
        capacities = self._capacities(end) if any(each.memory.learned for each in known) else {}
        return {
            each.policy.service: replace(recalled, memory=_with_capacity(each.policy, recalled.memory, capacities))
            for each, recalled in zip(services, known, strict=True)
        }

    def _capacities(self, at: float) -> Capacities:
        """Return the capacities learned until then; without an answer none, so that they are learned again."""
        try:
            return self._history.capacities(at)
        except MetricsUnavailable:
            return {}

    def _check(self, _: float) -> None:
        if self._monotonic() > self._deadline:
            raise OutOfTimeError


def learn_days(
    history: MetricHistory, services: Sequence[LearningService], end: float, days: int, check: Progress
) -> Sequence[RebuiltMemory]:
    """Return what each service learns from the loads of the days before `end` (unix seconds).

    Raises:
        MetricsUnavailable: Traefik's signals cannot be read.
    """
    last = math.floor(end / STEP_SECONDS) * STEP_SECONDS
    span = Span(last - days * 86_400 + STEP_SECONDS, last, STEP_SECONDS)
    known = [RebuiltMemory() for _ in services]
    for done, day in enumerate(span.chunks(_DAY_INSTANTS)):

        def report(share: float, done: int = done) -> None:
            check((done + share) / days)

        readings = read_past(history, {each.load for each in services}, day, report)
        for index, each in enumerate(services):
            report(1.0)
            known[index] = _after(each.policy, known[index], zip(day.instants, readings[each.load], strict=True), end)
    return known


def _after(policy: Policy, before: RebuiltMemory, day: Iterable[tuple[float, Reading]], end: float) -> RebuiltMemory:
    """Return the memory after one more day."""
    loads = [(at, reading.value) for at, reading in day if reading.value is not None]
    memory = learn_from(policy, loads, before.memory, end)
    return RebuiltMemory(memory, before.seconds + STEP_SECONDS * len(loads))


def _with_capacity(policy: Policy, memory: Memory, capacities: Capacities) -> Memory:
    per_replica = {rule: load for (service, rule), load in capacities.items() if service == policy.service}
    return recall_capacity(policy, memory, per_replica)


def _learning_service(subject: Subject) -> LearningService:
    assert subject.policy.objective is not None  # noqa: S101  only those are asked about
    return LearningService(subject.policy, subject.requests[subject.policy.objective.rule])
