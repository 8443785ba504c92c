"""Repeats what the sizing learned from weeks of load, as far back as the time allows."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from autoscaler.core.policy import Policy
from autoscaler.core.replay import learn_from, recall_capacity
from autoscaler.core.sizing.sizing import window_seconds
from autoscaler.errors import MetricsUnavailable
from autoscaler.ports.metrics import MetricHistory, SignalRequest, Span
from autoscaler.warmstart.window import Progress, RebuiltMemory, Subject, read_past

STEP_SECONDS = 15.0
REACHES_DAYS = (1, 5)  # enough for a choice; for the calendar of a day
_DAY_INSTANTS = round(86_400 / STEP_SECONDS)


@dataclass(frozen=True, slots=True)
class LearningService:
    """A policy with an objective, and the request for the load of its sized rule."""

    policy: Policy
    load: SignalRequest

    @property
    def recent_load(self) -> SignalRequest:
        """The load over a window as short as the daemon's, but no shorter than a step."""
        seconds = max(window_seconds(self.policy.sized_rule), STEP_SECONDS)
        return replace(self.load, source=replace(self.load.source, window_seconds=seconds))


class OutOfTimeError(Exception):
    """The time for the warm start is over."""


def stop_after(deadline: float, monotonic: Callable[[], float]) -> Progress:
    """Return a check that raises OutOfTimeError after `deadline` (of the monotonic clock)."""

    def check(_: float) -> None:
        if monotonic() > deadline:
            raise OutOfTimeError

    return check


def learn_until(
    deadline: float, monotonic: Callable[[], float], history: MetricHistory, subjects: Collection[Subject], end: float
) -> dict[str, RebuiltMemory]:
    """Return what each service with an objective learns from the loads before `end` (unix seconds).

    A longer past is started only if the time is likely to suffice, estimated from the shorter one.
    """
    services = [
        LearningService(each.policy, each.requests[each.policy.objective.rule])
        for each in subjects
        if each.policy.objective is not None
    ]
    known: Sequence[RebuiltMemory] = [RebuiltMemory(problem="there was no time to learn") for _ in services]
    day_seconds = 0.0
    for days in REACHES_DAYS if services else ():
        started = monotonic()
        if started + days * day_seconds > deadline:
            break
        try:
            known = learn_days(history, services, end, days, stop_after(deadline, monotonic))
        except OutOfTimeError:
            break
        except MetricsUnavailable as error:
            known = [replace(each, problem=str(error)) for each in known]
            break
        day_seconds = (monotonic() - started) / days
    capacities: Mapping[tuple[str, str], float] = {}
    if any(each.memory.learned for each in known):
        with suppress(MetricsUnavailable):  # without an answer they are learned again
            capacities = history.capacities(end)
    return {
        each.policy.service: replace(recalled, memory=recall_capacity(each.policy, recalled.memory, capacities))
        for each, recalled in zip(services, known, strict=True)
    }


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

        readings = read_past(history, {each.recent_load for each in services}, day, report)
        for index, each in enumerate(services):
            report(1.0)
            past = zip(day.instants, readings[each.recent_load], strict=True)
            loads = [(at, load) for at, reading in past if (load := reading.full_value) is not None]
            memory = learn_from(each.policy, loads, known[index].memory, end)
            known[index] = RebuiltMemory(memory, known[index].seconds + STEP_SECONDS * len(loads))
    return known
