"""Builds the observers: logs, metrics, status, journal, and Grafana if the settings name one."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from autoscaler.adapters.grafana.api import GrafanaApi
from autoscaler.adapters.grafana.observer import GrafanaObserver
from autoscaler.adapters.journal.observer import JournalObserver
from autoscaler.adapters.logs.observer import LogObserver
from autoscaler.adapters.metrics.observer import MetricsObserver
from autoscaler.adapters.status.daemon import DaemonObserver
from autoscaler.adapters.status.observer import StatusObserver
from autoscaler.adapters.status.recent import RecentObserver
from autoscaler.config.model import Config
from autoscaler.config.settings import Settings
from autoscaler.ports.observers import Emit, Observer
from autoscaler.wiring import broadcast, stalled_after_seconds


@dataclass(frozen=True, slots=True)
class Observers:
    """All observers of a daemon; the web server reads some of them."""

    status: StatusObserver
    metrics: MetricsObserver
    journal: JournalObserver
    overview: DaemonObserver
    recent: RecentObserver
    logs: LogObserver
    annotations: Sequence[GrafanaObserver]  # none or one

    @property
    def all(self) -> Sequence[Observer]:
        """All observers, in the order in which they get an event."""
        return (self.status, self.metrics, self.journal, self.overview, self.recent, self.logs, *self.annotations)

    @property
    def emit(self) -> Emit:
        """Return a function that passes an event to all observers."""
        return broadcast(self.all)


def make_observers(settings: Settings, config: Config) -> Observers:
    """Return the observers of a daemon, with the services of the policy file."""
    policies = [service.policy for service in config.services.values()]
    metrics, logs = MetricsObserver(policies, dry_run=config.dry_run), LogObserver()
    return Observers(
        status=StatusObserver(
            policies, stalled_after_seconds=stalled_after_seconds(settings, config), monotonic=time.monotonic
        ),
        metrics=metrics,
        journal=JournalObserver(policies),
        overview=DaemonObserver(config.interval_seconds, dry_run=config.dry_run),
        recent=RecentObserver(),
        logs=logs,
        annotations=make_annotations(settings, broadcast([metrics, logs])),
    )


def make_annotations(settings: Settings, emit: Emit) -> list[GrafanaObserver]:
    """Return the observer that annotates Grafana, if the settings name one."""
    if settings.grafana_url is None or settings.grafana_token is None:
        return []
    return [GrafanaObserver(GrafanaApi(settings.grafana_url, settings.grafana_token.get_secret_value()), emit)]
