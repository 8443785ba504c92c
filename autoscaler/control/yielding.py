"""When somebody else undoes our changes again and again, one of us has to give way: we do. Pure."""

from dataclasses import dataclass, replace

MOST_REPAIRS = 3  # of what somebody else did, each undone again by somebody else
PERIOD_SECONDS = 300.0  # within which they count
GIVES_WAY_SECONDS = 300.0  # since the latest change against us


@dataclass(frozen=True, slots=True)
class Yielding:
    """How often we have set a service's count right after somebody else. Times in seconds of a monotonic clock."""

    repairs: tuple[float, ...] = ()
    until: float | None = None  # the service is left alone

    def repaired(self, now: float) -> "Yielding":
        """Note that we have brought the service back from a count that somebody else had set."""
        return replace(self, repairs=(*self.repairs, now)[-MOST_REPAIRS:])

    def changed(self, now: float) -> "Yielding":
        """Note that somebody else has set the count; the one who would be fighting gives way."""
        recent = [at for at in self.repairs if at > now - PERIOD_SECONDS]
        fighting = len(recent) >= MOST_REPAIRS or self.gives_way(now)
        return replace(self, until=now + GIVES_WAY_SECONDS) if fighting else self

    def gives_way(self, now: float) -> bool:
        """Whether the service is left alone."""
        return self.until is not None and now < self.until
