"""Idle replicas whose healthcheck is wrapped as a clone's is; while they are paused the engine does not probe them."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from autoscaler.adapters.compose.healthcheck import wrapped
from autoscaler.adapters.docker.engine import Engine
from deploy.lab.images import PYTHON
from deploy.lab.shell import run

NANO = 1_000_000_000
NEWER = (1, 44)  # the first API version whose engine may probe a start more often than the rest
BODY = {
    "Image": PYTHON,
    "Cmd": ["sleep", "3600"],
    "Labels": {"io.traefik-autoscaler.benchmark": "wrap"},
    "Healthcheck": {"Test": ["CMD", "true"]},  # of the service itself, every 30 s
    "HostConfig": {"Init": True},
}


def interval_seconds(api_version: tuple[int, ...]) -> float:
    """Return how often such a replica is probed by an engine of that version."""
    return float(wrapped(BODY, api_version)["Healthcheck"]["Interval"] / NANO)


def body(seconds: float, api_version: tuple[int, ...]) -> dict[str, Any]:
    """Return what is created: a clone's body, probed so often."""
    made = wrapped(BODY, api_version)
    return {**made, "Healthcheck": {**made["Healthcheck"], "Interval": round(seconds * NANO)}}


@dataclass(slots=True)
class Replicas:
    """Some replicas that are probed equally often; all but the running ones are paused."""

    engine: Engine
    seconds: float
    ids: list[str] = field(default_factory=list)

    def start(self, count: int) -> None:
        """Create them, and pause them as soon as they are healthy."""
        for _ in range(count):
            name = f"bench-wrap-{secrets.token_hex(4)}"
            self.ids.append(self.engine.create(name, body(self.seconds, self.engine.api_version)))
            self.engine.start(self.ids[-1])
        self.pause()

    def pause(self) -> None:
        run(["docker", "pause", *self.ids], "pause the replicas")

    def unpause(self) -> None:
        run(["docker", "unpause", *self.ids], "unpause the replicas")

    def probes_failed(self) -> int:
        """Return how many of them are unhealthy: such a probe costs something else."""
        return health(self.ids).count("unhealthy")

    def remove(self) -> None:
        if self.ids:
            run(["docker", "rm", "--force", "--volumes", *self.ids], "remove the replicas")


def health(ids: Sequence[str]) -> list[str]:
    """Return what the engine says of the health of each."""
    return run(["docker", "inspect", "--format", "{{.State.Health.Status}}", *ids], "inspect the replicas").split()
