"""The values that flow through a decision: reading, proposal, limit, decision, memory. All frozen."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class ReadingKind(StrEnum):
    """Whether there is a number, and why not. "No answer" is never 0."""

    VALUE = "value"
    EMPTY = "empty"  # the query matched nothing
    NAN = "nan"
    INF = "inf"
    STALE = "stale"  # a number, but too old
    MANY = "many"  # several series where one was expected
    ERROR = "error"  # no answer, or a wrong one


@dataclass(frozen=True, slots=True)
class Reading:
    """One measured value in the rule's unit, or the named reason why there is none."""

    kind: ReadingKind
    value: float | None = None  # finite; set exactly when kind is VALUE
    age_seconds: float | None = None
    note: str = ""  # for people: what was wrong, or how the value came about

    @classmethod
    def of(cls, value: float, *, age_seconds: float | None = None, note: str = "") -> "Reading":
        """A usable reading."""
        return cls(ReadingKind.VALUE, value, age_seconds, note)


@dataclass(frozen=True, slots=True)
class Replicas:
    """How many replicas there are: existing, ready, and asked for by an operation still under way."""

    current: int
    ready: int
    requested: int | None = None

    @property
    def count(self) -> int:
        """The count that decisions start from (HPA's spec.replicas): what was asked for, or what exists."""
        return self.current if self.requested is None else self.requested


@dataclass(frozen=True, slots=True)
class Observation:
    """What was seen of one service at one instant; `readings` by rule name."""

    replicas: Replicas
    readings: Mapping[str, Reading]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What one rule wants; `replicas` is None when its reading is not usable."""

    rule: str
    reading: Reading
    target: float
    replicas: int | None = None
    ratio: float | None = None  # value / target; 1.0 is on target
    untolerated: int | None = None  # what it would want without the tolerance


class Limit(StrEnum):
    """What may change a proposal on its way to a decision; label of `limited_total`."""

    TOLERANCE = "tolerance"
    MISSING_READING = "missing_reading"
    NOT_READY = "not_ready"
    STABILIZATION = "stabilization"
    RATE = "rate"
    BOUNDS = "bounds"


@dataclass(frozen=True, slots=True)
class AppliedLimit:
    """One limit that changed the number, and how."""

    limit: Limit
    before: int
    after: int
    note: str


class Direction(StrEnum):
    UP = "up"
    DOWN = "down"
    NONE = "none"


class Reason(StrEnum):
    """Why the decision is what it is; documented in docs/decisions.md, label of the metrics."""

    ABOVE_TARGET = "above_target"
    BELOW_TARGET = "below_target"
    BELOW_MIN = "below_min"
    ABOVE_MAX = "above_max"
    BLIND_FALLBACK = "blind_fallback"
    STEADY = "steady"
    WITHIN_TOLERANCE = "within_tolerance"
    AT_MIN = "at_min"
    AT_MAX = "at_max"
    STABILIZING = "stabilizing"
    RATE_LIMITED = "rate_limited"
    MISSING_READING = "missing_reading"
    NOT_READY = "not_ready"
    BLIND = "blind"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Decision:
    """The count that a service should have, and everything that led to it."""

    service: str
    at: float  # unix seconds
    replicas: Replicas
    desired: int
    reason: Reason
    sentence: str
    proposals: tuple[Proposal, ...] = ()
    winner: str | None = None  # the rule that wants the most
    limits: tuple[AppliedLimit, ...] = ()

    @property
    def direction(self) -> Direction:
        if self.desired == self.replicas.count:
            return Direction.NONE
        return Direction.UP if self.desired > self.replicas.count else Direction.DOWN


@dataclass(frozen=True, slots=True)
class Moment:
    """A replica count, or a change of it, at a time in unix seconds."""

    at: float
    replicas: int


@dataclass(frozen=True, slots=True)
class Memory:
    """What a decision must know of the past; bounded by the policy's horizon."""

    recommendations: tuple[Moment, ...] = ()  # unstabilized, oldest first
    changes: tuple[Moment, ...] = ()  # replicas added (> 0) or removed (< 0)
    last_seen: Moment | None = None  # the count at the last decision
    blind_since: float | None = None
