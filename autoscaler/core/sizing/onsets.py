"""Onsets by the clock: at which time of the hour or the day the load rises, and how many times over. Pure.

Of each slot the jumps of the latest cycles are kept, and the second highest counts: what happened twice.
"""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass, replace

_LEAST_JUMP = 1.3  # times the level before
_CLEARLY = 4.0  # mean deviations above the usual change from slot to slot
_HIGHEST_JUMP = 50.0
_LEARNING = 0.01  # weight of the latest slot in the usual change
_LOG_NOTHING = -5.0


@dataclass(frozen=True, slots=True)
class Calendar:
    """How often the load rises at each slot of a cycle."""

    slot_seconds: float
    slots: int
    kept: int  # cycles
    jumps: array[float]  # by slot and cycle: the highest load over that of the slots before
    twice: array[float]  # by slot: the second highest of them
    slot: int | None = None  # index since the epoch of the present slot
    highest: float = 0.0  # load within it
    before: tuple[float, float] = (0.0, 0.0)  # within the two slots before it, the latest first; 0: unknown
    usual: float | None = None  # the mean of a jump's logarithm
    deviation: float = 0.0  # the mean distance from it


def new_calendars() -> tuple[Calendar, ...]:
    """Return one of the hour (30-s slots, the last eight hours) and one of the day (5-min slots, the last four)."""
    shapes = ((30.0, 120, 8), (300.0, 288, 4))
    return tuple(
        Calendar(seconds, slots, kept, array("f", bytes(4 * slots * kept)), array("f", bytes(4 * slots)))
        for seconds, slots, kept in shapes
    )


def observe(calendar: Calendar, load: float, now: float) -> Calendar:
    """Record a load; at the end of a slot, learn its jump."""
    slot = int(now // calendar.slot_seconds)
    if slot == calendar.slot:
        return calendar if load <= calendar.highest else replace(calendar, highest=load)
    if calendar.slot is None or slot != calendar.slot + 1:  # the time between was not observed
        return replace(calendar, slot=slot, highest=load, before=(0.0, 0.0))
    learned = _learn(calendar)
    return replace(learned, slot=slot, highest=load, before=(calendar.highest, calendar.before[0]))


def _learn(calendar: Calendar) -> Calendar:
    level, slot = min(calendar.before), calendar.slot
    if level <= 0.0 or slot is None:
        return calendar
    jump = min(_HIGHEST_JUMP, calendar.highest / level)
    jumps, twice, kept = calendar.jumps[:], calendar.twice[:], calendar.kept
    index = slot % calendar.slots
    jumps[index * kept + slot // calendar.slots % kept] = jump
    twice[index] = sorted(jumps[index * kept : (index + 1) * kept])[-2]
    log = math.log(jump) if jump > 0.0 else _LOG_NOTHING
    usual = log if calendar.usual is None else calendar.usual + _LEARNING * (log - calendar.usual)
    deviation = calendar.deviation + _LEARNING * (abs(log - usual) - calendar.deviation)
    return replace(calendar, jumps=jumps, twice=twice, usual=usual, deviation=deviation)


def floor(calendar: Calendar, now: float, ahead_seconds: float) -> float:
    """Return the load of an onset that the calendar knows within `ahead_seconds`; 0 without any."""
    if calendar.usual is None:
        return 0.0
    first, last = int(now // calendar.slot_seconds), int((now + ahead_seconds) // calendar.slot_seconds)
    jump = max([calendar.twice[slot % calendar.slots] for slot in range(first, last + 1)])
    if jump <= _LEAST_JUMP or math.log(jump) <= calendar.usual + _CLEARLY * calendar.deviation:
        return 0.0
    return jump * min((calendar.highest, *(each for each in calendar.before if each > 0.0)))
