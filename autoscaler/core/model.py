"""The values that flow through a decision: reading, proposal, limit, decision, memory. All frozen."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class ReadingKind(StrEnum):
    """Whether there is a value, and if not, why. "No answer" is never 0."""

    VALUE = "value"
    UNSEEN = "unseen"  # nothing proves that the service is idle, and nothing measures it
    EMPTY = "empty"  # the query matched nothing
    NAN = "nan"
    INF = "inf"
    STALE = "stale"  # the value is too old
    MANY = "many"  # several series where one was expected
    ERROR = "error"  # no answer, or a faulty one


@dataclass(frozen=True, slots=True)
class Reading:
    """One measured value in the rule's unit, or the named reason why there is none."""

    kind: ReadingKind
    value: float | None = None  # finite; set exactly when kind is VALUE
    age_seconds: float | None = None
    note: str = ""  # for the operator: the fault, or how the value was derived
    partial: bool = False  # samples cover a part of the window only: the true value may be higher

    @classmethod
    def of(cls, value: float, *, age_seconds: float | None = None, note: str = "", partial: bool = False) -> "Reading":
        """A usable reading."""
        return cls(ReadingKind.VALUE, value, age_seconds, note, partial)

    @property
    def full_value(self) -> float | None:
        """The value, unless samples cover only a part of its window: for what must not be learned from too low ones."""
        return None if self.partial else self.value


@dataclass(frozen=True, slots=True)
class Replicas:
    """The replica counts of a service: existing, ready, and requested by an operation in progress."""

    current: int
    ready: int
    requested: int | None = None

    @property
    def count(self) -> int:
        """The count that decisions start from (HPA's spec.replicas): the requested one, or the existing one."""
        return self.current if self.requested is None else self.requested


@dataclass(frozen=True, slots=True)
class Observation:
    """The state of one service at one instant; `readings` by rule name."""

    replicas: Replicas
    readings: Mapping[str, Reading]

    def value(self, name: str) -> float | None:
        """Return the value of that reading over its whole window, or None if there is none."""
        reading = self.readings.get(name)
        return None if reading is None else reading.full_value


@dataclass(frozen=True, slots=True)
class Override:
    """The count that an operator sets in place of the rules, until a time in unix seconds."""

    replicas: int
    until: float


@dataclass(frozen=True, slots=True)
class Proposal:
    """The count that one rule wants; `replicas` is None if its reading is not usable."""

    rule: str
    reading: Reading
    target: float
    replicas: int | None = None
    ratio: float | None = None  # value / target; 1.0 is on target; None for steps
    unheld: int | None = None  # the count without tolerance and warm-up
    held_by: "Limit | None" = None  # which of the two applied
    burst: bool = False  # taken from the short window
    cap: bool = False  # `replicas` is a maximum
    blocks: bool = False  # its reading is missing, so nothing is lowered


class Limit(StrEnum):
    """What may change a proposal before it becomes a decision; label of `limited_total`."""

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
    """One limit that changed the count, and how."""

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
        """The direction of a change of the count."""
        return cls.NONE if before == after else cls.UP if after > before else cls.DOWN


class Reason(StrEnum):
    """Why a decision was made; documented in docs/decisions.md, label of the metrics."""

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
    UNSEEN = "unseen"
    BLIND = "blind"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Estimate:
    """The state of one learned part of the sizing: whether it is used, and why, in words."""

    name: str  # capacity, headroom or season
    trusted: bool
    note: str


@dataclass(frozen=True, slots=True)
class Sizing:
    """How the sized rule turns load into replicas now."""

    rule: str
    stated: float  # load per replica of the policy
    capacity_factor: float = 1.0  # learned: the load that a replica serves within the objective, over `stated`
    sure_load: float | None = None  # the load that chance does not explain, which counts; None: the reading does
    reserve: float = 0.0  # learned: the load to be ready for, independent of the present load
    reserve_note: str = ""  # how it was derived
    hold_seconds: float | None = None  # how long the highest recommendation is kept; None: the policy's window
    floor: int = 0  # learned: the need of an onset at this time of the hour or day
    estimates: tuple[Estimate, ...] = ()

    @property
    def per_replica(self) -> float:
        """The rule's target load per replica."""
        return self.stated * self.capacity_factor


@dataclass(frozen=True, slots=True)
class Decision:
    """The count that a service should have, its reason, and everything that led to it."""

    service: str
    at: float  # unix seconds
    replicas: Replicas
    desired: int
    reason: Reason
    sentence: str
    proposals: tuple[Proposal, ...] = ()
    winner: str | None = None  # the rule that wants the most
    limits: tuple[AppliedLimit, ...] = ()
    low: int = 0  # the present bounds
    high: int = 0
    sizing: Sizing | None = None
    reversals: int = 0  # changes of direction within the policy's period
    override: Override | None = None  # in force
    blind: bool = False  # no rule that can raise has a usable reading

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
    ready_at: float | None = None  # None: some replicas are not ready yet
