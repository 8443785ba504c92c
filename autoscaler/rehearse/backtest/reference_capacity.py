"""By which load and which capacity replayed policies are judged: one yardstick, so that they can be compared."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from autoscaler.core.policy import USUAL_WINDOW_SECONDS, Goal, Policy, Query, Rule, Signal, Source, TraefikSignal
from autoscaler.rehearse.backtest.recording import Recording
from autoscaler.rehearse.backtest.replay import Replayed

Numbers = Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Yardstick:
    """The rule that says what load a replica can take, and the measures of that load, the quickest first."""

    owner: int  # whose rule it is: the index of the policy
    rule: Rule
    sources: tuple[Source, ...]

    @property
    def counts_requests(self) -> bool:
        """Whether the load is in requests per second."""
        return isinstance(self.rule.source, TraefikSignal) and self.rule.source.signal is Signal.REQUESTS


def yardstick(policies: Sequence[Policy]) -> Yardstick | None:
    """Return the yardstick of the first policy that has one, or None: no rule states a load per replica.

    It is the objective's rule, or else the first rule of requests, of requests in flight, of a query.
    """
    for owner, policy in enumerate(policies):
        rule = _stated_by(policy)
        if rule is not None:
            return Yardstick(owner, rule, _quickest_first(policies, rule.source))
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
    """Return the measures of requests per second that the policies use, the quickest first, or else a usual one."""
    return tuple(_windows(policies, Signal.REQUESTS)) or (TraefikSignal(Signal.REQUESTS, USUAL_WINDOW_SECONDS),)


def _windows(policies: Iterable[Policy], signal: Signal) -> list[TraefikSignal]:
    sources = {source for policy in policies for source in policy.sources.values()}
    same = [source for source in sources if isinstance(source, TraefikSignal) and source.signal is signal]
    return sorted(same, key=lambda source: source.window_seconds)


def loads(recording: Recording, sources: Iterable[Source]) -> Numbers:
    """Return the load at each instant: of the quickest measure that has one."""
    readings = [recording.readings[source] for source in sources]
    return [
        next((reading.value for reading in each if reading.value is not None), None)
        for each in zip(*readings, strict=True)
    ]


def capacities(stick: Yardstick, replays: Sequence[Replayed]) -> Sequence[float]:
    """Return the load that one replica can take at each instant: as the owner states it, or has learned by then."""
    return [stick.rule.target * instant.capacity_factor for instant in replays[stick.owner].instants]
