"""Replicas that die soon after their start are replaced ever more rarely. Pure.

The numbers are those of the kubelet for a container in a crash loop.
"""

from dataclasses import dataclass

FIRST_PAUSE_SECONDS = 10.0
LONGEST_PAUSE_SECONDS = 300.0
FORGOTTEN_AFTER_SECONDS = 600.0  # without another death


@dataclass(frozen=True, slots=True)
class CrashBackoff:
    """How often in a row new replicas of a service have died. Times in monotonic seconds."""

    count: int = 0
    died_at: float | None = None
    replicas: int = 0  # the count before the last death
    known: frozenset[str] = frozenset()  # ids of the replicas at the last death: the others are new

    def died(self, dead: frozenset[str], left: frozenset[str], replicas: int, now: float) -> "CrashBackoff":
        """Note that of `replicas` replicas the `dead` have died and the others are `left`."""
        if self.died_at is None or now >= self.died_at + FORGOTTEN_AFTER_SECONDS:
            return CrashBackoff(0, now, replicas, dead | left)
        again = bool(dead - self.known)
        return CrashBackoff(self.count + again, now if again else self.died_at, replicas, dead | left)

    def hold_reason(self, replicas: int, now: float) -> str | None:
        """Return why the service is not raised to `replicas` now, or None; a count above that of before is allowed."""
        if self.count == 0 or self.died_at is None or replicas > self.replicas:
            return None
        pause_seconds = min(FIRST_PAUSE_SECONDS * 2.0 ** (self.count - 1), LONGEST_PAUSE_SECONDS)
        left_seconds = self.died_at + pause_seconds - now
        if left_seconds <= 0:
            return None
        died = "a new replica has died" if self.count == 1 else f"new replicas have died {self.count} times in a row"
        return f"{died}; the next one starts in {left_seconds:.0f} s"
