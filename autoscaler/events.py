"""What happened, as frozen values: the daemon tells them, observers make metrics, logs and pages of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from autoscaler.core.intervention import NONE, Intervention
from autoscaler.core.model import Decision, Direction
from autoscaler.core.policy import Policy, Rule
from autoscaler.core.schedule import Bounds
from autoscaler.formats import plain


class Action(StrEnum):
    """What was done about a decision; label of `evaluations_total`."""

    UNCHANGED = "unchanged"
    SCALED = "scaled"
    BUSY = "busy"  # an operation of the service is still under way, and this is not just still more of it
    BACKING_OFF = "backing_off"  # the last operation failed, or new replicas die again and again; the next try is later
    DRY_RUN = "dry_run"
    PAUSED = "paused"  # an operator paused the service
    SETTLING = "settling"  # somebody else is changing the service, or does so again and again
    STANDBY = "standby"  # another daemon leads, or it is not known yet who does
    REFUSED = "refused"  # the service cannot be scaled until somebody changes it, its labels or its Compose file
    FAILED = "failed"  # the service could not be observed or decided


@dataclass(frozen=True, slots=True)
class ServiceOutcome:
    """What one cycle did about one service; without a decision, `error` says why; `held`, why it was not acted on."""

    service: str
    action: Action
    decision: Decision | None = None
    error: str | None = None
    held: str | None = None
    traefik_service: str | None = None  # e.g. userservice@docker; None for one that could not be observed
    intervention: Intervention = NONE  # in force


@dataclass(frozen=True, slots=True)
class CycleFinished:
    """One cycle is over. `at` in unix seconds."""

    at: float
    duration_seconds: float
    services: Mapping[str, ServiceOutcome]


@dataclass(frozen=True, slots=True)
class ServicesChanged:
    """From now on these services are evaluated; what is refused asks for it by labels that have a mistake."""

    policies: Mapping[str, Policy]
    refused: Mapping[str, str]  # name -> every problem, by lines


@dataclass(frozen=True, slots=True)
class ConfigLoaded:
    """The policy file was loaded, or refused and the old one stays: `problem` has every mistake, by lines."""

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
    """A replica is ready to serve (direction up), or is gone (direction down)."""

    service: str
    direction: Direction
    replica: str  # container name
    duration_seconds: float


@dataclass(frozen=True, slots=True)
class ReplicaIncomplete:
    """A replica was made, but it may lack something that the others have; `what` is a sentence for the operator."""

    service: str
    replica: str  # container name
    what: str


class DrainEnd(StrEnum):
    """Why a drain was over; label of `drains_total`."""

    IDLE = "idle"  # nobody was connected any more
    TIMEOUT = "timeout"  # its last requests may not have been over
    TAKEN_BACK = "taken_back"  # it is wanted again
    NONE = "none"  # there was no way to drain it


@dataclass(frozen=True, slots=True)
class DrainStarted:
    """A replica is being taken out of Traefik; `how` is a small fixed word (healthcheck, command, signal, http)."""

    service: str
    replica: str
    how: str


@dataclass(frozen=True, slots=True)
class DrainEnded:
    """A replica is about to be stopped, or is taken back; `connections` that were left, None if nobody knows."""

    service: str
    replica: str
    end: DrainEnd
    duration_seconds: float
    connections: int | None = None
    why: str | None = None  # it was taken back, or could not be drained


@dataclass(frozen=True, slots=True)
class OperationFinished:
    """A service has the count that was asked for, or `error` says what went wrong in which stage."""

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
    """What somebody else than the autoscaler did to a service; label of `foreign_changes_total`."""

    SCALED = "scaled"  # replicas were added or removed
    RECREATED = "recreated"  # replaced by others
    RESTARTED = "restarted"  # the same ones, stopped and started
    DIED = "died"  # killed, crashed or out of memory, and not started again
    STOPPED = "stopped"  # none runs any more
    REMOVED = "removed"  # none is there any more
    STARTED = "started"  # after none ran
    CHANGED = "changed"  # anything else, such as paused


@dataclass(frozen=True, slots=True)
class ForeignChange:
    """Somebody else changed a service, it has settled, and the first decision since is made.

    `before` and `after` are the replicas that were meant to run; `desired` is what they are brought to now, the same as
    `after` where the change is taken over, None where nothing was decided. `what` is a sentence for the operator.
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
    """The engine's events are followed, or `problem` says why not; then changes are seen by the next list call only."""

    problem: str | None = None


@dataclass(frozen=True, slots=True)
class LeadershipChanged:
    """The daemon acts on a Compose project from now on, or it does not, and `why`: another leads, or nobody can say.

    With `leads` and a `why` it acts without knowing whether another daemon does, too.
    """

    project: str
    leads: bool
    why: str | None = None
    gone: bool = False  # nothing is decided about the project any more, so that nobody need know who leads it


@dataclass(frozen=True, slots=True)
class Recovered:
    """What an interrupted operation had left behind is put right. `what` was the matter, and what became of it."""

    service: str  # as Compose calls it
    replica: str  # container name
    what: str


class InterventionChange(StrEnum):
    """How a pause or an override came or went."""

    SET = "set"
    RESUMED = "resumed"  # ended by an operator
    ENDED = "ended"  # by itself, at its time
    RESTORED = "restored"  # in force from before a restart


@dataclass(frozen=True, slots=True)
class Intervened:
    """An operator's pause or override of a service came into force, or is over."""

    service: str
    change: InterventionChange
    before: Intervention
    after: Intervention


@dataclass(frozen=True, slots=True)
class StateKept:
    """What operators said will survive a restart, or `problem` says why not."""

    problem: str | None = None


@dataclass(frozen=True, slots=True)
class PrometheusAsked:
    """One request to Prometheus; `error` is None or one word: refused, timeout, http, format, query, partial."""

    duration_seconds: float
    error: str | None = None


@dataclass(frozen=True, slots=True)
class EngineAsked:
    """One request to the Docker engine; `operation` is a small fixed word (list, inspect, create, ...).

    It has `failed` when there was no answer, or a refusal; that something is not there is an answer.
    """

    operation: str
    duration_seconds: float
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Annotated:
    """What became of one annotation for Grafana: sent, failed (`error` says why) or dropped (too many waited)."""

    outcome: str
    error: str | None = None


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
    | EngineAsked
    | Annotated
)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One evaluation of a service, or a run of evaluations that came to the same; then `decision` is the first's.

    Without a decision, `error` says why there is none. Times in unix seconds.
    """

    service: str
    at: float
    last_at: float
    times: int
    action: Action
    error: str | None
    decision: Decision | None
    bounds: Bounds  # as of `at`
    rules: tuple[Rule, ...]
    held: str | None = None  # why the decision was not acted on, in words
    intervention: Intervention = NONE  # of an operator, in force


def evaluation(outcome: ServiceOutcome, policy: Policy, at: float) -> Evaluation:
    """Return the account of what a cycle did about a service at `at` (unix seconds)."""
    return Evaluation(
        service=outcome.service,
        at=at,
        last_at=at,
        times=1,
        action=outcome.action,
        error=outcome.error,
        decision=outcome.decision,
        bounds=policy.bounds_at(at),
        rules=policy.rules,
        held=outcome.held,
        intervention=outcome.intervention,
    )


def plain_evaluation(told: Evaluation) -> dict[str, Any]:
    """Return the account as JSON knows it, the decision's direction included."""
    values: dict[str, Any] = plain(told)
    if told.decision is not None:
        values["decision"]["direction"] = told.decision.direction.value
    return values
