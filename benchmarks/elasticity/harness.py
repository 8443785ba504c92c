"""Runs one policy on one trace and scores it."""

from __future__ import annotations

from array import array

from autoscaler.rehearse.simulation.plant import Plant, Simulation
from benchmarks.elasticity.scores import UPSILON_SECONDS, Scores, Tally, instability
from benchmarks.elasticity.traces import Trace
from benchmarks.elasticity.view import Autoscaler


def run(policy: Autoscaler, trace: Trace, arrived: array[float], plant: Plant, seed: int) -> Scores:
    """Return the scores of `policy`; arrivals are the same for every policy of a seed.

    Where what is scraped is seen at once, decisions come a second later, as our daemon's come after the scrapes.
    """
    simulation = Simulation(plant, trace.demand[0], seed)
    tally, warm_up, interval = Tally(), trace.warm_up, round(policy.interval_seconds)
    supply = array("i")
    first = 0 if plant.stale_scrapes else 1 % interval
    before = (0.0, 0.0, 0.0)
    for second, rate in enumerate(trace.rates):
        if second == warm_up:
            before = _totals(simulation)
        if second % interval == first:
            _decide(policy, simulation, tally, scored=second >= warm_up)
        simulation.second(rate, arrived[second])
        if second >= warm_up:
            tally.second(trace.demand[second], simulation.ready)
            supply.append(simulation.ready)
    slow, came, paid = (after - start for after, start in zip(_totals(simulation), before, strict=True))
    upsilon = instability(trace.demand[warm_up::UPSILON_SECONDS], supply[::UPSILON_SECONDS])
    return tally.scores(slow=slow, arrived=came, paid_replica_seconds=paid, upsilon=upsilon)


def _totals(simulation: Simulation) -> tuple[float, float, float]:
    return simulation.slow_total, simulation.arrived_total, simulation.paid_replica_seconds


def _decide(policy: Autoscaler, simulation: Simulation, tally: Tally, *, scored: bool) -> None:
    wanted = policy.decide(simulation)
    if wanted == simulation.replicas:
        return
    if scored:
        tally.change(simulation.now, up=wanted > simulation.replicas)
    simulation.scale(wanted)
