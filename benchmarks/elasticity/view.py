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


class ScrapedView:
    """A view without any rate but the scraped one."""

    def __init__(self, view: View) -> None:
        self.now, self.replicas, self.ready, self.scraped_rate = view.now, view.replicas, view.ready, view.scraped_rate

    def fresh_rate(self, window_seconds: float) -> float:
        return self.scraped_rate(window_seconds) or 0.0


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


class Peer(Protocol):
    """A policy that sees no slow answers."""

    @property
    def interval_seconds(self) -> float:
        """How often it decides."""
        ...

    def decide(self, view: View) -> int:
        """Return the replicas that there should be."""
        ...


class ByScrapes:
    """A peer that sees scraped rates only."""

    def __init__(self, peer: Peer) -> None:
        self.interval_seconds = peer.interval_seconds
        self._peer = peer

    def decide(self, view: FullView) -> int:
        return self._peer.decide(ScrapedView(view))
