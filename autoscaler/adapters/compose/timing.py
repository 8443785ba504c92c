"""How long the Compose target waits for Compose, the engine, Traefik and replicas."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ComposeTiming:
    """Every wait that is a constant of the target, in seconds."""

    settle_seconds: float = 10.0  # after the last sign of a foreign change, until it has settled
    leftover_seconds: float = 10.0  # of a container that does not run: it may be started yet
    cleanup_poll_seconds: float = 0.5
    ready_poll_seconds: float = 0.3
    # Without a healthcheck, a replica that runs on for so long is ready; before, it may be about to exit.
    proven_seconds: float = 2.0
    # The list may show a container's end before the engine's events show that it was a foreign change.
    event_lag_seconds: float = 1.0
    # One probe costs about 56 ms of CPU time, nearly all of it the engine's: 1 % of a core, where a start may be
    # probed more often than the rest, and else 3 %.
    probe_start_seconds: float = 1.0
    probe_rest_seconds: float = 6.0
    probe_only_seconds: float = 2.0  # on an engine that cannot probe a start more often
    drain_poll_seconds: float = 0.5
    take_back_retry_seconds: float = 1.0
    patience_seconds: float = 5.0  # with drains while no other replica is ready, after one in vain
    # Traefik applies a change at most every providersThrottleDuration; then it still asks the engine.
    throttle_margin_seconds: float = 0.5
    # Until Traefik's view has left a replica out and every Traefik has looked; else it is taken back.
    view_seconds: float = 10.0
    # Traefik learns of a stop by the container's end, and applies changes at most every 2 s by default: with two
    # replicas gone at once and undrained, a request that is retried may meet the other one.
    stop_gap_seconds: float = 2.5
    # docker compose up fails if it removes a replica while we do: it goes first.
    before_removal_seconds: float = 0.5


USUAL = ComposeTiming()
