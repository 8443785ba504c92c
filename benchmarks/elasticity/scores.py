"""Scores how supply followed demand: the elasticity metrics of the SPEC research group, slow answers and cost.

Herbst, Bauer, Kounev et al., "Quantifying Cloud Performance and Dependability" (TOMPECS 2018): under- and
over-provisioning accuracy (theta, normalised by demand) and timeshare (tau), and instability (upsilon). All in percent.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from autoscaler.rehearse.run import REVERSAL_SECONDS

UPSILON_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Scores:
    """The scores of one run."""

    slo_violation_pct: float  # requests slower than the goal
    cost_ratio: float  # paid replica-seconds over demanded ones
    adaptations_per_hour: float
    reversals_per_hour: float
    theta_u: float
    theta_o: float
    tau_u: float
    tau_o: float
    upsilon: float


@dataclass(slots=True)
class Tally:
    """Sums over the scored seconds of a run; times in seconds."""

    seconds: int = 0
    demanded: float = 0.0
    under: float = 0.0
    over: float = 0.0
    seconds_under: int = 0
    seconds_over: int = 0
    adaptations: int = 0
    reversals: int = 0
    _last_change: float = -1e12
    _last_up: bool = False

    def second(self, demand: int, supply: int) -> None:
        """Add one second in which `demand` replicas were needed and `supply` were ready."""
        self.seconds += 1
        self.demanded += demand
        if supply < demand:
            self.under += (demand - supply) / demand
            self.seconds_under += 1
        elif supply > demand:
            self.over += (supply - demand) / demand
            self.seconds_over += 1

    def change(self, at: float, *, up: bool) -> None:
        """Count a change of the requested replicas."""
        self.adaptations += 1
        if up != self._last_up and at - self._last_change < REVERSAL_SECONDS:
            self.reversals += 1
        self._last_change, self._last_up = at, up

    def scores(self, *, slow: float, arrived: float, paid_replica_seconds: float, upsilon: float) -> Scores:
        """Return the scores of all added seconds and changes."""
        hours, share = max(self.seconds, 1) / 3600, 100 / max(self.seconds, 1)
        return Scores(
            slo_violation_pct=100 * slow / arrived if arrived else 0.0,
            cost_ratio=paid_replica_seconds / self.demanded if self.demanded else 0.0,
            adaptations_per_hour=self.adaptations / hours,
            reversals_per_hour=self.reversals / hours,
            theta_u=self.under * share,
            theta_o=self.over * share,
            tau_u=self.seconds_under * share,
            tau_o=self.seconds_over * share,
            upsilon=upsilon,
        )


def instability(demand: Sequence[int], supply: Sequence[int]) -> float:
    """Return upsilon [%]: how often supply and demand, sampled together, did not move in the same direction."""
    moves = [
        (_sign(d1 - d0), _sign(s1 - s0)) for d0, d1, s0, s1 in zip(demand, demand[1:], supply, supply[1:], strict=False)
    ]
    return 100 * sum(d != s for d, s in moves) / len(moves) if moves else 0.0


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)
