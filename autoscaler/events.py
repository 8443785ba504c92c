"""What happened, as frozen values: the daemon tells them, observers make metrics, logs and pages of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from autoscaler.core.model import Decision, Direction


class Action(StrEnum):
    """What was done about a decision; label of `evaluations_total`."""

    UNCHANGED = "unchanged"
    SCALED = "scaled"
    BUSY = "busy"  # an operation of the service is still under way, and this is not just still more of it
    BACKING_OFF = "backing_off"  # the last operation failed; the next try is later
    DRY_RUN = "dry_run"
    FAILED = "failed"  # the service could not be observed or decided


@dataclass(frozen=True, slots=True)
class ServiceOutcome:
    """What one cycle did about one service; without a decision, `error` says why; `held`, why it was not acted on."""

    service: str
    action: Action
    decision: Decision | None = None
    error: str | None = None
    held: str | None = None


@dataclass(frozen=True, slots=True)
class CycleFinished:
    """One cycle is over. `at` in unix seconds."""

    at: float
    duration_seconds: float
    services: Mapping[str, ServiceOutcome]


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


@dataclass(frozen=True, slots=True)
class PrometheusAsked:
    """One request to Prometheus; `error` is None or one word: refused, timeout, http, format, query, partial."""

    duration_seconds: float
    error: str | None = None


@dataclass(frozen=True, slots=True)
class EngineAsked:
    """One request to the Docker engine; `operation` is a small fixed word (list, inspect, create, ...)."""

    operation: str
    duration_seconds: float
    failed: bool = False


Event = CycleFinished | CycleMissed | ReplicaChanged | OperationFinished | PrometheusAsked | EngineAsked
