"""A policy replayed over a recorded past: what would have been decided when. Open loop: the past does not answer."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from autoscaler.core.budget import within_budget
from autoscaler.core.memory import Memory
from autoscaler.core.model import Decision, Direction, Limit, Observation, Reason, Replicas
from autoscaler.core.policy import Policy
from autoscaler.core.replay import replay
from autoscaler.rehearse.backtest.recording import Recording, seen_with

_PROGRESS_INSTANTS = 500


@dataclass(frozen=True, slots=True)
class Instant:
    """The replayed service just after a decision."""

    at: float
    replicas: int  # asked for
    ready: int
    high: int  # the most that were allowed
    reason: Reason
    limits: tuple[Limit, ...]
    capacity_factor: float  # learned: real over stated load per replica
    blind: str = ""  # the readings that were missing, when there was none at all


@dataclass(frozen=True, slots=True)
class Replayed:
    """One service under one policy: every instant, and the decisions that changed the count."""

    policy: Policy
    instants: Sequence[Instant]
    decisions: Sequence[Decision]


@dataclass(slots=True)
class Supply:
    """The replicas that there would be. As with the daemon, while new ones start only still more are begun."""

    start_delay_seconds: float
    ready: int
    starting: list[tuple[float, int]] = field(default_factory=list)  # when, and to how many; ascending

    def at(self, now: float) -> Replicas:
        """Return the replicas as they are at `now`."""
        while self.starting and now >= self.starting[0][0]:
            _, self.ready = self.starting.pop(0)
        requested = self.starting[-1][1] if self.starting else None
        return Replicas(self.ready if requested is None else requested, self.ready, requested)

    def follow(self, decision: Decision) -> bool:
        """Begin what was decided; return whether that changes the count."""
        if decision.direction is Direction.NONE or (self.starting and decision.direction is Direction.DOWN):
            return False
        if decision.direction is Direction.UP:
            self.starting.append((decision.at + self.start_delay_seconds, decision.desired))
        else:
            self.ready = decision.desired
        return True


class Player:
    """One service going through its past under one policy, from the first measured instant on.

    It begins with the replicas of then, or else with the fewest allowed.
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
        """Decide the next instant."""
        decision, self._memory = next(self._steps)
        return decision

    def follow(self, decision: Decision) -> None:
        """Act on that decision, or on what a budget left of it, and go on."""
        if self._supply.follow(decision):
            self._decisions.append(decision)
        replicas = self._supply.at(decision.at)
        blind = missing(decision) if self._memory.blind_since is not None else ""
        self._instants.append(_instant(decision, replicas, blind))
        self.index += 1

    def replayed(self) -> Replayed:
        """Return what has come of it so far."""
        return Replayed(self._policy, tuple(self._instants), tuple(self._decisions))

    def _observations(self) -> Iterator[tuple[float, Observation]]:
        while self.index < len(self._recording.instants):
            at = self._recording.instants[self.index]
            replicas = self._supply.at(at)
            yield at, Observation(replicas, seen_with(self._policy, self._recording, self.index, replicas.ready))


def _instant(decision: Decision, replicas: Replicas, blind: str) -> Instant:
    sizing = decision.sizing
    return Instant(
        decision.at,
        replicas.count,
        replicas.ready,
        decision.high,
        decision.reason,
        tuple(limit.limit for limit in decision.limits),
        1.0 if sizing is None else sizing.capacity_factor,
        blind,
    )


def missing(decision: Decision) -> str:
    """Name the rules without a usable reading, and why they have none."""
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
    """Replay all services side by side, so that they share a budget of replicas as they would have.

    All recordings have the same instants. `progress` is told the share that is done, 0 to 1. A service without a memory
    begins with an empty one.
    """
    known = memories or {}
    players = {
        name: Player(policy, recording, start_delay_seconds, known.get(name, Memory()))
        for name, (policy, recording) in services.items()
    }
    count = max((len(recording.instants) for _, recording in services.values()), default=0)
    for index in range(count):
        decisions = {name: each.decide() for name, each in players.items() if each.index == index}
        if max_replicas_total is not None:
            decisions = within_budget(decisions, max_replicas_total)
        for name, decision in decisions.items():
            players[name].follow(decision)
        if index % _PROGRESS_INSTANTS == 0:
            progress(index / count)
    progress(1.0)
    return {name: each.replayed() for name, each in players.items()}
