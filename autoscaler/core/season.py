"""What this minute of the hour, day or week usually needs: profiles of the load, each judged by its own errors."""

from __future__ import annotations

from array import array
from dataclasses import dataclass

CYCLES_NEEDED = 2  # before that a profile says nothing
_LEARNING = 0.3  # weight of the latest cycle
_ERROR_LEARNING = 0.02  # weight of the latest slot's error
_CLIP = 2.0  # today's level is at most so many times, or one so many-th of, the usual one


@dataclass(frozen=True, slots=True)
class Profile:
    """The highest load of each slot of a cycle, averaged over past cycles."""

    name: str
    period_seconds: float
    slot_seconds: float
    levels: array[float]  # -1: never seen
    slot: int = -1  # index since the epoch of the slot that is being seen
    highest: float = 0.0  # within it
    cycles: float = 0.0  # how many were seen
    error: float = 0.0  # mean of |forecast - load|, over the load


def new_profiles() -> tuple[Profile, ...]:
    """Return profiles of an hour by the minute, a day by 5 minutes and a week by 15 minutes."""
    shapes = (("hour", 3600.0, 60.0), ("day", 86400.0, 300.0), ("week", 604800.0, 900.0))
    return tuple(
        Profile(name, period, slot, array("f", [-1.0] * round(period / slot))) for name, period, slot in shapes
    )


def see(profile: Profile, load: float, now: float) -> Profile:
    """Note a load; when a slot is over, it is learned, and the forecast for it is judged."""
    slot = int(now // profile.slot_seconds)
    if slot == profile.slot:
        return _with(profile, slot=slot, highest=max(profile.highest, load))
    if profile.slot < 0:
        return _with(profile, slot=slot, highest=load)
    return _with(_learned(profile), slot=slot, highest=load)


def _learned(profile: Profile) -> Profile:
    index = profile.slot % len(profile.levels)
    usual = profile.levels[index]
    levels = profile.levels[:]
    levels[index] = profile.highest if usual < 0 else usual + _LEARNING * (profile.highest - usual)
    error = profile.error
    if usual >= 0:
        miss = abs(usual - profile.highest) / max(usual, profile.highest, 1e-9)
        error += _ERROR_LEARNING * (miss - error)
    cycles = profile.cycles + 1 / len(levels)
    return Profile(profile.name, profile.period_seconds, profile.slot_seconds, levels, profile.slot, 0.0, cycles, error)


def _with(profile: Profile, *, slot: int, highest: float) -> Profile:
    return Profile(
        profile.name,
        profile.period_seconds,
        profile.slot_seconds,
        profile.levels,
        slot,
        highest,
        profile.cycles,
        profile.error,
    )


def best(profiles: tuple[Profile, ...]) -> Profile | None:
    """Return the profile that has been least wrong, of those with enough cycles."""
    known = [profile for profile in profiles if profile.cycles >= CYCLES_NEEDED]
    return min(known, key=lambda profile: profile.error, default=None)


def forecast(profile: Profile, load: float, now: float, ahead_seconds: float) -> float:
    """Return the load expected at most within `ahead_seconds`: the usual one, moved to today's level."""
    count = len(profile.levels)
    first = int(now // profile.slot_seconds)
    last = int((now + ahead_seconds) // profile.slot_seconds)
    present = profile.levels[first % count]
    coming = max(profile.levels[slot % count] for slot in range(first, min(last, first + count) + 1))
    if present <= 0 or coming <= 0:
        return 0.0
    level = min(max(load / present, 1 / _CLIP), _CLIP)
    return coming * level
