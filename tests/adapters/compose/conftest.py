"""A real Compose project for a test, in a project of its own that leaves nothing behind."""

import json
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from autoscaler.adapters.compose.target import ComposeTarget
from autoscaler.adapters.compose.timing import ComposeTiming
from autoscaler.adapters.leadership.volume_store import KNOCK, LEASE
from autoscaler.config.compose_options import ComposeOptions, Drain
from autoscaler.ports.fleet import ServiceRef, ServiceState
from autoscaler.ports.observers import Emit
from autoscaler.ports.order import Order
from deploy.lab.shell import run
from tests.support.builders import CAPABLE
from tests.support.fakes import Recorder

# Ends at once on SIGTERM, as tini forwards it; ready as soon as it runs.
SLEEP = {"image": "python:3.13-slim", "init": True, "command": ["sleep", "600"], "networks": ["default"]}


@dataclass
class Project:
    """A Compose project, and a target that scales it."""

    compose: list[str]
    engine_url: str
    directory: Path
    name: str = field(default_factory=lambda: f"autoscaler-unit-{secrets.token_hex(3)}")
    recorder: Recorder = field(default_factory=Recorder)

    def write(self, services: dict[str, Any], **top: Any) -> None:
        document = {"name": self.name, "services": services, **top}
        (self.directory / "compose.yaml").write_text(json.dumps(document), encoding="utf-8")

    def run(self, *arguments: str) -> str:
        return run(
            [*self.compose, "--file", self.directory / "compose.yaml", "--progress", "plain", *arguments], "compose"
        )

    def up(self, services: dict[str, Any], **top: Any) -> None:
        self.write(services, **top)
        self.run("up", "--detach", "--wait")

    def down(self) -> None:
        self.run("down", "--volumes", "--remove-orphans", "--timeout", "1")
        leases = [prefix + self.name for prefix in (LEASE, KNOCK)]  # of a daemon that was killed
        run(["docker", "volume", "rm", "--force", *leases], "remove the lease")

    def ref(self, service: str = "web") -> ServiceRef:
        return ServiceRef(service, self.name)

    def state(self, service: str = "web") -> ServiceState:
        return ServiceState(self.ref(service), 1, 1, capabilities=CAPABLE)

    def target(
        self,
        url: str | None = None,
        *,
        timeout_seconds: float = 20.0,
        timing: ComposeTiming | None = None,
        emit: Emit | None = None,
    ) -> ComposeTarget:
        emit = emit or self.recorder.notify
        return ComposeTarget(url or self.engine_url, emit=emit, timeout_seconds=timeout_seconds, timing=timing)

    def leads(self, ref: ServiceRef) -> bool:
        """Lead this project alone: there are others on the engine."""
        return ref.group == self.name

    def order(
        self,
        replicas: int,
        pause: Callable[[float], bool] | None = None,
        *,
        start_timeout_seconds: float = 60.0,
        drain: Drain | None = None,
    ) -> Order:
        """An order whose pauses are as short as can be."""
        options = ComposeOptions(start_timeout_seconds, drain or Drain())
        return Order(replicas, emit=self.recorder.notify, pause=pause or short, options=options)

    def scale(self, replicas: int, service: str = "web", *, target: ComposeTarget | None = None, **options: Any) -> int:
        """Scale by the target; the options are the order's."""
        return (target or self.target()).scale(self.ref(service), self.order(replicas, **options))

    def containers(self, service: str = "web") -> list[str]:
        """The names of all containers of the service, in any state, as the engine says."""
        labels = [f"label=com.docker.compose.project={self.name}", f"label=com.docker.compose.service={service}"]
        filters = [word for label in labels for word in ("--filter", label)]
        return sorted(run(["docker", "ps", "--all", "--format", "{{.Names}}", *filters], "list").split())

    def names(self, *numbers: int, service: str = "web") -> list[str]:
        return [f"{self.name}-{service}-{number}" for number in numbers]

    def inspect(self, number: int, service: str = "web") -> dict[str, Any]:
        found: dict[str, Any] = json.loads(run(["docker", "inspect", *self.names(number, service=service)], "inspect"))[
            0
        ]
        return found


def short(seconds: float) -> bool:
    """A pause for tests: never the end, and never long."""
    time.sleep(min(seconds, 0.1))
    return False


@pytest.fixture
def project(compose_command: list[str], engine_url: str, tmp_path: Path) -> Iterator[Project]:
    project = Project(compose_command, engine_url, tmp_path)
    yield project
    if (tmp_path / "compose.yaml").exists():
        project.down()
