"""Who competes: every policy by its name, at a target, on a trace, and what each sees of the load."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from autoscaler.rehearse.simulation.plant import Plant
from benchmarks.elasticity.ours import Ours, policy, trained
from benchmarks.elasticity.peers.foresight import Foresight
from benchmarks.elasticity.peers.hpa import Hpa
from benchmarks.elasticity.peers.kpa import Kpa
from benchmarks.elasticity.peers.nomad import Nomad
from benchmarks.elasticity.traces import Trace, noisy_past
from benchmarks.elasticity.view import Autoscaler, ByScrapes, Peer

PEERS = ("hpa", "hpa-tuned", "kpa", "nomad-5m", "nomad-30s")
OURS, FORESIGHT = "ours", "foresight"
MIN_REPLICAS, MAX_REPLICAS = 1, 1000
STATED_TARGET = 0.9  # of what a replica serves at the utmost: what ours is told where nothing is swept


class Sensing(StrEnum):
    """What the policies see of the load."""

    SAME = "same"  # all of them counters scraped every 2 s, right after each scrape
    NATIVE = "native"  # each what its own stack shows it


@dataclass(frozen=True, slots=True)
class Course:
    """What every policy runs on."""

    trace: Trace
    plant: Plant
    seed: int
    sensing: Sensing = Sensing.SAME


def plant_of(name: str, course: Course) -> Plant:
    """Return the plant with the scrapes that this policy sees.

    Natively HPA and Nomad see scrapes of 5 s that are one scrape old; ours those of its shipped stack, as in the other
    sensing; KPA needs none.
    """
    old = course.sensing is Sensing.NATIVE and name not in {OURS, "kpa"}
    return replace(course.plant, scrape_seconds=5 if old else 2, stale_scrapes=int(old))


def make(name: str, target: float, course: Course) -> Autoscaler:
    """Return that policy; `target` is a share of what one replica can serve at the utmost."""
    per_replica = target * course.plant.service.replica_rate
    if name == FORESIGHT:
        return Foresight(course.trace, course.plant, target)
    if name == OURS:
        return _ours(per_replica, course)
    made = _PEERS[name](per_replica)
    return ByScrapes(made) if course.sensing is Sensing.SAME else made


_PEERS: Mapping[str, Callable[[float], Peer]] = {
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


def _ours(per_replica: float, course: Course) -> Autoscaler:
    which = policy(OURS, per_replica=per_replica, max_replicas=MAX_REPLICAS)
    past = noisy_past(course.trace, course.seed + 1)
    memory = trained(which, past, start=course.trace.start, start_seconds=course.plant.start_seconds)
    return Ours(which, start=course.trace.start, drain_seconds=course.plant.drain_seconds, memory=memory)
