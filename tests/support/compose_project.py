"""A real Compose project for a test: one of its own that leaves nothing behind, or its module's, put back in place."""

import json
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from autoscaler.adapters.compose.labels import CLONE_OF
from autoscaler.adapters.compose.target import ComposeTarget
from autoscaler.adapters.compose.timing import ComposeTiming
from autoscaler.adapters.compose.traefik_view import TraefikView
from autoscaler.adapters.leadership.volume_store import KNOCK, LEASE
from autoscaler.config.compose_options import ComposeOptions, Drain
from autoscaler.ports.fleet import ServiceRef, ServiceState
from autoscaler.ports.observers import Emit
from autoscaler.ports.order import Order
from deploy.lab.compose import remove_project
from deploy.lab.shell import run
from tests.support.builders import CAPABLE
from tests.support.fakes import Recorder
from tests.support.quick import QUICK

# Ends at once on SIGTERM, as tini forwards it; ready as soon as it runs.
SLEEP = {"image": "python:3.13-slim", "init": True, "command": ["sleep", "600"], "networks": ["default"]}
UNGUARDED = Drain(throttle_seconds=0.2)  # there is no Traefik that would have to notice


@dataclass
class Project:
    """A Compose project, and a target that scales it."""

    compose: list[str]
    engine_url: str
    directory: Path
    name: str = field(default_factory=lambda: f"autoscaler-unit-{secrets.token_hex(3)}")
    recorder: Recorder = field(default_factory=Recorder)
    timing: ComposeTiming = QUICK
    drain: Drain = UNGUARDED

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
        remove_project(self.run, timeout_seconds=1)
        leases = [prefix + self.name for prefix in (LEASE, KNOCK)]  # of a daemon that was killed
        run(["docker", "volume", "rm", "--force", *leases], "remove the lease")

    def restore(self, replicas: int) -> None:
        """Bring it back to so many running replicas of `web` that Compose has made, and begin to listen anew."""
        self.recorder = Recorder()
        row = f'{{{{.Names}}}} {{{{.State}}}}:{{{{.Label "{CLONE_OF}"}}}}'
        states = dict(
            line.split()
            for line in run(["docker", "ps", "--all", "--format", row, *self._filters()], "list").splitlines()
        )
        wanted = dict.fromkeys(self.names(*range(1, replicas + 1)), "running:")
        if others := [name for name, state in states.items() if wanted.get(name) != state]:
            run(["docker", "rm", "--force", "--volumes", *others], "remove what a test has left")
        if {name: states.get(name) for name in wanted} != wanted:
            self.run("up", "--detach", "--wait")

    def _filters(self, *more: str) -> list[str]:
        labels = [f"label=com.docker.compose.project={self.name}", *more]
        return [word for label in labels for word in ("--filter", label)]

    def ref(self, service: str = "web") -> ServiceRef:
        return ServiceRef(service, self.name)

    def state(self, service: str = "web") -> ServiceState:
        return ServiceState(self.ref(service), 1, 1, capabilities=CAPABLE)

    def target(
        self,
        url: str | None = None,
        *,
        timing: ComposeTiming | None = None,
        emit: Emit | None = None,
        view: TraefikView | None = None,
    ) -> ComposeTarget:
        emit, timing = emit or self.recorder.notify, timing or self.timing
        return ComposeTarget(url or self.engine_url, emit=emit, timeout_seconds=20.0, timing=timing, view=view)

    def leads(self, ref: ServiceRef) -> bool:
        """Lead this project alone: there are others on the engine."""
        return ref.group == self.name

    def order(
        self,
        replicas: int,
        pause: Callable[[float], bool] | None = None,
        *,
        may_finish: Callable[[], bool] = lambda: True,
        start_timeout_seconds: float = 60.0,
        drain: Drain | None = None,
    ) -> Order:
        """An order whose pauses are as short as can be."""
        options = ComposeOptions(start_timeout_seconds, drain or self.drain)
        emit, pause = self.recorder.notify, pause or short
        return Order(replicas, emit=emit, pause=pause, may_finish=may_finish, options=options)

    def scale(self, replicas: int, service: str = "web", *, target: ComposeTarget | None = None, **options: Any) -> int:
        """Scale by the target; the options are the order's."""
        return (target or self.target()).scale(self.ref(service), self.order(replicas, **options))

    def containers(self, service: str = "web") -> list[str]:
        """The names of all containers of the service, in any state, as the engine says."""
        filters = self._filters(f"label=com.docker.compose.service={service}")
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


@pytest.fixture(scope="session")
def drain() -> Drain:
    """How the module's tests drain if they do not say it; a module to which that is nothing switches it off."""
    return UNGUARDED


@pytest.fixture
def project(compose_command: list[str], engine_url: str, tmp_path: Path, drain: Drain) -> Iterator[Project]:
    """A project of its own, with nothing in it yet."""
    project = Project(compose_command, engine_url, tmp_path, drain=drain)
    yield project
    if (tmp_path / "compose.yaml").exists():
        project.down()


@pytest.fixture(scope="session")
def originals() -> int:
    """How many replicas `web` has in the module's project; a module may say another number."""
    return 1


@pytest.fixture(scope="module")
def module_project(
    compose_command: list[str],
    engine_url: str,
    tmp_path_factory: pytest.TempPathFactory,
    drain: Drain,
    originals: int,
) -> Iterator[Project]:
    project = Project(compose_command, engine_url, tmp_path_factory.mktemp("module"), drain=drain)
    project.write({"web": {**SLEEP, "scale": originals}})
    yield project
    project.down()


@pytest.fixture
def plain(module_project: Project, originals: int) -> Project:
    """The module's project as it was at first: `web` without a healthcheck, nothing else, and nothing heard."""
    module_project.restore(originals)
    return module_project
