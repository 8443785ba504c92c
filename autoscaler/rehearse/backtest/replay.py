"""Replays a policy over a recorded past. Open loop: the past does not react to decisions."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from autoscaler.core.budget import within_budget
from autoscaler.core.memory import Memory
from autoscaler.core.model import Decision, Direction, Limit, Observation, Reason, Replicas
from autoscaler.core.policy import Policy
from autoscaler.core.replay import replay
from autoscaler.rehearse.backtest.recording import Recording, readings_with

_PROGRESS_INSTANTS = 500


@dataclass(frozen=True, slots=True)
class Instant:
    """The replayed service just after a decision."""

    at: float
    replicas: int  # requested
    ready: int
    high: int  # the maximum then
    reason: Reason
    limits: tuple[Limit, ...]
    capacity_factor: float  # learned: real over stated load per replica
    blind: str = ""  # the missing readings, while none was usable


@dataclass(frozen=True, slots=True)
class Replayed:
    """One service under one policy: every instant, and the decisions that changed the count."""

    policy: Policy
    instants: Sequence[Instant]
    decisions: Sequence[Decision]


@dataclass(slots=True)
class Supply:
    """The simulated replicas. As in the daemon, while new replicas start only further ones can be added."""

    start_delay_seconds: float
    ready: int
    starting: list[tuple[float, int]] = field(default_factory=list)  # the time, and the count from then on; ascending

    def at(self, now: float) -> Replicas:
        """Return the replicas at `now`."""
        while self.starting and now >= self.starting[0][0]:
            _, self.ready = self.starting.pop(0)
        requested = self.starting[-1][1] if self.starting else None
        return Replicas(self.ready if requested is None else requested, self.ready, requested)

    def follow(self, decision: Decision) -> bool:
        """Apply the decision; return whether the count changes."""
        if decision.direction is Direction.NONE or (self.starting and decision.direction is Direction.DOWN):
            return False
        if decision.direction is Direction.UP:
            self.starting.append((decision.at + self.start_delay_seconds, decision.desired))
        else:
            self.ready = decision.desired
        return True


class ServiceReplay:
    """The replay of one service under one policy, from the first measured instant on.

    It starts with the past replica count, or else with the minimum.
    """

    def __init__(self, policy: Policy, recording: Recording, start_delay_seconds: float, memory: Memory) -> None:
        self.index = self.first = recording.first
        self._policy = policy
        self._recording = recording
        known = recording.replicas[self.first] if self.first < len(recording.instants) else None
        self._supply = Supply(start_delay_seconds, known or policy.min_replicas)
        self._steps = iter(replay(policy, self._observations(), memory))
        self._memory = memory
        self._instants: list[Instant] = []
        self._decisions: list[Decision] = []

    def decide(self) -> Decision:
        """Return the decision of the next instant."""
        decision, self._memory = next(self._steps)
        return decision

    def follow(self, decision: Decision) -> None:
        """Apply that decision, as cut by the budget, and advance."""
        if self._supply.follow(decision):
            self._decisions.append(decision)
        replicas = self._supply.at(decision.at)
        instant = Instant(
            decision.at,
            replicas.count,
            replicas.ready,
            decision.high,
            decision.reason,
            tuple(limit.limit for limit in decision.limits),
            capacity_factor=1.0 if decision.sizing is None else decision.sizing.capacity_factor,
            blind=_missing(decision) if self._memory.blind_since is not None else "",
        )
        self._instants.append(instant)
        self.index += 1

    def replayed(self) -> Replayed:
        """Return the result so far."""
        return Replayed(self._policy, tuple(self._instants), tuple(self._decisions))

    def _observations(self) -> Iterator[tuple[float, Observation]]:
        while self.index < len(self._recording.instants):
            at = self._recording.instants[self.index]
            replicas = self._supply.at(at)
            yield at, Observation(replicas, readings_with(self._policy, self._recording, self.index, replicas.ready))


def _missing(decision: Decision) -> str:
    """Return the rules without a usable reading, with the kind of each reading."""
    return ", ".join(
        f"{proposal.rule} ({proposal.reading.kind})" for proposal in decision.proposals if proposal.replicas is None
    )


def backtest(
    services: Mapping[str, tuple[Policy, Recording]],
    *,
    start_delay_seconds: float,
    max_replicas_total: int | None,
    progress: Callable[[float], None],
    memories: Mapping[str, Memory] | None = None,
) -> dict[str, Replayed]:
    """Replay all services together, so that they share a replica budget.

    All recordings have the same instants. `progress` receives the completed share, 0 to 1. A service without a memory
    starts with an empty one.
    """
    known = memories or {}
    replays = {
        name: ServiceReplay(policy, recording, start_delay_seconds, known.get(name, Memory()))
        for name, (policy, recording) in services.items()
    }
    count = max((len(recording.instants) for _, recording in services.values()), default=0)
    for index in range(count):
        decisions = {name: each.decide() for name, each in replays.items() if each.index == index}
        if max_replicas_total is not None:
            decisions = within_budget(decisions, max_replicas_total)
        for name, decision in decisions.items():
            replays[name].follow(decision)
        if index % _PROGRESS_INSTANTS == 0:
            progress(index / count)
    progress(1.0)
    return {name: each.replayed() for name, each in replays.items()}
