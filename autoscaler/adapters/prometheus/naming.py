"""The readings of a service that has several names in Traefik, or shares one with other services. Pure."""

from collections.abc import Mapping
from dataclasses import replace

from autoscaler.core.model import Reading, ReadingKind
from autoscaler.core.policy import Signal
from autoscaler.ports.metrics import Share

ADDED = frozenset({Signal.REQUESTS, Signal.CONCURRENCY})  # loads; all others are ratios and times


def shared(reading: Reading, share: Share | None, *, adds: bool) -> Reading:
    """Return the part of a name's load that goes to the ready replicas of one service; a ratio is the same for all."""
    if share is None or reading.value is None:
        return reading
    others, name = ", ".join(share.others), share.traefik_service
    if not adds:
        return _noted(reading, f"of all services behind {name}, {others} too")
    part = share.ready / share.of if share.of else 1.0 / (1 + len(share.others))
    note = f"{share.ready} of the {share.of} ready replicas behind {name} are its own, the others are of {others}"
    return replace(_noted(reading, f"{note}: that part of {reading.value:.4g}"), value=reading.value * part)


def together(readings: Mapping[str, Reading], *, adds: bool) -> Reading:
    """Return the sum of the loads of all names, or the highest ratio; what cannot be measured is the reading of all.

    A name that is unseen makes the others partial: its load may be missing in the sum.
    """
    if len(readings) == 1:
        return next(iter(readings.values()))
    usable = {ReadingKind.VALUE, ReadingKind.UNSEEN} | (set() if adds else {ReadingKind.EMPTY})
    for name, reading in readings.items():
        if reading.kind not in usable:
            return replace(reading, note=f"{name}: {reading.note}")
    values = {name: reading.value for name, reading in readings.items() if reading.value is not None}
    if not values:
        return min(readings.values(), key=lambda each: each.kind is not ReadingKind.UNSEEN)
    unseen = [name for name, reading in readings.items() if reading.kind is ReadingKind.UNSEEN]
    how, value = ("the sum", sum(values.values())) if adds else ("the highest", max(values.values()))
    notes = [f"{how} of {', '.join(f'{name} {each:.4g}' for name, each in values.items())}"]
    notes += [f"{name} is unseen: the value may be too low" for name in unseen]
    notes += dict.fromkeys(f"{name}: {each.note}" for name, each in readings.items() if name in values and each.note)
    ages = [each.age_seconds for each in readings.values() if each.age_seconds is not None]
    partial = bool(unseen) or any(each.partial for each in readings.values())
    return Reading.of(value, age_seconds=max(ages, default=None), note="; ".join(notes), partial=partial)


def _noted(reading: Reading, note: str) -> Reading:
    return replace(reading, note="; ".join(each for each in (note, reading.note) if each))
