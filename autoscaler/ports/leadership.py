"""The lease: the right to act, which one of several daemons holds."""

from typing import Protocol


class Leadership(Protocol):
    """The leases of one daemon, one for each key that it follows (`ServiceRef.lease_key`). Thread-safe."""

    @property
    def look_seconds(self) -> float:
        """The interval between two calls of `look`."""

    def follow(self, key: str) -> None:
        """Ask for the lease of this key from now on; called again and again, else the lease is given back."""

    def leads(self, key: str) -> bool:
        """Return whether the daemon holds the lease of this key and may act."""

    def may_finish(self, key: str) -> bool:
        """Return whether the daemon may still finish or undo what it began while it led: no other one acts yet."""

    def why_not(self, key: str) -> str | None:
        """Return a sentence for the operator that says why the daemon may not act; None: it may."""

    def look(self) -> None:
        """Read every lease and take the next step; one caller at a time."""

    def release(self) -> None:
        """Give all leases back, so that another daemon need not wait."""
