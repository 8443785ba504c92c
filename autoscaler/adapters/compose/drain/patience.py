"""How long drains wait for another ready replica, where a healthcheck goes up and down. Pure."""

from dataclasses import dataclass

LONGEST_SECONDS = 40.0
FORGOTTEN_SECONDS = 600.0  # after the last drain in vain


@dataclass(slots=True)
class Patience:
    """Of one service; its removals come one after another. Times in monotonic seconds.

    At first there is none: replicas are taken back at once when no other one is ready. After each drain in vain it is
    longer, so that replicas that turn unready and ready again together are not kept for ever.
    """

    first_seconds: float
    _in_vain: int = 0
    _last: float = 0.0
    _unready_since: float | None = None

    def lasts(self, now: float, *, ready: bool) -> bool:
        """Return whether to wait on, after a look that shows whether another replica is ready."""
        if ready:
            self._unready_since = None
            return False
        self._unready_since = now if self._unready_since is None else self._unready_since
        if self._in_vain == 0 or now >= self._last + FORGOTTEN_SECONDS:
            return False
        seconds = min(self.first_seconds * 2.0 ** min(self._in_vain - 1, 10), LONGEST_SECONDS)
        return now < self._unready_since + seconds

    def in_vain(self, now: float) -> None:
        """Note that drains were taken back because no other replica was ready."""
        self._in_vain = self._in_vain + 1 if now < self._last + FORGOTTEN_SECONDS else 1
        self._last, self._unready_since = now, None

    def rewarded(self) -> None:
        """Note that a replica was stopped."""
        self._in_vain, self._unready_since = 0, None
