"""Events as frozen values: the daemon emits them, observers turn them into metrics, logs and pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from autoscaler.core.intervention import NONE, Intervention
from autoscaler.core.model import Decision, Direction, Reason
from autoscaler.core.policy import Policy, Rule
from autoscaler.core.schedule import Bounds
from autoscaler.formats import plain


class Action(StrEnum):
    """How a decision was handled; label of `evaluations_total`."""

    UNCHANGED = "unchanged"
    SCALED = "scaled"
    BUSY = "busy"  # an operation of the service is in progress, and this decision does not only extend it
    BACKING_OFF = "backing_off"  # the last operation failed, or new replicas die repeatedly; the next try is later
    DRY_RUN = "dry_run"
    PAUSED = "paused"  # an operator paused the service
    SETTLING = "settling"  # a foreign change is not over, or foreign changes repeat
    STANDBY = "standby"  # another daemon holds the lease, or its holder is not known yet
    REFUSED = "refused"  # the service cannot be scaled until it, its labels or its Compose file are changed
    FAILED = "failed"  # the service could not be observed or decided


class Condition(StrEnum):
    """The state of a service in one word, worst first: of several that apply, the first is said."""

    FAILING = "failing"  # it cannot be observed, its last operation failed, or its new replicas die
    REFUSED = "refused"  # it cannot be scaled until it, its labels or its Compose file are changed
    BLIND = "blind"  # no rule has a usable reading
    STANDBY = "standby"  # another daemon leads, or the leader is not known yet
    PAUSED = "paused"  # by an operator
    SETTLING = "settling"  # a foreign change is not over, or foreign changes repeat
    HOLDING = "holding"  # the rules want another count; a limit, an operator or the dry run holds this one
    OK = "ok"

    @property
    def alarming(self) -> bool:
        """Whether the service is not scaled as its load needs."""
        return self in {Condition.FAILING, Condition.REFUSED, Condition.BLIND}

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return list(Condition).index(self)


_CONDITION_OF: Mapping[Action, Condition] = {
    Action.FAILED: Condition.FAILING,
    Action.BACKING_OFF: Condition.FAILING,
    Action.REFUSED: Condition.REFUSED,
    Action.STANDBY: Condition.STANDBY,
    Action.PAUSED: Condition.PAUSED,
    Action.SETTLING: Condition.SETTLING,
    Action.DRY_RUN: Condition.HOLDING,
}

_FREE = {  # the count is what the rules want, or goes there
    Reason.ABOVE_TARGET,
    Reason.BELOW_TARGET,
    Reason.BELOW_MIN,
    Reason.ABOVE_MAX,
    Reason.AT_MIN,
    Reason.HEADROOM,
    Reason.SEASONAL,
    Reason.STEADY,
    Reason.SURGING,
    Reason.WITHIN_TOLERANCE,
}


@dataclass(frozen=True, slots=True)
class ServiceOutcome:
    """The result of one cycle for one service; `error`: why there is no decision; `held`: why it was not acted on."""

    service: str
    action: Action
    decision: Decision | None = None
    error: str | None = None
    held: str | None = None
    traefik_service: str | None = None  # e.g. userservice@docker; None for a service that could not be observed
    intervention: Intervention = NONE  # in force
    holds: frozenset[Action] = frozenset()  # what would stop a change, whether or not one is wanted

    @property
    def condition(self) -> Condition:
        """The worst condition that applies."""
        found = {_CONDITION_OF[each] for each in (self.action, *self.holds) if each in _CONDITION_OF}
        if self.decision is not None and self.decision.reason not in _FREE:
            found.add(Condition.HOLDING)
        if self.decision is not None and self.decision.blind and self.decision.reason is not Reason.STOPPED:
            found.add(Condition.BLIND)
        return min(found, key=lambda each: each.rank, default=Condition.OK)


@dataclass(frozen=True, slots=True)
class CycleFinished:
    """One cycle is over. `at` in unix seconds."""

    at: float
    duration_seconds: float
    services: Mapping[str, ServiceOutcome]


@dataclass(frozen=True, slots=True)
class ServicesChanged:
    """The services that are evaluated from now on; `refused` ones have a mistake in their labels."""

    policies: Mapping[str, Policy]
    refused: Mapping[str, str]  # name -> its problems, one a line


@dataclass(frozen=True, slots=True)
class ConfigLoaded:
    """The policy file was loaded, or refused and the old one stays in force: `problem` has its mistakes, one a line."""

    at: float
    cause: str
    interval_seconds: float | None = None  # as loaded
    dry_run: bool | None = None  # as loaded
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class CycleMissed:
    """A cycle was skipped because the one before was still running."""

    count: int = 1


@dataclass(frozen=True, slots=True)
class ReplicaChanged:
    """A replica is ready to serve (direction up), or was removed (direction down)."""

    service: str
    direction: Direction
    replica: str  # container name
    duration_seconds: float


@dataclass(frozen=True, slots=True)
class ReplicaIncomplete:
    """A replica was created, but may lack something that the others have; `what` is a sentence for the operator."""

    service: str
    replica: str  # container name
    what: str


class DrainEnd(StrEnum):
    """Why a drain ended; label of `drains_total`."""

    IDLE = "idle"  # no connection was left
    TIMEOUT = "timeout"  # its last requests may not have finished
    TAKEN_BACK = "taken_back"  # the replica is wanted again
    NONE = "none"  # the replica could not be drained


@dataclass(frozen=True, slots=True)
class DrainStarted:
    """A replica is being taken out of Traefik; `how` is one of healthcheck, command, signal, http."""

    service: str
    replica: str
    how: str


@dataclass(frozen=True, slots=True)
class DrainEnded:
    """A replica is about to be stopped, or is taken back; `connections` that were left, None if unknown."""

    service: str
    replica: str
    end: DrainEnd
    duration_seconds: float
    connections: int | None = None
    why: str | None = None  # the replica was taken back, or could not be drained


@dataclass(frozen=True, slots=True)
class OperationFinished:
    """An operation reached the requested count, or failed at `stage` with `error`."""

    service: str
    direction: Direction
    reason: str
    before: int
    after: int
    at: float
    duration_seconds: float
    error: str | None = None
    stage: str | None = None


class Foreign(StrEnum):
    """The kind of a foreign change; label of `foreign_changes_total`."""

    SCALED = "scaled"  # replicas were added or removed
    RECREATED = "recreated"  # replaced by others
    RESTARTED = "restarted"  # the same replicas, stopped and started
    DIED = "died"  # killed, crashed or out of memory, and not started again
    STOPPED = "stopped"  # no replica runs any more
    REMOVED = "removed"  # no replica exists any more
    STARTED = "started"  # after no replica ran
    CHANGED = "changed"  # anything else, such as paused


@dataclass(frozen=True, slots=True)
class ForeignChange:
    """A foreign change has settled, and the first decision after it is made.

    `before` and `after` are the counts meant to run; `desired` is the count decided now: `after` where the change is
    accepted, None without a decision. `what` is a sentence for the operator.
    """

    service: str
    kind: Foreign
    before: int
    after: int
    desired: int | None
    action: Action
    what: str


@dataclass(frozen=True, slots=True)
class WatchChanged:
    """The engine's events are followed, or not because of `problem`; then only the next list call finds changes."""

    problem: str | None = None


@dataclass(frozen=True, slots=True)
class LeadershipChanged:
    """The daemon gained the lease of a Compose project, or not, and `why`: another daemon holds it, or it is unknown.

    With `leads` and a `why` it acts without knowing whether another daemon does, too.
    """

    project: str
    leads: bool
    why: str | None = None
    gone: bool = False  # no service of the project is evaluated any more


@dataclass(frozen=True, slots=True)
class Recovered:
    """A leftover of an interrupted operation was cleaned up. `what` is a sentence for the operator."""

    service: str  # as Compose calls it
    replica: str  # container name
    what: str


class InterventionChange(StrEnum):
    """How a pause or an override started or ended."""

    SET = "set"
    RESUMED = "resumed"  # ended by an operator
    ENDED = "ended"  # at its time
    RESTORED = "restored"  # still in force after a restart


@dataclass(frozen=True, slots=True)
class Intervened:
    """An operator's pause or override of a service started or ended."""

    service: str
    change: InterventionChange
    before: Intervention
    after: Intervention


@dataclass(frozen=True, slots=True)
class StateKept:
    """Interventions are saved for a restart, or not because of `problem`."""

    problem: str | None = None


@dataclass(frozen=True, slots=True)
class PrometheusAsked:
    """One request to Prometheus; `error` is None or one of refused, timeout, http, format, query, partial."""

    duration_seconds: float
    error: str | None = None


@dataclass(frozen=True, slots=True)
class TraefikListed:
    """The services that Traefik's API lists as enabled; `problem` says why there is no answer."""

    services: frozenset[str]
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class EngineAsked:
    """One request to the Docker engine; `operation` is one of a small fixed set (list, inspect, create, ...).

    `failed`: no answer, or a refusal. "Not found" is an answer.
    """

    operation: str
    duration_seconds: float
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Annotated:
    """The outcome of one annotation for Grafana: sent, failed (with `error`) or dropped (too many waited)."""

    outcome: str
    error: str | None = None


@dataclass(frozen=True, slots=True)
class ViewChanged:
    """Whether Traefik's view is used to drain replicas; `problem` is why it is not, though it is set up."""

    problem: str | None = None


Event = (
    CycleFinished
    | ServicesChanged
    | ConfigLoaded
    | CycleMissed
    | ReplicaChanged
    | DrainStarted
    | DrainEnded
    | ReplicaIncomplete
    | OperationFinished
    | ForeignChange
    | WatchChanged
    | LeadershipChanged
    | Recovered
    | Intervened
    | StateKept
    | PrometheusAsked
    | TraefikListed
    | EngineAsked
    | Annotated
    | ViewChanged
)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One evaluation of a service, or a run of evaluations with the same result; then `decision` is the first's.

    `error`: why there is no decision. Times in unix seconds.
    """

    service: str
    at: float
    last_at: float
    times: int
    action: Action
    condition: Condition
    error: str | None
    decision: Decision | None
    bounds: Bounds  # as of `at`
    rules: tuple[Rule, ...]
    held: str | None = None  # why the decision was not acted on, in words
    intervention: Intervention = NONE  # of an operator, in force


def evaluation(outcome: ServiceOutcome, policy: Policy, at: float) -> Evaluation:
    """Return the evaluation of a service in the cycle at `at` (unix seconds)."""
    return Evaluation(
        service=outcome.service,
        at=at,
        last_at=at,
        times=1,
        action=outcome.action,
        condition=outcome.condition,
        error=outcome.error,
        decision=outcome.decision,
        bounds=policy.bounds_at(at),
        rules=policy.rules,
        held=outcome.held,
        intervention=outcome.intervention,
    )


def plain_evaluation(entry: Evaluation) -> dict[str, Any]:
    """Return the evaluation as JSON values, with the decision's direction."""
    values: dict[str, Any] = plain(entry)
    if entry.decision is not None:
        values["decision"]["direction"] = entry.decision.direction.value
    return values
