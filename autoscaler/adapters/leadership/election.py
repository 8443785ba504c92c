"""Which of several daemons acts on a Compose project: a look at the lease -> the next step. Pure.

The lease names the daemon that leads. A daemon that waits knocks; the holder answers by removing the knock, and one
that does not is evicted. Durations are by each daemon's own clock, so clocks need not agree; a single daemon writes
nothing. At most one leads: a lease counts once it has stood longer than any holder acts without seeing its own.
"""

import math
from dataclasses import dataclass, replace
from enum import Enum, auto


@dataclass(frozen=True, slots=True)
class LeaseTiming:
    """The election's durations; `proven` must be longer than `confirmed`, so that two daemons never act at once."""

    look_seconds: float = 1.0  # the interval between two looks
    confirmed_seconds: float = 4.0  # a holder that has not seen its lease for so long does not act
    proven_seconds: float = 5.0  # a new holder acts after so long
    answer_seconds: float = 4.0  # a holder that has not answered a knock for so long is evicted


@dataclass(frozen=True, slots=True)
class Lease:
    """The holder and since when it leads (as written, for people), and the token of its claim."""

    token: str
    holder: str
    since: str


@dataclass(frozen=True, slots=True)
class Look:
    """The lease and the knock that were found, and when the look began and ended (monotonic seconds)."""

    lease: Lease | None
    knock: str | None  # its token
    began: float
    ended: float


class Step(Enum):
    """The next step after a look."""

    WAIT = auto()
    CLAIM = auto()  # create a lease with the standing's token
    KNOCK = auto()
    ANSWER = auto()  # remove the knock
    EVICT = auto()  # remove the lease


@dataclass(frozen=True, slots=True)
class Standing:
    """What one daemon knows about the lease of one project."""

    token: str | None = None  # of its last claim
    lease: Lease | None = None  # as last seen
    held_since: float | None = None  # None: another daemon holds it
    confirmed_at: float = 0.0  # when the daemon last saw that it holds the lease
    finish_until: float = -math.inf  # no other daemon acts before
    knock: str | None = None
    knock_since: float = 0.0

    @property
    def held(self) -> bool:
        """Whether the daemon held the lease at the last look; it may not act on that alone."""
        return self.held_since is not None

    def leads(self, now: float, timing: LeaseTiming) -> bool:
        """Whether the daemon may act at `now` (monotonic seconds)."""
        held = self.held_since
        return held is not None and held + timing.proven_seconds <= now < self.confirmed_at + timing.confirmed_seconds

    def may_finish(self, now: float, timing: LeaseTiming) -> bool:
        """Whether the daemon may still finish or undo what it began while it led: no other one acts yet."""
        return self.leads(now, timing) or now < self.finish_until


def after(standing: Standing, look: Look, token: str, timing: LeaseTiming) -> tuple[Standing, Step]:
    """Return the standing after a look, and the next step; `token` is for a claim, and is used once.

    A lease with the token of the daemon's own claim has been its own all the time: no other claim has that token.
    """
    if look.lease is None:
        return Standing(token, finish_until=standing.finish_until), Step.CLAIM
    if look.lease.token == standing.token:
        # Held since the look's end, confirmed at its beginning: both err on the safe side.
        since = look.ended if standing.held_since is None else standing.held_since
        step = Step.WAIT if look.knock is None else Step.ANSWER
        # Whoever takes the lease after this look acts no sooner.
        acts = look.began >= since + timing.proven_seconds
        finish_until = look.began + timing.proven_seconds if acts else standing.finish_until
        return Standing(standing.token, look.lease, since, look.began, finish_until), step
    return _waiting(standing, look, timing)


def _waiting(standing: Standing, look: Look, timing: LeaseTiming) -> tuple[Standing, Step]:
    same = look.lease == standing.lease and look.knock == standing.knock
    seen = replace(standing, lease=look.lease, held_since=None, knock=look.knock)
    if not same:
        seen = replace(seen, knock_since=look.ended)
    if look.knock is None:
        return seen, Step.KNOCK
    return seen, Step.EVICT if look.began >= seen.knock_since + timing.answer_seconds else Step.WAIT
