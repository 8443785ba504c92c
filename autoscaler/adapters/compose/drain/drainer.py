"""Drains replicas: begins the drain of each, follows its progress, and takes it back."""

import time
from dataclasses import dataclass, replace
from typing import assert_never

from autoscaler.adapters.compose.drain.http_hook import call
from autoscaler.adapters.compose.drain.marker import remove_marker, set_marker
from autoscaler.adapters.compose.drain.method import DrainMethod, drain_method
from autoscaler.adapters.compose.drain.progress import Limits, Probe, Progress, advanced, advanced_by_view, probes_of
from autoscaler.adapters.compose.healthcheck import MARKER, notices_within_seconds
from autoscaler.adapters.compose.labels import traefik_services
from autoscaler.adapters.compose.listing import inspected
from autoscaler.adapters.compose.replicas import Replica
from autoscaler.adapters.compose.timing import ComposeTiming
from autoscaler.adapters.compose.traefik_view import Hiding, TraefikView, ViewUnavailable
from autoscaler.adapters.docker.engine import Engine, Inspect
from autoscaler.adapters.docker.errors import Conflict, EngineError, NotFound
from autoscaler.config.compose_options import Drain
from autoscaler.events import DrainEnd

COMMAND_SECONDS = 10.0  # a longer command goes on, but is not waited for
SLACK_SECONDS = 2.0


@dataclass(slots=True, eq=False)
class Draining:
    """One replica that is being drained."""

    replica: Replica
    container: Inspect
    method: DrainMethod
    progress: Progress
    longest_seconds: float | None = None  # every request of the past was over within; None: unknown
    problem: str | None = None  # why the view does not confirm that Traefik does not see it

    @property
    def retractable(self) -> bool:
        """Whether it can be taken back: a command, a signal or a request cannot be undone."""
        return self.method in {DrainMethod.VIEW, DrainMethod.HEALTHCHECK}


class Drainer:
    """Drains the replicas of one service: by Traefik's view where it is usable, or else by its policy."""

    def __init__(self, engine: Engine, drain: Drain, timing: ComposeTiming, view: TraefikView | None = None) -> None:
        self._engine = engine
        self._drain = drain
        self._view = view
        self._view_seconds = timing.view_seconds
        self._longest: dict[tuple[str, ...], float | None] = {}
        self._throttle_seconds = drain.throttle_seconds + timing.throttle_margin_seconds

    def plan(self, replica: Replica) -> Draining:
        """Return the drain of a replica, before it begins."""
        container = inspected(self._engine, replica.id)
        by_view = self._view is not None and self._view.knows(replica.id)
        method = DrainMethod.VIEW if by_view else drain_method(container, self._drain)
        return Draining(replica, container, method, Progress(time.monotonic()))

    def begin(self, draining: Draining) -> str | None:
        """Begin the drain; return the problem, if there is one."""
        draining.progress = Progress(time.monotonic())
        self._engine.own_actions.drains(draining.replica.id)
        try:
            return self._begin(draining)
        except EngineError as error:
            return str(error)

    def take_back(self, draining: Draining) -> None:
        """Show it again, or remove the marker: with its next probe it is healthy. One that does not run is no error."""
        try:
            if draining.method is not DrainMethod.VIEW:
                remove_marker(self._engine, draining.replica)
            elif self._view is not None:
                self._view.show(draining.replica.id)
        except ViewUnavailable:
            pass  # then its order ends by itself
        except EngineError as error:
            if not isinstance(error, NotFound | Conflict):
                raise
        self.give_up(draining)

    def give_up(self, draining: Draining) -> None:
        """Leave it to the recovery."""
        self._engine.own_actions.done(draining.replica.id)

    def look(self, draining: Draining, listed: Replica | None) -> None:
        """Update the progress; `listed` is the replica in the engine's list, None when it is gone."""
        if listed is None or not listed.alive:
            draining.progress = replace(draining.progress, end=DrainEnd.IDLE)
            return
        if draining.method is DrainMethod.VIEW:
            draining.progress = advanced_by_view(
                draining.progress,
                time.monotonic(),
                self._ask_view(draining),
                Limits(self._view_seconds, self._throttle_seconds, self._drain.timeout_seconds),
                draining.longest_seconds,
            )
            return
        unhealthy = listed.health == "unhealthy"
        draining.progress = advanced(
            draining.progress,
            time.monotonic(),
            unhealthy=unhealthy,
            probes=self._probes(draining) if unhealthy and draining.retractable else (),
            limits=self._limits(draining),
        )

    def _begin(self, draining: Draining) -> str | None:
        drain, inside, container = self._drain, self._engine.exec, draining.replica.id
        match draining.method:
            case DrainMethod.VIEW:
                self._ask_view(draining)
                draining.longest_seconds = self._longest_request(traefik_services(draining.replica.labels))
                return None
            case DrainMethod.HEALTHCHECK:
                code = set_marker(self._engine, draining.replica)
                return None if code == 0 else f"cannot write {MARKER} in it: exit code {code}"
            case DrainMethod.COMMAND:
                code = inside.run(container, drain.command, timeout_seconds=COMMAND_SECONDS)
                return f"drain.command ended with exit code {code}" if code else None
            case DrainMethod.SIGNAL | DrainMethod.HTTP | DrainMethod.NOT:
                if drain.signal is not None:
                    inside.signal(container, drain.signal)
                return None if drain.http is None else call(draining.container, drain.http)
            case _:
                assert_never(draining.method)

    def _ask_view(self, draining: Draining) -> Hiding | None:
        """Renew the order; return how far it is, and None without an answer."""
        if self._view is None:
            return None
        try:
            hiding = self._view.hide(draining.replica.id)
        except ViewUnavailable as error:
            draining.problem = str(error)
            return None
        draining.problem = f"{self._view.name} does not say that every Traefik has looked"
        return hiding

    def _longest_request(self, services: tuple[str, ...]) -> float | None:
        """Return how long the requests of all these services took at most; None if that is unknown of one."""
        if services not in self._longest and self._view is not None:
            each = [self._view.longest_request(service) for service in services]
            known = [seconds for seconds in each if seconds is not None]
            self._longest[services] = max(known) if len(known) == len(services) else None
        return self._longest.get(services)

    def _probes(self, draining: Draining) -> list[Probe]:
        try:
            return probes_of(inspected(self._engine, draining.replica.id))
        except EngineError as error:
            if not isinstance(error, NotFound):
                raise
            return []

    def _limits(self, draining: Draining) -> Limits:
        """Return how long each step may take; without a healthcheck nothing turns unhealthy."""
        healthcheck = draining.container["Config"].get("Healthcheck") if draining.replica.health else None
        notice_seconds = SLACK_SECONDS + notices_within_seconds(healthcheck) if healthcheck else 0.0
        if not draining.retractable:
            notice_seconds = min(notice_seconds, self._drain.timeout_seconds)
        return Limits(notice_seconds, self._throttle_seconds, self._drain.timeout_seconds)
