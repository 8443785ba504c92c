"""The totals of a replay, as numbers. Every instant represents one step."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from autoscaler.core.model import Reason
from autoscaler.rehearse.backtest.reference_capacity import Numbers
from autoscaler.rehearse.backtest.replay import Instant, Replayed
from autoscaler.rehearse.run import count_reversals


@dataclass(frozen=True, slots=True)
class BlindPeriod:
    """A period without any usable reading, and the missing readings at its start."""

    start: float  # unix seconds
    seconds: float
    missing: str


@dataclass(frozen=True, slots=True)
class Shortage:
    """How long the load exceeded the capacity of the ready replicas, and the share of the load in that time."""

    seconds: float
    of_seconds: float  # with a known load
    load_share: float  # 0 to 1


@dataclass(frozen=True, slots=True)
class Totals:
    """The totals of one service under one policy."""

    seconds: float
    evaluations: int
    changes: int
    reversals: int  # changes in the other direction within 10 minutes
    replica_hours: float
    mean_replicas: float
    least_replicas: int
    most_replicas: int
    real_replica_hours: float | None  # None: the past counts are unknown
    replica_hours_compared: float | None  # of the replay, where the past counts are known
    seconds_at_max: float
    seconds_wanting_more: float  # at the maximum
    shortage: Shortage | None  # None: no rule states a capacity
    blind: tuple[BlindPeriod, ...]
    limit_seconds: Mapping[str, float]  # the longest first
    decisions: Mapping[str, int]  # that changed the count, by reason, the most frequent first

    @property
    def hours(self) -> float:
        return self.seconds / 3600.0


def total(
    replayed: Replayed,
    *,
    step_seconds: float,
    real: Sequence[int | None],
    loads: Numbers = (),
    capacities: Sequence[float] = (),
) -> Totals:
    """Return the totals of a replay of at least one instant; all sequences have one entry per instant.

    `real` are the past replica counts; `loads` and `capacities` have the same unit, the latter for one replica.
    """
    instants = replayed.instants
    counts = [instant.replicas for instant in instants]
    known = [(count, then) for count, then in zip(counts, real, strict=True) if then is not None]
    hours = step_seconds / 3600.0
    held = Counter(limit.value for instant in instants for limit in set(instant.limits))
    at_max = [instant for instant in instants if instant.replicas >= instant.high]
    return Totals(
        seconds=len(instants) * step_seconds,
        evaluations=len(instants),
        changes=len(replayed.decisions),
        reversals=count_reversals(replayed.decisions),
        replica_hours=sum(counts) * hours,
        mean_replicas=sum(counts) / len(counts),
        least_replicas=min(counts),
        most_replicas=max(counts),
        real_replica_hours=sum(then for _, then in known) * hours if known else None,
        replica_hours_compared=sum(count for count, _ in known) * hours if known else None,
        seconds_at_max=len(at_max) * step_seconds,
        seconds_wanting_more=sum(instant.reason is Reason.AT_MAX for instant in at_max) * step_seconds,
        shortage=_shortage(instants, loads, capacities, step_seconds) if capacities else None,
        blind=_blind(instants, step_seconds),
        limit_seconds={limit: count * step_seconds for limit, count in held.most_common()},
        decisions=dict(Counter(decision.reason.value for decision in replayed.decisions).most_common()),
    )


def _shortage(
    instants: Sequence[Instant], loads: Numbers, capacities: Sequence[float], step_seconds: float
) -> Shortage | None:
    rows = zip(instants, loads, capacities, strict=True)
    known = [(load, instant.ready * each) for instant, load, each in rows if load is not None]
    if not known:
        return None
    short = [load for load, capacity in known if load > capacity]
    whole = sum(load for load, _ in known)
    return Shortage(len(short) * step_seconds, len(known) * step_seconds, sum(short) / whole if whole else 0.0)


def _blind(instants: Sequence[Instant], step_seconds: float) -> tuple[BlindPeriod, ...]:
    stretches = (list(group) for blind, group in groupby(instants, lambda instant: instant.blind != "") if blind)
    return tuple(BlindPeriod(each[0].at, len(each) * step_seconds, each[0].blind) for each in stretches)
