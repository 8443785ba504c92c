"""What a policy says about a Compose service beyond its count: how its replicas start and go."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HttpCall:
    """A request to a replica that makes it say of itself that it is unhealthy."""

    port: int
    path: str
    method: str


@dataclass(frozen=True, slots=True)
class Drain:
    """How a replica is let go: by its healthcheck where that can be, or else by one of the last three, if it is set."""

    enabled: bool = True
    timeout_seconds: float = 30.0  # for its last requests; 0: they are not waited for
    throttle_seconds: float = 2.0  # Traefik's providersThrottleDuration
    command: tuple[str, ...] = ()  # run in the replica
    signal: str | None = None  # sent to the replica, e.g. SIGUSR1
    http: HttpCall | None = None


@dataclass(frozen=True, slots=True)
class ComposeOptions:
    """What the policy says about how a Compose service is scaled."""

    start_timeout_seconds: float | None = None  # one not ready within it is given up; None: as its healthcheck says
    drain: Drain = Drain()
