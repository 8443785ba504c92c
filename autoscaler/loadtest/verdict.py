"""Judges whether the load is spread evenly, by an exact test for few requests and many. Pure."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from autoscaler.loadtest.answers import Answer, Spread

SIGNIFICANCE = 0.01  # the probability of judging an even spread uneven


class Balance(StrEnum):
    """How the answers are spread over the replicas."""

    BALANCED = "balanced"
    UNEVEN = "uneven"
    STICKY = "sticky"  # each client stays with the replica of its cookie
    SINGLE = "single"  # there is one replica
    TOO_FEW = "too_few"  # too few requests for any verdict
    UNKNOWN = "unknown"  # the answers do not identify their replica


@dataclass(frozen=True, slots=True)
class Verdict:
    """The balance, and its explanation."""

    balance: Balance
    words: str


def judge(answers: Sequence[Answer], found: Spread, replicas: int) -> Verdict:
    """Return the verdict on good answers from a service with that many replicas (0: unknown)."""
    if found.identified_by is None:
        return Verdict(Balance.UNKNOWN, "cannot distinguish the replicas: nothing in the answers names them")
    counts = found.counts
    sticky = _sticky([answer for answer in answers if answer.ok], found)
    if sticky is not None:
        return sticky
    if replicas == 0 and len(counts) == 1:
        return Verdict(Balance.UNKNOWN, "all from one replica; whether there are others is not known")
    number = max(replicas, len(counts))
    return Verdict(Balance.SINGLE, "there is one replica") if number == 1 else _evenness(counts, number)


def _sticky(good: Sequence[Answer], found: Spread) -> Verdict | None:
    """Return the verdict if clients sent sticky cookies."""
    if not any(answer.cookie_sent for answer in good):
        return None
    seen: dict[int, list[str]] = defaultdict(list)
    for answer, name in zip(good, found.names, strict=True):
        seen[answer.client].append(name)
    moves = sum(before != after for names in seen.values() for before, after in pairwise(names))
    if moves:
        times = "once" if moves == 1 else f"{moves} times"
        return Verdict(Balance.STICKY, f"sticky, but a client was moved to another replica {times}")
    if len(seen) == 1:
        words = f"sticky: all {len(good)} requests went to {found.names[0]}, as the cookie says"
        return Verdict(Balance.STICKY, words)
    return Verdict(Balance.STICKY, f"sticky: each of the {len(seen)} clients stayed with its replica")


def _evenness(counts: Mapping[str, int], replicas: int) -> Verdict:
    """Judge each replica's count against a binomial distribution: n requests, each to one of k replicas at random.

    Uneven, if the probability of so low or so high a count is below 1 % / 2k (Bonferroni: k counts, each from both
    sides). A round-robin gateway is more even than chance, and passes.
    """
    requests = sum(counts.values())
    least = SIGNIFICANCE / (2 * replicas)
    if -requests * math.log(replicas) > math.log(least):
        return Verdict(Balance.TOO_FEW, f"{requests} requests are too few to judge {replicas} replicas")
    silent = replicas - len(counts)
    seen = [*counts.values(), *[0] * silent]
    if all(min(at_most(each, requests, replicas), at_least(each, requests, replicas)) >= least for each in seen):
        return Verdict(Balance.BALANCED, "balanced")
    without = f"; {silent} of {replicas} replicas got none" if silent else ""
    return Verdict(Balance.UNEVEN, f"uneven: chance alone would hardly do this{without}")


def at_most(count: int, requests: int, replicas: int) -> float:
    """Return the probability that a replica gets at most that many requests."""
    return math.fsum(_exactly(each, requests, replicas) for each in range(count + 1))


def at_least(count: int, requests: int, replicas: int) -> float:
    """Return the probability that a replica gets at least that many requests."""
    return math.fsum(_exactly(each, requests, replicas) for each in range(count, requests + 1))


def _exactly(count: int, requests: int, replicas: int) -> float:
    ways = math.lgamma(requests + 1) - math.lgamma(count + 1) - math.lgamma(requests - count + 1)
    return math.exp(ways + (requests - count) * math.log1p(-1 / replicas) - count * math.log(replicas))
