"""What the sizing learned, learned again from weeks of load: as far back as the time for it allows."""

import math
from collections.abc import Callable, Collection
from dataclasses import replace

from autoscaler.core.replay import learn_from
from autoscaler.errors import MetricsUnavailable
from autoscaler.ports import MetricHistory, SignalRequest, Span
from autoscaler.recall import Recalled, Subject, read_past

STEP_SECONDS = 15.0
REACHES_DAYS = (1, 3, 14)  # enough to be trusted; for the profile of a day; for that of a week
_DAY_INSTANTS = round(86_400 / STEP_SECONDS)


class OutOfTimeError(Exception):
    """There is no time left."""


class Relearner:
    """Learns from past loads until `deadline` (of the monotonic clock); holds the loads of one day at a time."""

    def __init__(self, history: MetricHistory, deadline: float, monotonic: Callable[[], float]) -> None:
        self._history = history
        self._deadline = deadline
        self._monotonic = monotonic

    def learn(self, subjects: Collection[Subject], end: float) -> dict[str, Recalled]:
        """Return what each service with an objective knows of the loads before `end` (unix seconds).

        A longer past is begun only if there is likely to be time for it, judged by the shorter one.
        """
        sized = {each.policy.service: each for each in subjects if each.policy.objective is not None}
        known = {name: Recalled(problem="there was no time to learn") for name in sized}
        day_seconds = 0.0
        for days in REACHES_DAYS if sized else ():
            begun = self._monotonic()
            if begun + days * day_seconds > self._deadline:
                break
            try:
                known = self._learn_days(list(sized.values()), end, days)
            except OutOfTimeError:
                break
            except MetricsUnavailable as error:
                return {name: replace(each, problem=str(error)) for name, each in known.items()}
            day_seconds = (self._monotonic() - begun) / days
        return known

    def _learn_days(self, sized: Collection[Subject], end: float, days: int) -> dict[str, Recalled]:
        last = math.floor(end / STEP_SECONDS) * STEP_SECONDS
        span = Span(last - days * 86_400 + STEP_SECONDS, last, STEP_SECONDS)
        known = {each.policy.service: Recalled() for each in sized}
        for day in span.chunks(_DAY_INSTANTS):
            readings = read_past(self._history, {_load(each) for each in sized}, day, self._check)
            for each in sized:
                self._check(0.0)
                values = ((at, reading.value) for at, reading in zip(day.instants, readings[_load(each)], strict=True))
                loads = [(at, value) for at, value in values if value is not None]
                before = known[each.policy.service]
                memory = learn_from(each.policy, loads, before.memory, end)
                known[each.policy.service] = Recalled(memory, before.seconds + STEP_SECONDS * len(loads))
        return known

    def _check(self, _: float) -> None:
        if self._monotonic() > self._deadline:
            raise OutOfTimeError


def _load(subject: Subject) -> SignalRequest:
    """Return the request for the load of the rule that is sized."""
    assert subject.policy.objective is not None  # noqa: S101  only those are asked about
    return subject.requests[subject.policy.objective.rule]
