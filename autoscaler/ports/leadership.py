"""Which of several daemons acts: the right to do so, as control and daemon see it."""

from typing import Protocol


class Leadership(Protocol):
    """Keeps a lease for each key that it follows (`ServiceRef.lease_key`). Thread-safe."""

    @property
    def look_seconds(self) -> float:
        """From one `look` to the next."""
        ...

    def follow(self, key: str) -> None:
        """Ask for the lease of this key from now on, as long as this is called now and then."""
        ...

    def leads(self, key: str) -> bool:
        """Return whether the daemon may act now on what this key stands for."""
        ...

    def why_not(self, key: str) -> str | None:
        """Return why the daemon may not act now, as a sentence for the operator; None: it may."""
        ...

    def look(self) -> None:
        """Look at every lease and take the next step; one caller at a time."""
        ...

    def release(self) -> None:
        """Give all leases back, so that another daemon need not wait."""
        ...
