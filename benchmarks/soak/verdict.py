"""Whether a soak's figures meet its goals. Pure."""

from collections.abc import Mapping
from typing import Any

GOAL = "20 minutes: none of 30,000 requests fails, nothing is left over, one leads, and memory stays"
FEWEST_PER_SECOND = 25.0  # 30,000 in 20 minutes
MOST_OUT_OF_SERVICE_SECONDS = 20.0
MOST_GROWTH = 0.05
LEAST_LIFE_SECONDS = 300.0  # memory that is still being filled says nothing


_ZERO = ("failed", "not_sent", "orphans", "duplicates", "two_leaders")


def problems(told: Mapping[str, Any]) -> list[str]:
    """Return which goals are missed."""
    found = [f"{told[what]} {what}" for what in _ZERO if told[what]]
    fewest = round(FEWEST_PER_SECOND * told["minutes"] * 60)
    if told["requests"] < fewest:
        found.append(f"{told['requests']:,} of {fewest:,} requests")
    if told["longest_out_of_service_s"] > MOST_OUT_OF_SERVICE_SECONDS:
        found.append(f"{told['longest_out_of_service_s']:.0f} s out of service")
    growth = told["rss_end_mb"] / told["rss_start_mb"] - 1
    if told["longest_life_s"] >= LEAST_LIFE_SECONDS and growth > MOST_GROWTH:
        found.append(f"memory grew by {growth:.0%}")
    return found


def sentence(told: Mapping[str, Any]) -> str:
    """Return the result in one line."""
    missed = problems(told)
    ended = f"failed: {', '.join(missed)}" if missed else "ok"
    return (
        f"soak: {ended}  {told['minutes']:g} minutes, seed {told['seed']}, {told['kills']} kills, "
        f"{told['faults']:,} faults, {told['requests']:,} requests, {told['failed']} failed, "
        f"slowest {told['slowest_s']:.2f} s; {told['orphans']} orphans, {told['duplicates']} duplicates, "
        f"{told['two_leaders']} times two leaders; longest out of service {told['longest_out_of_service_s']:.0f} s, "
        f"left behind {told['longest_left_behind_s']:.0f} s; "
        f"memory {told['rss_start_mb']:.0f} to {told['rss_end_mb']:.0f} MB"
    )
