"""Spans of idling and of probing by turns -> the share of a core that probing costs each replica. Pure."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.wrap.cpu import Cpu

GOAL_PERCENT, GOAL_PERCENT_BEFORE = 1.0, 3.0  # before: engines that cannot probe a start more often than the rest


@dataclass(frozen=True, slots=True)
class Turn:
    """One span of probing, and the mean of the idle spans before and after it; CPU seconds per second."""

    probed: Cpu
    idle: Cpu

    def percent(self, replicas: int) -> Cpu:
        """Return what probing cost each replica, in percent of one core."""
        more = self.probed - self.idle
        return Cpu(100 * more.machine / replicas, 100 * more.engine / replicas)


def row(seconds: float, turns: Sequence[Turn], replicas: int) -> dict[str, Any]:
    """Return the figures of one interval: medians over all turns."""
    percents = [turn.percent(replicas) for turn in turns]
    machine = statistics.median(each.machine for each in percents)
    engine = statistics.median(each.engine for each in percents)
    return {
        "interval_s": seconds,
        "machine_percent": round(machine, 2),
        "engine_percent": round(engine, 2),
        "others_cores": round(statistics.median(turn.idle.machine for turn in turns), 2),
        "turns_machine_percent": [round(each.machine, 2) for each in percents],
        "turns_engine_percent": [round(each.engine, 2) for each in percents],
    }


def probe_seconds(rows: Sequence[Mapping[str, Any]]) -> float:
    """Return the CPU seconds of one probe that fit all intervals best (least squares of percent over probes a second).

    What happens seldom drowns in the noise of a machine that does something else, too; what happens often does not.
    """
    rates = [1 / float(row["interval_s"]) for row in rows]
    shares = [float(row["engine_percent"]) / 100 for row in rows]
    return sum(rate * share for rate, share in zip(rates, shares, strict=True)) / sum(rate * rate for rate in rates)


def fitted(each_seconds: float, interval_seconds: float) -> float:
    """Return what a probe of so many CPU seconds comes to at an interval, in percent of one core."""
    return round(100 * each_seconds / interval_seconds, 2)


def is_ok(in_use: float, newer: float) -> bool:
    """Tell whether probing costs little enough here, and where engines are newer; less than nothing is no figure."""
    return 0.0 < in_use <= GOAL_PERCENT_BEFORE and 0.0 < newer <= GOAL_PERCENT


def sentence(told: Mapping[str, Any]) -> str:
    """Return the figures of one interval in one line."""
    return (
        f"probed every {told['interval_s']:g} s: {told['engine_percent']:.2f} % of a core for each replica by the "
        f"engine's account, {told['machine_percent']:.2f} % by the machine's "
        f"(all else used {told['others_cores']:.2f} cores)"
    )
