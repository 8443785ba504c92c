"""Adds replicas: clone, start; then wait until each is ready. Whatever fails is undone."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from autoscaler.adapters.compose.clone import CloneSpec, clone_spec
from autoscaler.adapters.compose.engine import CONFLICT, NOT_FOUND, Engine, EngineError, Inspect
from autoscaler.adapters.compose.obstacles import obstacle, update_under_way
from autoscaler.adapters.compose.replicas import Replica, choose_template
from autoscaler.core.model import Direction
from autoscaler.errors import AutoscalerError, ScaleFailed, TargetRefused
from autoscaler.events import ReplicaChanged
from autoscaler.fleet import ServiceRef
from autoscaler.ports import Pause, Tell

T = TypeVar("T")

NAME_ATTEMPTS = 5
POLL_SECONDS = 0.3
LOG_LINES = 5
# Without a healthcheck nothing tells a replica that works from one that is about to exit, but that it goes on running.
PROVEN_AFTER_SECONDS = 2.0


@dataclass(slots=True)
class Adding:
    """One scale-up under way: `start`, then `wait`. `relist` returns the service's containers of all states."""

    engine: Engine
    ref: ServiceRef
    relist: Callable[[], list[Replica]]
    tell: Tell
    pause: Pause
    start_timeout_seconds: float
    troubled: Callable[[], bool] = lambda: False  # somebody else is at work on the service
    made: set[str] = field(default_factory=set)  # ids of all clones that were started
    _started: dict[str, tuple[str, float]] = field(default_factory=dict)  # id -> name, time of its start
    _failures: list[ScaleFailed] = field(default_factory=list)

    def start(self, replicas: list[Replica], count: int) -> None:
        """Start `count` replicas beside those there are.

        Fewer are started if the daemon goes down, somebody else is at work on the service, or one cannot be made.

        Raises:
            TargetRefused: the service cannot be cloned.
            ScaleFailed: the engine does not say what to clone.
        """
        template, image = self._template(replicas)
        for _ in range(count):
            if self.pause(0.0) or self.troubled():
                return
            if not self._start_one(template, image):
                return

    def wait(self) -> None:
        """Return when all that were started are ready, or the daemon goes down.

        Raises:
            ScaleFailed: a clone could not be made, or did not become ready; it is removed, the others stay.
        """
        self._wait_until_ready()
        if self._failures:
            raise ScaleFailed(self._failures[0].stage, "; ".join(str(failure) for failure in self._failures))

    def _template(self, replicas: list[Replica]) -> tuple[Inspect, Inspect | None]:
        chosen = choose_template(replicas)
        if chosen is None:
            raise TargetRefused(f"{self.ref}: no replica is running that could be cloned")
        reason = update_under_way(replicas)
        if reason is None:
            template = self._asked("create", lambda: self.engine.inspect(chosen.id))
            reason = obstacle(template)
        if reason is not None:
            raise TargetRefused(f"{self.ref} cannot be scaled: {reason}")
        return template, self._asked("create", lambda: self.engine.image(template["Config"]["Image"]))

    def _start_one(self, template: Inspect, image: Inspect | None) -> bool:
        """Start one clone; after a failure there is no use in trying more, but those that run are still waited for."""
        try:
            container, name = self._create(template, image)
        except ScaleFailed as failure:
            self._failures.append(failure)
            return False
        self.made.add(container)
        self._started[container] = (name, time.monotonic())
        return True

    def _create(self, template: Inspect, image: Inspect | None) -> tuple[str, str]:
        """Create and start one clone; take the next number when somebody else was faster."""
        api_version = self.engine.api_version
        for _ in range(NAME_ATTEMPTS):
            number = 1 + max(replica.number for replica in self.relist())
            spec = clone_spec(template, number, image, api_version)
            try:
                container = self.engine.create(spec.name, spec.body)
            except EngineError as error:
                if error.status == CONFLICT:
                    continue
                raise ScaleFailed("create", self._creation_problem(spec, template, error)) from error
            self._connect_and_start(container, spec)
            return container, spec.name
        raise ScaleFailed("create", f"cannot create a replica of {self.ref}: its name is taken again and again")

    def _connect_and_start(self, container: str, spec: CloneSpec) -> None:
        stage = "connect"
        try:
            for network, endpoint in spec.connect.items():
                self.engine.connect(network, container, endpoint)
            stage = "start"
            self.engine.start(container)
        except BaseException as error:
            self._undo(container)
            if isinstance(error, EngineError):
                raise ScaleFailed(stage, f"cannot {stage} {spec.name}: {error}; it was removed again") from error
            raise

    def _undo(self, container: str) -> None:
        try:
            self.engine.remove(container, force=True)
        except (AutoscalerError, EngineError):
            return  # the engine is gone: the next operation of this service removes what was left over

    def _creation_problem(self, spec: CloneSpec, template: Inspect, error: EngineError) -> str:
        if error.status == NOT_FOUND:
            image = template["Config"]["Image"]
            return f"cannot create {spec.name}: its image {image} is gone; pull or build it and run docker compose up"
        return f"cannot create {spec.name}: {error}"

    def _wait_until_ready(self) -> None:
        while self._started:
            by_id = {replica.id: replica for replica in self.relist()}
            for container in list(self._started):
                self._look_at(container, by_id.get(container))
            if self._started and self.pause(POLL_SECONDS):
                return

    def _look_at(self, container: str, replica: Replica | None) -> None:
        name, started = self._started[container]
        waited_seconds = time.monotonic() - started
        if replica is not None and _works(replica, waited_seconds):
            del self._started[container]
            self.tell(ReplicaChanged(self.ref.service, Direction.UP, name, waited_seconds))
        elif (replica is None or not replica.alive) and self.troubled():
            del self._started[container]  # somebody else has ended it: no failure of ours
        elif replica is None:
            self._give_up(container, f"{name} was removed by somebody else")
        elif not replica.alive:
            self._give_up(container, f"{name} exited at once{self._last_words(container)}")
        elif replica.health == "unhealthy":
            self._give_up(container, f"{name} is unhealthy{self._last_words(container)}")
        elif waited_seconds > self.start_timeout_seconds:
            limit = f"{self.start_timeout_seconds:g} s"
            self._give_up(container, f"{name} was not ready within {limit}{self._last_words(container)}")

    def _give_up(self, container: str, why: str) -> None:
        del self._started[container]
        self._failures.append(ScaleFailed("ready", f"{why}; it was removed"))
        self._asked("remove", lambda: self.engine.remove(container, force=True))

    def _last_words(self, container: str) -> str:
        try:
            code = self.engine.inspect(container)["State"]["ExitCode"]
            lines = self.engine.last_lines(container, LOG_LINES).split("\n")
        except EngineError:
            return ""
        said = " | ".join(line.strip() for line in lines if line.strip())[-400:]
        return f" (exit code {code}{f', last lines: {said}' if said else ''})"

    def _asked(self, stage: str, call: Callable[[], T]) -> T:
        try:
            return call()
        except EngineError as error:
            raise ScaleFailed(stage, f"{self.ref}: {error}") from error


def _works(replica: Replica, waited_seconds: float) -> bool:
    return replica.ready and (replica.health is not None or waited_seconds >= PROVEN_AFTER_SECONDS)
