"""Chooses the reference capacity and load by which replayed policies are compared."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from autoscaler.core.policy import USUAL_WINDOW_SECONDS, Goal, Policy, Query, Rule, Signal, Source, TraefikSignal
from autoscaler.rehearse.backtest.recording import Recording
from autoscaler.rehearse.backtest.replay import Replayed

Numbers = Sequence[float | None]


@dataclass(frozen=True, slots=True)
class ReferenceCapacity:
    """The rule that states the load per replica, and the sources of that load, the shortest window first."""

    owner: int  # the index of the rule's policy
    rule: Rule
    sources: tuple[Source, ...]

    @property
    def counts_requests(self) -> bool:
        """Whether the load is in requests per second."""
        return isinstance(self.rule.source, TraefikSignal) and self.rule.source.signal is Signal.REQUESTS


def find_reference(policies: Sequence[Policy]) -> ReferenceCapacity | None:
    """Return the reference of the first policy with one, or None: no rule states a load per replica.

    The rule is the objective's, or else the first one of requests, of requests in flight, of a query.
    """
    for owner, policy in enumerate(policies):
        rule = _stated_by(policy)
        if rule is not None:
            return ReferenceCapacity(owner, rule, _quickest_first(policies, rule.source))
    return None


def _stated_by(policy: Policy) -> Rule | None:
    rules = [rule for rule in policy.rules if rule.goal is Goal.PER_REPLICA and not rule.cap]
    sized = None if policy.objective is None else policy.objective.rule
    return min(rules, key=lambda rule: (rule.name != sized, _rank(rule.source)), default=None)


def _rank(source: Source) -> int:
    if isinstance(source, Query):
        return 2
    return 0 if source.signal is Signal.REQUESTS else 1


def _quickest_first(policies: Iterable[Policy], source: Source) -> tuple[Source, ...]:
    if isinstance(source, Query):
        return (source,)
    return tuple(_windows(policies, source.signal))


def request_sources(policies: Iterable[Policy]) -> tuple[TraefikSignal, ...]:
    """Return the policies' sources of requests per second, the shortest window first, or else a default."""
    return tuple(_windows(policies, Signal.REQUESTS)) or (TraefikSignal(Signal.REQUESTS, USUAL_WINDOW_SECONDS),)


def _windows(policies: Iterable[Policy], signal: Signal) -> list[TraefikSignal]:
    sources = {source for policy in policies for source in policy.sources.values()}
    same = [source for source in sources if isinstance(source, TraefikSignal) and source.signal is signal]
    return sorted(same, key=lambda source: source.window_seconds)


def loads(recording: Recording, sources: Iterable[Source]) -> Numbers:
    """Return the load at each instant, from the first source with a value."""
    readings = [recording.readings[source] for source in sources]
    return [
        next((reading.value for reading in each if reading.value is not None), None)
        for each in zip(*readings, strict=True)
    ]


def capacities(reference: ReferenceCapacity, replays: Sequence[Replayed]) -> Sequence[float]:
    """Return the capacity of one replica at each instant: the owner's stated one, or as learned until then."""
    return [reference.rule.target * instant.capacity_factor for instant in replays[reference.owner].instants]
