"""Every way in which a request can meet a removal: by what serves it, by what carries it. Pure."""

from dataclasses import dataclass
from itertools import product

QUICK_SECONDS, SLOW_SECONDS = 0.05, 2.0
GATEWAYS = ("ours", "default")  # Traefik as our stack sets it up, and with its own defaults


@dataclass(frozen=True, slots=True)
class App:
    """A service whose replicas are removed."""

    work_seconds: float
    finishes: bool  # on SIGTERM; or else it dies at once
    keep_alive: bool

    @property
    def name(self) -> str:
        """The service's name in Compose."""
        speed = "quick" if self.work_seconds == QUICK_SECONDS else "slow"
        return f"{speed}-{'finish' if self.finishes else 'die'}-{'keep' if self.keep_alive else 'close'}"


@dataclass(frozen=True, slots=True)
class Stream:
    """Requests that go one way."""

    app: App
    gateway: str
    retry: bool  # by Traefik's middleware
    keep_alive: bool  # the client's

    @property
    def name(self) -> str:
        """A name that says it all."""
        client = "keep" if self.keep_alive else "close"
        return f"{self.app.name}/{self.gateway}/{'retry' if self.retry else 'once'}/{client}"

    @property
    def path(self) -> str:
        """The path by which Traefik finds its router."""
        return f"/{'retry' if self.retry else 'once'}/{self.app.name}"


def apps() -> list[App]:
    """Return the services."""
    return [App(*each) for each in product((QUICK_SECONDS, SLOW_SECONDS), (False, True), (False, True))]


def streams() -> list[Stream]:
    """Return every combination."""
    return [Stream(*each) for each in product(apps(), GATEWAYS, (False, True), (False, True))]
