"""Builds single parts out of the settings, for the daemon and for commands."""

from collections.abc import Callable, Iterable, Mapping

from autoscaler.adapters.compose.engine import Engine
from autoscaler.adapters.compose.lease.leading import Terms
from autoscaler.adapters.compose.lease.lease import Leases
from autoscaler.adapters.compose.lease.volumes import LeaseVolumes
from autoscaler.adapters.compose.peace.peace import Peace
from autoscaler.adapters.compose.target import ComposeTarget
from autoscaler.adapters.prometheus.catalog import PrometheusCatalog
from autoscaler.adapters.prometheus.history import PrometheusHistory
from autoscaler.adapters.prometheus.source import PrometheusSource
from autoscaler.events import Event
from autoscaler.policyfile.model import Config, ServiceConfig
from autoscaler.ports import Observer, Tell
from autoscaler.settings import Settings
from autoscaler.upkeep import Upkeep, holder, limits, projects


def make_target(settings: Settings, tell: Tell, peace: Peace | None = None) -> ComposeTarget:
    """Return the target that the settings name."""
    return ComposeTarget(settings.docker_url, timeout_seconds=settings.docker_timeout_seconds, tell=tell, peace=peace)


def make_upkeep(
    settings: Settings,
    config: Config,
    target: ComposeTarget,
    tell: Tell,
    services: Callable[[], Mapping[str, ServiceConfig]],
) -> Upkeep:
    """Return what a daemon that acts does beside its cycles."""
    terms = Terms()
    # A look that takes longer than that is of no use any more.
    timeout_seconds = min(settings.docker_timeout_seconds, terms.confirmed_seconds)
    engine = Engine(settings.docker_url, timeout_seconds=timeout_seconds, tell=tell)
    leases = Leases(LeaseVolumes(engine, holder()), tell, projects=projects(config), terms=terms)
    return Upkeep(leases, target.recovery(tell, limits(services)))


def make_engine(settings: Settings, tell: Tell) -> Engine:
    """Return the engine that the settings name, by itself."""
    return Engine(settings.docker_url, timeout_seconds=settings.docker_timeout_seconds, tell=tell)


def make_source(settings: Settings, config: Config, tell: Tell) -> PrometheusSource:
    """Return the metric source that the policy file and the settings name."""
    return PrometheusSource(
        config.prometheus.url,
        timeout_seconds=config.prometheus.timeout_seconds,
        max_sample_age_seconds=config.prometheus.max_sample_age_seconds,
        tell=tell,
        token=_prometheus_token(settings),
    )


def make_history(settings: Settings, config: Config, tell: Tell, *, timeout_seconds: float = 30.0) -> PrometheusHistory:
    """Return the metric history that the policy file and the settings name; its questions may take longer."""
    return PrometheusHistory(
        config.prometheus.url,
        max_sample_age_seconds=config.prometheus.max_sample_age_seconds,
        tell=tell,
        timeout_seconds=timeout_seconds,
        token=_prometheus_token(settings),
    )


def make_catalog(settings: Settings, config: Config, tell: Tell, *, timeout_seconds: float = 30.0) -> PrometheusCatalog:
    """Return the list of services that the Prometheus of the policy file knows."""
    return PrometheusCatalog(
        config.prometheus.url,
        tell=tell,
        timeout_seconds=timeout_seconds,
        token=_prometheus_token(settings),
    )


def _prometheus_token(settings: Settings) -> str | None:
    token = settings.prometheus_token
    return None if token is None else token.get_secret_value()


def stalled_after_seconds(settings: Settings, config: Config) -> float:
    """Return how long the loop may be silent before it counts as dead: three of the slowest possible cycles."""
    slowest = config.interval_seconds + settings.docker_timeout_seconds + 2 * config.prometheus.timeout_seconds
    return 3 * slowest


def broadcast(observers: Iterable[Observer]) -> Tell:
    """Return a function that tells every observer."""
    everybody = tuple(observers)

    def tell(event: Event) -> None:
        for observer in everybody:
            observer.notify(event)

    return tell
