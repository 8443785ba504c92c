"""What an autoscaler sees of the plant, and what every autoscaler of the comparison looks like."""

from typing import Protocol


class View(Protocol):
    """The plant at the instant of a decision."""

    @property
    def now(self) -> float:
        """Seconds since the start of the run."""
        ...

    @property
    def replicas(self) -> int:
        """Replicas asked for: running or starting, without those that drain (HPA's spec.replicas)."""
        ...

    @property
    def ready(self) -> int:
        """Replicas that serve."""
        ...

    def scraped_rate(self, window_seconds: float) -> float | None:
        """Arrivals per second over the window that ends at the last scrape; None before there are two scrapes."""
        ...

    def fresh_rate(self, window_seconds: float) -> float:
        """Arrivals per second over the window that ends now, from buckets of one second without any delay."""
        ...


class FullView(View, Protocol):
    """What the plant shows; the share of slow answers is read by ours alone."""

    def scraped_slow_share(self, window_seconds: float) -> float | None:
        """The share of answers slower than the goal, over the same window as `scraped_rate`."""
        ...


class Autoscaler(Protocol):
    """One policy under test; keeps its own memory."""

    @property
    def interval_seconds(self) -> float:
        """How often it decides."""
        ...

    def decide(self, view: FullView) -> int:
        """Return the replicas that there should be."""
        ...
