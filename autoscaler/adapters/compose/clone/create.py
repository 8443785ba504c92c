"""Creates a clone under a new number, connects it and starts it; a clone that fails is removed."""

import threading
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass, replace

from autoscaler.adapters.compose.clone.failures import CloneFailed, Failure, refused
from autoscaler.adapters.compose.clone.injected_files import InjectedFiles
from autoscaler.adapters.compose.clone.spec import CloneSpec, clone_spec
from autoscaler.adapters.compose.healthcheck import wrapped
from autoscaler.adapters.compose.timing import ComposeTiming
from autoscaler.adapters.docker.engine import Engine, Inspect
from autoscaler.adapters.docker.errors import Conflict, EngineError
from autoscaler.errors import AutoscalerError

NAME_ATTEMPTS = 5
PORT_ATTEMPTS = 5


class Numbers:
    """Counts on from the highest number in use, as Compose does; thread-safe."""

    def __init__(self, taken: Iterable[int]) -> None:
        self._last = max(taken, default=0)
        self._lock = threading.Lock()

    def next(self) -> int:
        with self._lock:
            self._last += 1
            return self._last


@dataclass(frozen=True, slots=True)
class Creating:
    """Creates clones of one template; thread-safe.

    `port_ranges` is held while a clone starts whose host port comes from a range: the engine sometimes fails if two do.
    With `wraps` the clone can be drained by its healthcheck.
    """

    engine: Engine
    injected_files: InjectedFiles
    template: Inspect
    image: Inspect | None
    numbers: Numbers
    port_ranges: threading.Lock
    timing: ComposeTiming
    wraps: bool = False

    def one(self) -> tuple[str, str, str | None]:
        """Create and start a clone; return its id, its name, and what it may lack.

        Raises:
            CloneFailed: the engine refuses.
            TargetUnavailable: the engine does not answer.
        """
        container, spec = self._create()
        return container, spec.name, self._connect_and_start(container, spec)

    def _create(self) -> tuple[str, CloneSpec]:
        """Create it under the next number whose name is free: foreign containers may have some names."""
        api_version = self.engine.api_version
        taken: list[str] = []
        for _ in range(NAME_ATTEMPTS):
            spec = clone_spec(self.template, self.numbers.next(), self.image, api_version)
            if self.wraps:
                spec = replace(spec, body=wrapped(spec.body, api_version, self.timing))
            try:
                return self.engine.create(spec.name, spec.body), spec
            except EngineError as error:
                if not isinstance(error, Conflict):
                    raise CloneFailed(self._refused("create", spec.name, error)) from error
                taken.append(spec.name)
        others = " (by containers of other services; remove or rename them)"
        raise CloneFailed(
            Failure("create", ", ".join(taken), "cannot create ", f": each name is taken{others}", "name")
        )

    def _connect_and_start(self, container: str, spec: CloneSpec) -> str | None:
        stage = "connect"
        try:
            for network, endpoint in spec.connect.items():
                self.engine.connect(network, container, endpoint)
            stage = "create"
            missing = self.injected_files.copy_into(container, self.template)
            stage = "start"
            ranged = publishes_range(self.template)
            with self.port_ranges if ranged else nullcontext():
                self._start(container, PORT_ATTEMPTS if ranged else 1)
        except BaseException as error:
            self._undo(container)
            if isinstance(error, EngineError):
                raise CloneFailed(self._refused(stage, spec.name, error, "; it was removed again")) from error
            raise
        else:
            return missing

    def _start(self, container: str, attempts: int) -> None:
        """Start it; try again where the engine chose a port in use: its next choice is another one."""
        try:
            self.engine.start(container)
        except EngineError as error:
            if attempts == 1 or "address already in use" not in str(error):
                raise
            self._start(container, attempts - 1)

    def _refused(self, stage: str, name: str, error: EngineError, undone: str = "") -> Failure:
        return refused(stage, name, error, self.template["Config"]["Image"], undone)

    def _undo(self, container: str) -> None:
        try:
            self.engine.remove(container, force=True)
        except (AutoscalerError, EngineError):
            return  # the service's next operation or the recovery removes it
        finally:
            self.engine.own_actions.done(container)  # if it runs on, its changes are foreign


def publishes_range(template: Inspect) -> bool:
    bindings = (template["HostConfig"].get("PortBindings") or {}).values()
    return any("-" in str(binding.get("HostPort", "")) for some in bindings for binding in some or [])
