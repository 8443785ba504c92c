"""The Compose options of a policy: how replicas start, and how they are drained."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HttpCall:
    """A request that makes a replica report itself unhealthy."""

    port: int
    path: str
    method: str


@dataclass(frozen=True, slots=True)
class Drain:
    """How a replica is drained: by its healthcheck where possible, or else by one of the last three, if set."""

    enabled: bool = True
    timeout_seconds: float = 30.0  # for its last requests; 0: no wait
    throttle_seconds: float = 2.0  # Traefik's providersThrottleDuration
    command: tuple[str, ...] = ()  # run in the replica
    signal: str | None = None  # sent to the replica, e.g. SIGUSR1
    http: HttpCall | None = None


@dataclass(frozen=True, slots=True)
class ComposeOptions:
    """How a Compose service is scaled."""

    start_timeout_seconds: float | None = None  # a replica not ready by then is removed; None: from its healthcheck
    drain: Drain = Drain()
