"""The protocol: one window of a trace for every policy, and what the windows say together."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autoscaler.rehearse.simulation.plant import Plant
from autoscaler.rehearse.simulation.queueing import Service
from benchmarks.elasticity.frontier import FINE_STEP, MOST_TARGET, STEP, Crossing, cross
from benchmarks.elasticity.harness import run
from benchmarks.elasticity.lineup import FORESIGHT, OURS, PEERS, STATED_TARGET, Course, Sensing, make, plant_of
from benchmarks.elasticity.scores import Scores
from benchmarks.elasticity.traces import arrivals, read

DEMAND_SLOW_SHARE = 0.01  # the demand curve allows so many slow answers
ROOM = 0.94  # perfect foresight over the best peer; above it there is nothing to win
_USUAL_TARGET = 0.7
_OUR_STEP = 1.15
_MOST_TARGETS = {FORESIGHT: 4.0}  # to prepare for a quarter of what comes
_NEAR = 1.3  # a peer that costs more than so many times the best is not the best with its own sensing either


@dataclass(frozen=True, slots=True)
class Job:
    """One window of a trace."""

    file: Path
    place: float
    hours: float
    start_seconds: float
    peak_replicas: int
    seeds: int


@dataclass(frozen=True, slots=True)
class Crossings:
    """The crossings of one policy, one for each seed."""

    found: tuple[Crossing, ...]

    @property
    def cost(self) -> float:
        return sum(each.cost for each in self.found) / len(self.found)

    @property
    def target(self) -> float:
        return sum(each.target for each in self.found) / len(self.found)

    @property
    def changes_per_hour(self) -> float:
        return sum(each.changes_per_hour for each in self.found) / len(self.found)

    def flat(self) -> dict[str, Any]:
        """Return the crossings as they stand in the JSON; without a cost, the objective was never kept."""
        points = [
            {"target": each.target, "cost": each.scores.cost_ratio, "slow_pct": each.scores.slo_violation_pct}
            for crossing in self.found
            for each in crossing.points
        ]
        return {"cost": finite(self.cost), "target": self.target, "points": points}


def measure_window(job: Job) -> dict[str, Any]:
    """Return what every policy costs on one window."""
    trace = read(
        job.file, Service(), peak_replicas=job.peak_replicas, slow=DEMAND_SLOW_SHARE, place=job.place, hours=job.hours
    )
    courses = [Course(trace, Plant(start_seconds=job.start_seconds), seed) for seed in range(1, job.seeds + 1)]
    arrived = {course.seed: arrivals(trace, course.seed) for course in courses}

    def find(name: str, sensing: Sensing, guess: float, step: float) -> Crossings:
        """Find the crossing with each seed's arrivals, from the second seed on near the one before."""
        found: list[Crossing] = []
        for course in courses:
            target, size = (found[-1].target, FINE_STEP) if found else (guess, step)
            measure = _measure(name, sensing, course, arrived[course.seed])
            found.append(cross(measure, target, size, _MOST_TARGETS.get(name, MOST_TARGET)))
        return Crossings(tuple(found))

    same = {name: find(name, Sensing.SAME, _USUAL_TARGET, STEP) for name in PEERS}
    peer = min(PEERS, key=lambda name: same[name].cost)
    near = [name for name in PEERS if same[name].cost <= _NEAR * same[peer].cost]
    native = {name: find(name, Sensing.NATIVE, same[name].target, FINE_STEP) for name in near}
    ours = find(OURS, Sensing.SAME, STATED_TARGET, _OUR_STEP)
    foresight = find(FORESIGHT, Sensing.SAME, 1.0, FINE_STEP)
    unswept = next(each.scores for each in ours.found[0].points if each.target == STATED_TARGET)
    return {
        "place": job.place,
        "ours": finite(ours.cost),
        "best_peer": finite(same[peer].cost),
        "peer": peer,
        "foresight": finite(foresight.cost),
        "ratio_same": _ratio(ours, same),
        "ratio_native": _ratio(ours, native),
        "slow_unswept_pct": unswept.slo_violation_pct,
        "cost_unswept": unswept.cost_ratio,
        "changes_per_hour": ours.changes_per_hour,
        "peer_changes_per_hour": same[peer].changes_per_hour,
        "kpa_changes_per_hour": same["kpa"].changes_per_hour,
        "same": {name: each.flat() for name, each in {**same, OURS: ours, FORESIGHT: foresight}.items()},
        "native": {name: each.flat() for name, each in native.items()},
    }


def _measure(name: str, sensing: Sensing, course: Course, arrived: array[float]) -> Callable[[float], Scores]:
    seen = replace(course, sensing=sensing)
    return lambda target: run(make(name, target, seen), seen.trace, arrived, plant_of(name, seen), seen.seed)


def _ratio(ours: Crossings, peers: Mapping[str, Crossings]) -> float | None:
    """Return our cost over the best peer's: 0 where only ours keeps the objective, None where ours does not."""
    return ours.cost / min(each.cost for each in peers.values()) if math.isfinite(ours.cost) else None


def finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


_MEANS = ("ours", "best_peer", "foresight", "ratio_same", "ratio_native")
_AVERAGES = ("slow_unswept_pct", "changes_per_hour", "peer_changes_per_hour", "kpa_changes_per_hour")


def summarize(windows: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, Any]:
    """Return the figures of each trace, and of all: costs and ratios as geometric means over a trace's windows."""
    traces = {name: _trace(found) for name, found in windows.items()}
    ratios = {name: each["ratio_same"] for name, each in traces.items()}
    return {
        "traces": traces,
        "geomean_room": geomean([ratios[name] for name, each in traces.items() if each["room"]]),
        "geomean_all": geomean(list(ratios.values())),
        "worst": None if None in ratios.values() else max(ratios.values(), default=None),
    }


def _trace(windows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {name: geomean([each[name] for each in windows]) for name in _MEANS}
    found |= {name: sum(each[name] for each in windows) / len(windows) for name in _AVERAGES}
    peer = Counter(each["peer"] for each in windows).most_common(1)[0][0]
    limit, best = found["foresight"], found["best_peer"]
    room = best is None or limit is None or limit / best <= ROOM
    return {**found, "peer": peer, "room": room, "windows": list(windows)}


def geomean(values: Sequence[float | None]) -> float | None:
    """Return the geometric mean of those above 0, if any; None with one that is not known, or without values."""
    if not values or None in values:
        return None
    known = [value for value in values if value]
    return math.prod(known) ** (1.0 / len(known)) if known else 0.0
