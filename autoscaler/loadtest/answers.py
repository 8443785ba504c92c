"""Answers of a gateway, and how they are spread over the replicas. Pure."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from autoscaler.loadtest.replicas import HEADERS, Recogniser

OK_BELOW = 300
_NOISE = 1e-9  # of the product, which may be a little above a whole number


@dataclass(frozen=True, slots=True)
class Answer:
    """One request: the client, the duration, and the answer; without a status, `error` says why."""

    client: int
    seconds: float
    status: int | None = None
    error: str | None = None
    marked: str | None = None  # the replica that a header or the body names
    headers: Mapping[str, str] = field(default_factory=dict)  # those of `HEADERS`
    cookie: str | None = None  # the sticky cookie's value, received or else sent
    cookie_sent: bool = False

    @property
    def ok(self) -> bool:
        """Whether the service answered well; a redirect is the gateway's answer rather than the service's."""
        return self.status is not None and self.status < OK_BELOW

    @property
    def problem(self) -> str:
        """The fault in a few words."""
        return self.error or f"HTTP {self.status}"


@dataclass(frozen=True, slots=True)
class Spread:
    """The replica of each good answer, in order, and what identifies it; no names: the replicas are unknown."""

    names: tuple[str, ...] = ()
    identified_by: str | None = None

    @property
    def counts(self) -> Mapping[str, int]:
        """Answers by replica."""
        return Counter(self.names)


def spread(answers: Sequence[Answer], recogniser: Recogniser) -> Spread:
    """Return the replicas of the good answers, by the first mark that is in all of them."""
    good = [answer for answer in answers if answer.ok]
    ways: list[tuple[str, Callable[[Answer], str | None]]] = [
        ("the replica's name, id or address in the answers", lambda answer: answer.marked),
        (
            "the value of the sticky cookie",
            lambda answer: None if answer.cookie is None else recogniser.by_cookie(answer.cookie),
        ),
        *((f"the header {name}", lambda answer, name=name: answer.headers.get(name)) for name in HEADERS),
    ]
    for identified_by, who in ways:
        names = [name for answer in good if (name := who(answer)) is not None]
        if good and len(names) == len(good):
            return Spread(tuple(names), identified_by)
    return Spread()


def percentile(seconds: Sequence[float], share: float) -> float:
    """Return the nearest-rank percentile of at least one duration: the least that `share` of them do not exceed."""
    ranked = sorted(seconds)
    return ranked[max(1, math.ceil(share * len(ranked) - _NOISE)) - 1]
