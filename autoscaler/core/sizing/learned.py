"""The state that the sizing of one service has learned."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field

from autoscaler.core.sizing.capacity import Capacity
from autoscaler.core.sizing.levels import Levels
from autoscaler.core.sizing.onsets import Calendar, new_calendars
from autoscaler.core.sizing.rehearsal import Choice, Rehearsal


@dataclass(frozen=True, slots=True)
class Learned:
    """The learned state of one service; of bounded size."""

    at: float  # of the latest observation
    load: float  # its load
    bin_at: float  # of the latest bin
    seen_seconds: float = 0.0  # of load
    levels: Levels = field(default_factory=Levels)
    calendars: tuple[Calendar, ...] = field(default_factory=new_calendars)
    orders: tuple[tuple[float, array[int]], ...] = ()  # of the rehearsal, with their times; the first is one start ago
    floor: float = 0.0  # of the calendars: the load of an onset that comes
    rehearsal: Rehearsal = field(default_factory=Rehearsal)
    choice: Choice = field(default_factory=Choice)
    elected_at: float = 0.0
    capacity: Capacity = field(default_factory=Capacity)
