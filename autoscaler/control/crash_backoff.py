"""Replicas that die soon after they were made: what replaces them comes ever more rarely. Pure.

The numbers are those of the kubelet for a container that crashes again and again.
"""

from dataclasses import dataclass

FIRST_PAUSE_SECONDS = 10.0
LONGEST_PAUSE_SECONDS = 300.0
FORGOTTEN_AFTER_SECONDS = 600.0  # without another death


@dataclass(frozen=True, slots=True)
class CrashBackoff:
    """How often in a row replicas of a service have died that had been made since the death before.

    Times in seconds of a monotonic clock.
    """

    count: int = 0
    died_at: float | None = None
    replicas: int = 0  # that there were before
    elders: frozenset[str] = frozenset()  # the ids of those that were there at the last death

    def died(self, dead: frozenset[str], left: frozenset[str], replicas: int, now: float) -> "CrashBackoff":
        """Note that of so many replicas these have died, while those are left."""
        lately = self.died_at is not None and now < self.died_at + FORGOTTEN_AFTER_SECONDS
        if not lately:
            return CrashBackoff(0, now, replicas, dead | left)
        again = bool(dead - self.elders)
        return CrashBackoff(self.count + again, now if again else self.died_at, replicas, dead | left)

    def pause(self, replicas: int, now: float) -> str | None:
        """Say why no replica is made to have so many of them; for a load that asks for more than ever, one is."""
        if self.count == 0 or self.died_at is None or replicas > self.replicas:
            return None
        pause_seconds = min(FIRST_PAUSE_SECONDS * 2.0 ** (self.count - 1), LONGEST_PAUSE_SECONDS)
        left_seconds = self.died_at + pause_seconds - now
        if left_seconds <= 0:
            return None
        times = "once more" if self.count == 1 else f"{self.count} times in a row"
        return f"a replica died soon after it was made, {times}; the next one is made in {left_seconds:.0f} s"
