"""The recovery of a target on the real engine, with waits as short as can be."""

from collections.abc import Callable
from dataclasses import replace

from autoscaler.adapters.compose.timing import USUAL
from autoscaler.config.compose_options import ComposeOptions
from autoscaler.ports.fleet import ServiceRef
from autoscaler.ports.observers import Emit
from tests.adapters.compose.conftest import Project

SETTLE_SECONDS = 0.3
START_SECONDS = 20.0


class Recovering:
    """Looks for left-overs of one project; `emit` hears what was put right."""

    def __init__(self, project: Project, url: str | None = None, *, emit: Emit | None = None) -> None:
        self._project = project
        self.target = project.target(url, timing=replace(USUAL, leftover_seconds=SETTLE_SECONDS), emit=emit)

    def look(self, leads: Callable[[ServiceRef], bool] | None = None) -> None:
        """Look once, as a daemon that leads this project alone: there are others on the engine."""
        self.target.recover(leads or self._project.leads, lambda _: ComposeOptions(START_SECONDS))
