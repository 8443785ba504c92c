"""The daemon yields when foreign changes undo its own again and again. Pure."""

from dataclasses import dataclass, replace

MOST_CORRECTIONS = 3  # each undone by another foreign change
PERIOD_SECONDS = 300.0  # within which they count
YIELD_SECONDS = 300.0  # since the latest foreign change


@dataclass(frozen=True, slots=True)
class Yielding:
    """When the daemon corrected the count of a foreign change. Times in monotonic seconds."""

    corrections: tuple[float, ...] = ()
    until: float | None = None  # the end of the yield

    def corrected(self, now: float) -> "Yielding":
        """Note that the daemon has undone the count of a foreign change."""
        return replace(self, corrections=(*self.corrections, now)[-MOST_CORRECTIONS:])

    def changed(self, now: float) -> "Yielding":
        """Note that a foreign change has set the count."""
        recent = [at for at in self.corrections if at > now - PERIOD_SECONDS]
        fighting = len(recent) >= MOST_CORRECTIONS or self.yields(now)
        return replace(self, until=now + YIELD_SECONDS) if fighting else self

    def yields(self, now: float) -> bool:
        return self.until is not None and now < self.until
