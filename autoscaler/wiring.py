"""Builds the real parts out of the settings; the only place that knows every adapter."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from autoscaler.adapters.compose.engine import Engine
from autoscaler.adapters.compose.leading import Terms
from autoscaler.adapters.compose.lease import Leases
from autoscaler.adapters.compose.lease_volumes import LeaseVolumes
from autoscaler.adapters.compose.peace import Peace
from autoscaler.adapters.compose.report import Report
from autoscaler.adapters.compose.target import ComposeTarget
from autoscaler.adapters.compose.watch import Watch
from autoscaler.adapters.grafana.api import GrafanaApi
from autoscaler.adapters.grafana.observer import GrafanaObserver
from autoscaler.adapters.journal import JournalObserver
from autoscaler.adapters.logs import LogObserver
from autoscaler.adapters.metrics import MetricsObserver
from autoscaler.adapters.override_file import OverrideFile
from autoscaler.adapters.overview import OverviewObserver
from autoscaler.adapters.prometheus.catalog import PrometheusCatalog
from autoscaler.adapters.prometheus.history import PrometheusHistory
from autoscaler.adapters.prometheus.source import PrometheusSource
from autoscaler.adapters.recent import RecentObserver
from autoscaler.adapters.status import StatusObserver
from autoscaler.core.memory import Memory
from autoscaler.core.model import Decision
from autoscaler.cycle import Cycle
from autoscaler.events import Event
from autoscaler.fleet import ServiceRef
from autoscaler.gate import Applied, Gate, dry_run, paused, settling, standing_by
from autoscaler.operations import Operations
from autoscaler.overrides import Overrides
from autoscaler.policyfile.model import Config
from autoscaler.policyfile.roster import fixed
from autoscaler.ports import Observer, Tell
from autoscaler.settings import Settings
from autoscaler.upkeep import Fenced, Upkeep, holder, limits, projects
from autoscaler.warmstart import WarmStart

WARM_START_SECONDS = 30.0  # at most; a loop that must turn sooner gets less


@dataclass(frozen=True, slots=True)
class Daemon:
    """The daemon, built and not yet running."""

    config: Config
    make_cycle: Callable[[Mapping[str, Memory]], Cycle]  # with the memories that it begins with
    warm_start: WarmStart
    warm_start_seconds: float
    operations: Operations
    watch: Watch
    upkeep: Upkeep
    status: StatusObserver
    metrics: MetricsObserver
    journal: JournalObserver
    overview: OverviewObserver
    recent: RecentObserver
    overrides: Overrides
    tell: Tell
    annotations: Sequence[GrafanaObserver] = ()  # none or one


def build(settings: Settings, config: Config) -> Daemon:
    """Wire adapters, cycle and observers together."""
    policies = [service.policy for service in config.services.values()]
    metrics = MetricsObserver(policies, dry_run=config.dry_run)
    stalled_seconds = stalled_after_seconds(settings, config)
    status = StatusObserver(policies, stalled_after_seconds=stalled_seconds, monotonic=time.monotonic)
    journal = JournalObserver(policies)
    overview, recent = OverviewObserver(config.interval_seconds, dry_run=config.dry_run), RecentObserver()
    observers: list[Observer] = [status, metrics, journal, overview, recent, LogObserver()]
    annotations = make_annotations(settings, broadcast(observers))
    observers += annotations
    tell = broadcast(observers)
    overrides = Overrides(None if settings.state_dir is None else OverrideFile(settings.state_dir), tell)
    peace = Peace()
    report = Report(peace, tell)
    target = make_target(settings, tell, peace)
    upkeep = make_upkeep(settings, config, target, tell)
    operations = Operations(Fenced(target, upkeep.leases.leads), tell, at_once=config.max_concurrent_operations)
    standby = standing_by(upkeep.leases.why_not)
    holds = [*([dry_run] if config.dry_run else []), paused(overrides), standby, settling(peace.trouble)]

    def witness(ref: ServiceRef, decision: Decision, applied: Applied) -> None:
        upkeep.leases.follow(str(ref.project))
        report.witness(ref, decision, applied)

    gate = Gate(operations, holds, witness=witness)
    watch = Watch(make_engine(settings, tell), peace.hear, tell)
    source = make_source(settings, config, tell)
    warm_seconds = min(WARM_START_SECONDS, stalled_seconds / 2)  # /healthz must not take it for a standstill
    history = make_history(settings, config, tell, timeout_seconds=warm_seconds)
    warm_start = WarmStart(config.services, target, history, interval_seconds=config.interval_seconds)

    def make_cycle(memories: Mapping[str, Memory]) -> Cycle:
        return Cycle(
            *(fixed(config.services), source, target, gate, broadcast([*observers, report])),
            max_replicas_total=config.max_replicas_total,
            memories=memories,
            overrides=overrides,
            refusal=target.refusal,
        )

    return Daemon(
        config=config,
        make_cycle=make_cycle,
        warm_start=warm_start,
        warm_start_seconds=warm_seconds,
        operations=operations,
        watch=watch,
        upkeep=upkeep,
        status=status,
        metrics=metrics,
        journal=journal,
        overview=overview,
        recent=recent,
        overrides=overrides,
        tell=tell,
        annotations=annotations,
    )


def make_target(settings: Settings, tell: Tell, peace: Peace | None = None) -> ComposeTarget:
    """Return the target that the settings name."""
    return ComposeTarget(settings.docker_url, timeout_seconds=settings.docker_timeout_seconds, tell=tell, peace=peace)


def make_upkeep(settings: Settings, config: Config, target: ComposeTarget, tell: Tell) -> Upkeep:
    """Return what a daemon that acts does beside its cycles."""
    terms = Terms()
    # A look that takes longer than that is of no use any more.
    timeout_seconds = min(settings.docker_timeout_seconds, terms.confirmed_seconds)
    engine = Engine(settings.docker_url, timeout_seconds=timeout_seconds, tell=tell)
    leases = Leases(LeaseVolumes(engine, holder()), tell, projects=projects(config), terms=terms)
    return Upkeep(leases, target.recovery(tell, limits(config)))


def make_annotations(settings: Settings, tell: Tell) -> list[GrafanaObserver]:
    """Return who tells Grafana of scale events, if the settings name one."""
    if settings.grafana_url is None or settings.grafana_token is None:
        return []
    return [GrafanaObserver(GrafanaApi(settings.grafana_url, settings.grafana_token.get_secret_value()), tell)]


def make_engine(settings: Settings, tell: Tell) -> Engine:
    """Return the engine that the settings name, by itself."""
    return Engine(settings.docker_url, timeout_seconds=settings.docker_timeout_seconds, tell=tell)


def make_source(settings: Settings, config: Config, tell: Tell) -> PrometheusSource:
    """Return the metric source that the policy file and the settings name."""
    token = settings.prometheus_token
    return PrometheusSource(
        config.prometheus.url,
        timeout_seconds=config.prometheus.timeout_seconds,
        max_sample_age_seconds=config.prometheus.max_sample_age_seconds,
        tell=tell,
        token=None if token is None else token.get_secret_value(),
    )


def make_history(settings: Settings, config: Config, tell: Tell, *, timeout_seconds: float = 30.0) -> PrometheusHistory:
    """Return the metric history that the policy file and the settings name; its questions may take longer."""
    token = settings.prometheus_token
    return PrometheusHistory(
        config.prometheus.url,
        max_sample_age_seconds=config.prometheus.max_sample_age_seconds,
        tell=tell,
        timeout_seconds=timeout_seconds,
        token=None if token is None else token.get_secret_value(),
    )


def make_catalog(
    settings: Settings, config: Config, tell: Tell, *, timeout_seconds: float = 30.0
) -> PrometheusCatalog:
    """Return the list of services that the Prometheus of the policy file knows."""
    token = settings.prometheus_token
    return PrometheusCatalog(
        config.prometheus.url,
        tell=tell,
        timeout_seconds=timeout_seconds,
        token=None if token is None else token.get_secret_value(),
    )


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
