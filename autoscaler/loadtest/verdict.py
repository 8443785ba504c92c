"""Is the load spread evenly? An exact test that holds for few requests as for many. Pure."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from autoscaler.loadtest.answers import Answer, Spread

SIGNIFICANCE = 0.01  # so seldom is an even spread taken for an uneven one


class Balance(StrEnum):
    """How the answers are spread over the replicas."""

    BALANCED = "balanced"
    UNEVEN = "uneven"
    STICKY = "sticky"  # each client stays with its replica, as its cookie asks
    SINGLE = "single"  # there is one replica
    TOO_FEW = "too_few"  # whatever had come, it would have proved nothing
    UNKNOWN = "unknown"  # the answers do not tell from whom they are


@dataclass(frozen=True, slots=True)
class Verdict:
    """The balance, and what there is to say about it."""

    balance: Balance
    words: str


def judge(answers: Sequence[Answer], found: Spread, replicas: int) -> Verdict:
    """Return the verdict on good answers from a service with so many replicas (0: not known)."""
    if found.told_by is None:
        return Verdict(Balance.UNKNOWN, "cannot tell the replicas apart: nothing in the answers names them")
    counts = found.counts
    good = [answer for answer in answers if answer.ok]
    sticky = _sticky(good, found)
    if sticky is not None:
        return sticky
    if replicas == 0 and len(counts) == 1:
        return Verdict(Balance.UNKNOWN, "all from one replica; whether there are others is not known")
    number = max(replicas, len(counts))
    return Verdict(Balance.SINGLE, "there is one replica") if number == 1 else _evenness(counts, number)


def _sticky(good: Sequence[Answer], found: Spread) -> Verdict | None:
    """Return the verdict where clients sent sticky cookies, as they were told to."""
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
        name = found.names[0]
        return Verdict(Balance.STICKY, f"sticky: all {len(good)} requests went to {name}, as the cookie says")
    return Verdict(Balance.STICKY, f"sticky: each of the {len(seen)} clients stayed with its replica")


def _evenness(counts: Mapping[str, int], replicas: int) -> Verdict:
    """Judge each replica's count against a binomial distribution: n requests, each to one of k replicas at random.

    Uneven, if a count is so low or so high that chance has it so with a probability below 1 % / 2k (Bonferroni: each of
    k counts is looked at from both sides). A gateway that takes turns is more even than chance, and passes.
    """
    requests = sum(counts.values())
    least = SIGNIFICANCE / (2 * replicas)
    if -requests * math.log(replicas) > math.log(least):
        return Verdict(Balance.TOO_FEW, f"{requests} requests are too few to judge {replicas} replicas")
    silent = replicas - len(counts)
    seen = [*counts.values(), *[0] * silent]
    if all(
        min(at_most(seen_one, requests, replicas), at_least(seen_one, requests, replicas)) >= least for seen_one in seen
    ):
        return Verdict(Balance.BALANCED, "balanced")
    without = f"; {silent} of {replicas} replicas got none" if silent else ""
    return Verdict(Balance.UNEVEN, f"uneven: chance alone would hardly do this{without}")


def at_most(count: int, requests: int, replicas: int) -> float:
    """Return the probability that a replica gets so few requests, or fewer."""
    return math.fsum(_exactly(each, requests, replicas) for each in range(count + 1))


def at_least(count: int, requests: int, replicas: int) -> float:
    """Return the probability that a replica gets so many requests, or more."""
    return math.fsum(_exactly(each, requests, replicas) for each in range(count, requests + 1))


def _exactly(count: int, requests: int, replicas: int) -> float:
    ways = math.lgamma(requests + 1) - math.lgamma(count + 1) - math.lgamma(requests - count + 1)
    return math.exp(ways + (requests - count) * math.log1p(-1 / replicas) - count * math.log(replicas))
