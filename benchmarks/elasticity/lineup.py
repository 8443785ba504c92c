"""Who competes: every policy by its name, at a target, on a trace."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from autoscaler.rehearse.simulation.plant import Plant
from benchmarks.elasticity.ours import Ours, policy, trained
from benchmarks.elasticity.peers.hpa import Hpa
from benchmarks.elasticity.peers.kpa import Kpa
from benchmarks.elasticity.peers.nomad import Nomad
from benchmarks.elasticity.peers.oracle import Oracle
from benchmarks.elasticity.traces import Trace, noisy_past
from benchmarks.elasticity.view import Autoscaler

TARGETS = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9)  # of what a replica can serve at the utmost
PEERS = ("hpa", "hpa-tuned", "kpa", "nomad-5m", "nomad-30s")
OURS = ("ours", "ours-98", "ours-97", "ours-96", "ours-95")
ORACLE = "oracle"
MIN_REPLICAS, MAX_REPLICAS = 1, 1000


@dataclass(frozen=True, slots=True)
class Course:
    """What every policy runs on."""

    trace: Trace
    plant: Plant
    seed: int


def targets(name: str) -> Sequence[float]:
    """Return what is swept; the oracle has no target, and the other budgets only draw the line between."""
    if name == ORACLE:
        return (1.0,)
    return TARGETS[-1:] if name in OURS[1:] else TARGETS


def make(name: str, target: float, course: Course) -> Autoscaler:
    """Return that policy; `target` is a share of what one replica can serve at the utmost."""
    per_replica = target * course.plant.service.replica_rate
    if name == ORACLE:
        return Oracle(course.trace.demand, course.plant.start_seconds, course.plant.start_jitter)
    return _PEERS[name](per_replica) if name in _PEERS else _ours(name, per_replica, course)


_PEERS: Mapping[str, Callable[[float], Autoscaler]] = {
    "hpa": lambda rate: Hpa(target_per_replica=rate, min_replicas=MIN_REPLICAS, max_replicas=MAX_REPLICAS),
    "hpa-tuned": lambda rate: Hpa(
        target_per_replica=rate,
        min_replicas=MIN_REPLICAS,
        max_replicas=MAX_REPLICAS,
        scale_up_window_seconds=0.0,
        scale_down_window_seconds=60.0,
    ),
    "kpa": lambda rate: Kpa(target_per_replica=rate, min_replicas=MIN_REPLICAS, max_replicas=MAX_REPLICAS),
    "nomad-5m": lambda rate: Nomad(target_per_replica=rate, min_replicas=MIN_REPLICAS, max_replicas=MAX_REPLICAS),
    "nomad-30s": lambda rate: Nomad(
        target_per_replica=rate, min_replicas=MIN_REPLICAS, max_replicas=MAX_REPLICAS, cooldown_seconds=30.0
    ),
}


def _ours(name: str, per_replica: float, course: Course) -> Autoscaler:
    which = policy(name, per_replica=per_replica, max_replicas=MAX_REPLICAS)
    past = noisy_past(course.trace, course.seed + 1)
    memory = trained(which, past, start=course.trace.start, start_seconds=course.plant.start_seconds)
    return Ours(which, start=course.trace.start, drain_seconds=course.plant.drain_seconds, memory=memory)
