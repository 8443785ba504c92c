"""The usual load of this minute of the hour, day or week: profiles of the load, each judged by its own errors.

A profile is used only while it forecasts its slots clearly better than the average of the preceding slots does:
at the horizon of a container's start the latest load is a good forecast, and chance resembles a season.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, replace

CYCLES_NEEDED = 2  # fewer cycles give no forecast
_LEARNING = 0.3  # weight of the latest cycle
_ERROR_LEARNING = 0.02  # weight of the latest slot's error
_SKILL = 0.9  # of the error without a season, at most
_CLIP = 2.0  # the greatest ratio of today's level and the usual one, either way


@dataclass(frozen=True, slots=True)
class Profile:
    """The highest load of each slot of a cycle, averaged over past cycles."""

    name: str
    slot_seconds: float
    levels: array[float]  # -1: never observed
    slot: int = -1  # index since the epoch of the present slot
    highest: float = 0.0  # load within it
    cycles: float = 0.0  # observed so far
    error: float = 0.0  # mean of |usual - load|, over the larger of the two
    recent: float = -1.0  # the average of the latest slots
    recent_error: float = 0.0  # of that average as a forecast


def new_profiles() -> tuple[Profile, ...]:
    """Return profiles of an hour by the minute, a day by 5 minutes and a week by 15 minutes."""
    shapes = (("hour", 60.0, 60), ("day", 300.0, 288), ("week", 900.0, 672))
    return tuple(Profile(name, slot_seconds, array("f", [-1.0] * slots)) for name, slot_seconds, slots in shapes)


def observe(profile: Profile, load: float, now: float) -> Profile:
    """Record a load; at the end of a slot, learn its level and judge the forecast for it."""
    slot = int(now // profile.slot_seconds)
    if slot == profile.slot:
        return profile if load <= profile.highest else replace(profile, highest=load)
    learned = profile if profile.slot < 0 else _learned(profile)
    return replace(learned, slot=slot, highest=load)


def _learned(profile: Profile) -> Profile:
    index, highest = profile.slot % len(profile.levels), profile.highest
    usual = profile.levels[index]
    levels = profile.levels[:]
    levels[index] = highest if usual < 0 else usual + _LEARNING * (highest - usual)
    recent = highest if profile.recent < 0 else profile.recent + _LEARNING * (highest - profile.recent)
    learned = replace(profile, levels=levels, cycles=profile.cycles + 1 / len(levels), recent=recent)
    if usual < 0:
        return learned
    return replace(
        learned,
        error=_mean_error(profile.error, usual, highest),
        recent_error=_mean_error(profile.recent_error, profile.recent, highest),
    )


def _mean_error(mean: float, forecast: float, load: float) -> float:
    return mean + _ERROR_LEARNING * (abs(forecast - load) / max(forecast, load, 1e-9) - mean)


def best(profiles: tuple[Profile, ...]) -> Profile | None:
    """Return the profile with the least error, of those with enough cycles and skill; None without any."""
    known = [each for each in profiles if each.cycles >= CYCLES_NEEDED and each.error < _SKILL * each.recent_error]
    return min(known, key=lambda each: each.error / each.recent_error, default=None)


def forecast(profile: Profile, load: float, now: float, ahead_seconds: float) -> float:
    """Return the highest load expected within `ahead_seconds`: the usual one, scaled to today's level."""
    count = len(profile.levels)
    first = int(now // profile.slot_seconds)
    last = min(int((now + ahead_seconds) // profile.slot_seconds), first + count)
    present = profile.levels[first % count]
    coming = max(profile.levels[slot % count] for slot in range(first, last + 1))
    if present <= 0 or coming <= 0:
        return 0.0
    return coming * min(max(load / present, 1 / _CLIP), _CLIP)
