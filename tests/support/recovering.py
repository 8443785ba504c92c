"""The recovery of a target on the real engine, with waits as short as can be."""

from collections.abc import Callable

from autoscaler.config.compose_options import ComposeOptions
from autoscaler.ports.fleet import ServiceRef
from autoscaler.ports.observers import Emit
from tests.support.compose_project import Project
from tests.support.quick import QUICK

SETTLE_SECONDS = QUICK.leftover_seconds
START_SECONDS = 20.0


class Recovering:
    """Looks for left-overs of one project; `emit` hears what was put right."""

    def __init__(self, project: Project, url: str | None = None, *, emit: Emit | None = None) -> None:
        self._project = project
        self.target = project.target(url, emit=emit)

    def look(self, leads: Callable[[ServiceRef], bool] | None = None) -> None:
        """Look once, as a daemon that leads this project alone: there are others on the engine."""
        self.target.recover(leads or self._project.leads, lambda _: ComposeOptions(START_SECONDS))
