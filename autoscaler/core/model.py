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

    def value(self, name: str) -> float | None:
        """The number of that reading, or None when there is none."""
        reading = self.readings.get(name)
        return None if reading is None else reading.value


@dataclass(frozen=True, slots=True)
class Override:
    """The count that an operator wants instead of what the rules want, until a time in unix seconds."""

    replicas: int
    until: float


@dataclass(frozen=True, slots=True)
class Proposal:
    """What one rule wants; `replicas` is None when its reading is not usable."""

    rule: str
    reading: Reading
    target: float
    replicas: int | None = None
    ratio: float | None = None  # value / target; 1.0 is on target; None for steps
    unheld: int | None = None  # what it would want without tolerance and warm-up
    held_by: "Limit | None" = None  # which of the two held it
    burst: bool = False  # taken from the short window
    cap: bool = False  # `replicas` is the most that there may be
    blocks: bool = False  # its reading is missing, and without it nothing is lowered


class Limit(StrEnum):
    """What may change a proposal on its way to a decision; label of `limited_total`."""

    TOLERANCE = "tolerance"
    WARM_UP = "warm_up"
    MISSING_READING = "missing_reading"
    NOT_READY = "not_ready"
    PROJECTION = "projection"
    BURST = "burst"
    HEADROOM = "headroom"
    SEASON = "season"
    CAP = "cap"
    BOUNDS = "bounds"
    STABILIZATION = "stabilization"
    SURGE = "surge"
    RATE = "rate"
    REVERSALS = "reversals"
    BUDGET = "budget"


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

    @classmethod
    def between(cls, before: int, after: int) -> "Direction":
        """Which way a change of a count goes."""
        return cls.NONE if before == after else cls.UP if after > before else cls.DOWN


class Reason(StrEnum):
    """Why the decision is what it is; documented in docs/decisions.md, label of the metrics."""

    ABOVE_TARGET = "above_target"
    BELOW_TARGET = "below_target"
    BELOW_MIN = "below_min"
    ABOVE_MAX = "above_max"
    BLIND_FALLBACK = "blind_fallback"
    OVERRIDE = "override"
    SEASONAL = "seasonal"
    HEADROOM = "headroom"
    SURGING = "surging"
    STEADY = "steady"
    WITHIN_TOLERANCE = "within_tolerance"
    AT_MIN = "at_min"
    AT_MAX = "at_max"
    CAPPED = "capped"
    WARMING_UP = "warming_up"
    PROJECTED = "projected"
    BURSTING = "bursting"
    STABILIZING = "stabilizing"
    RATE_LIMITED = "rate_limited"
    REVERSING = "reversing"
    OVER_BUDGET = "over_budget"
    MISSING_READING = "missing_reading"
    NOT_READY = "not_ready"
    BLIND = "blind"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Estimate:
    """What was learned about one learned part of the sizing: is it used, and why (not), in words."""

    name: str  # capacity, headroom or season
    trusted: bool
    note: str


@dataclass(frozen=True, slots=True)
class Sizing:
    """How the sized rule turns load into replicas now."""

    rule: str
    stated: float  # load per replica as the policy says it
    capacity_factor: float = 1.0  # learned: what a replica really serves within the goal, over `stated`
    reserve: float = 0.0  # learned: the load to be ready for, whatever the load is now
    reserve_note: str = ""  # how it came about
    hold_seconds: float | None = None  # learned: how long the most that was wanted is kept; None: as the policy says
    floor: int = 0  # learned: what this time of the hour, day or week will need
    estimates: tuple[Estimate, ...] = ()

    @property
    def per_replica(self) -> float:
        """The load per replica that the rule aims at."""
        return self.stated * self.capacity_factor


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
    low: int = 0  # the bounds as they are now
    high: int = 0
    sizing: Sizing | None = None
    reversals: int = 0  # changes of direction within the policy's period
    override: Override | None = None  # in force

    @property
    def direction(self) -> Direction:
        return Direction.between(self.replicas.count, self.desired)


@dataclass(frozen=True, slots=True)
class Moment:
    """A replica count, or a change of it, at a time in unix seconds."""

    at: float
    replicas: int


@dataclass(frozen=True, slots=True)
class Change:
    """The latest change of the count: when it was decided, and when all replicas were ready."""

    decided_at: float
    raised: bool
    ready_at: float | None = None  # None: some are not ready yet
