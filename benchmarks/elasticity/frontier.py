"""What the rows say: the cheapest setting of each policy that keeps the objective, and ours beside the best peer."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.elasticity.lineup import ORACLE, OURS, PEERS
from benchmarks.elasticity.scores import Scores

MOST_VIOLATIONS_PCT = 1.0


@dataclass(frozen=True, slots=True)
class Row:
    """One run."""

    trace: str
    policy: str
    target: float
    start_s: float
    peak_replicas: int
    seed: int
    scores: Scores

    def flat(self) -> dict[str, Any]:
        """The row as it stands in the JSON."""
        head = {name: value for name, value in asdict(self).items() if name != "scores"}
        return head | {name: round(value, 5) for name, value in asdict(self.scores).items()}


def frontier(rows: Sequence[Row]) -> dict[str, dict[str, Row]]:
    """Return, by trace and policy, the cheapest row with few enough violations, or the one with the fewest."""
    by_policy: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        by_policy[row.trace][row.policy].append(row)
    return {trace: {name: cheapest(found) for name, found in names.items()} for trace, names in by_policy.items()}


def cheapest(rows: Sequence[Row]) -> Row:
    """Return the cheapest row that keeps the objective, or the one with the fewest violations."""
    keeping = [row for row in rows if keeps(row)]
    if keeping:
        return min(keeping, key=lambda row: row.scores.cost_ratio)
    return min(rows, key=lambda row: (row.scores.slo_violation_pct, row.scores.cost_ratio))


def keeps(row: Row) -> bool:
    """Return whether it has few enough violations."""
    return row.scores.slo_violation_pct <= MOST_VIOLATIONS_PCT


@dataclass(frozen=True, slots=True)
class Verdict:
    """Ours against the best peer on one trace; a ratio below 1 is in our favour, None cannot be told."""

    trace: str
    ours: Row
    peer: Row
    oracle: Row
    cost: float | None  # where both keep the objective
    violations: float | None  # at no higher cost than the peer's, where no peer keeps it
    adaptations: float | None  # against KPA's


def verdicts(rows: Sequence[Row]) -> list[Verdict]:
    """Return one verdict a trace."""
    return [_verdict(trace, names, rows) for trace, names in frontier(rows).items()]


def _verdict(trace: str, names: Mapping[str, Row], rows: Sequence[Row]) -> Verdict:
    peer, ours, kpa = cheapest([names[name] for name in PEERS]), names["ours"], names["kpa"]
    affordable = [
        row.scores.slo_violation_pct
        for row in rows
        if (row.trace, row.seed) == (trace, peer.seed)
        and row.policy in OURS
        and row.scores.cost_ratio <= peer.scores.cost_ratio
    ]
    both = keeps(peer) and keeps(ours)
    fewest = None if keeps(peer) or not affordable else min(affordable)
    return Verdict(
        trace,
        ours,
        peer,
        names[ORACLE],
        cost=ours.scores.cost_ratio / peer.scores.cost_ratio if both else None,
        violations=None if fewest is None else fewest / peer.scores.slo_violation_pct,
        adaptations=_ratio(ours.scores.adaptations_per_hour, kpa.scores.adaptations_per_hour),
    )


def _ratio(ours: float, theirs: float) -> float | None:
    return ours / theirs if theirs > 0 else None
