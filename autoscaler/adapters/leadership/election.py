"""Which of several daemons acts on a Compose project: what a look at the lease means, and what to do next. Pure.

The lease says who leads. Whoever waits knocks; the holder takes the knock away, as it looks, and one that does not is
evicted. Only durations by the daemon's own clock matter, so clocks need not agree, and nothing is written while there
is one daemon. At most one leads: a lease counts once it has stood longer than any holder acts without seeing its own.
"""

from dataclasses import dataclass, replace
from enum import Enum, auto


@dataclass(frozen=True, slots=True)
class LeaseTiming:
    """How long what takes; `proven` must be longer than `confirmed`, that is what keeps two from acting at once."""

    look_seconds: float = 1.0  # from one look to the next
    confirmed_seconds: float = 4.0  # a holder that has not seen its lease for so long does not act
    proven_seconds: float = 5.0  # a new holder acts after so long
    answer_seconds: float = 4.0  # a holder that has not answered a knock for so long is gone


@dataclass(frozen=True, slots=True)
class Lease:
    """Who leads, in words and since when (as written, for people), and the token of that very claim."""

    token: str
    holder: str
    since: str


@dataclass(frozen=True, slots=True)
class Look:
    """What was there, lease and knock, and when the look began and ended (monotonic seconds)."""

    lease: Lease | None
    knock: str | None  # its token
    began: float
    ended: float


class Step(Enum):
    """What to do about what was seen."""

    WAIT = auto()
    CLAIM = auto()  # create a lease with the standing's token, if there is none
    KNOCK = auto()
    ANSWER = auto()  # take the knock away
    EVICT = auto()  # take the lease away


@dataclass(frozen=True, slots=True)
class Standing:
    """What one daemon knows about the lease of one project."""

    token: str | None = None  # of its last claim
    lease: Lease | None = None  # as last seen
    held_since: float | None = None  # None: it is not our own
    confirmed_at: float = 0.0  # when it was known to be our own for the last time
    knock: str | None = None
    knock_since: float = 0.0

    @property
    def held(self) -> bool:
        """Whether the lease is our own, as far as is known; that is not yet a leave to act."""
        return self.held_since is not None

    def leads(self, now: float, terms: LeaseTiming) -> bool:
        """Whether the daemon may act at `now` (monotonic seconds)."""
        held = self.held_since
        return held is not None and held + terms.proven_seconds <= now < self.confirmed_at + terms.confirmed_seconds


def after(standing: Standing, look: Look, token: str, terms: LeaseTiming) -> tuple[Standing, Step]:
    """Return what is known after a look, and the next step; `token` is used for a claim, and never again.

    A lease with the token of our claim has been ours all the time: no other claim has it.
    """
    if look.lease is None:
        return Standing(token), Step.CLAIM
    if look.lease.token == standing.token:
        # From the look's end what began by then, from its beginning what was seen since: both err on the safe side.
        since = look.ended if standing.held_since is None else standing.held_since
        step = Step.WAIT if look.knock is None else Step.ANSWER
        return Standing(standing.token, look.lease, since, look.began), step
    return _waiting(standing, look, terms)


def _waiting(standing: Standing, look: Look, terms: LeaseTiming) -> tuple[Standing, Step]:
    same = look.lease == standing.lease and look.knock == standing.knock
    seen = replace(standing, lease=look.lease, held_since=None, knock=look.knock)
    if not same:
        seen = replace(seen, knock_since=look.ended)
    if look.knock is None:
        return seen, Step.KNOCK
    return seen, Step.EVICT if look.began >= seen.knock_since + terms.answer_seconds else Step.WAIT
