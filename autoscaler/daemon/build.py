"""Builds the daemon out of the settings and the policy file."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from autoscaler.adapters.compose.foreign.foreign_changes import ForeignChanges
from autoscaler.adapters.compose.foreign.report import ForeignReport
from autoscaler.adapters.compose.foreign.watch import Watch
from autoscaler.adapters.compose.target import ComposeTarget
from autoscaler.adapters.docker.engine import Engine
from autoscaler.adapters.leadership.election import LeaseTiming
from autoscaler.adapters.leadership.leases import Leases
from autoscaler.adapters.leadership.volume_store import LeaseVolumes
from autoscaler.adapters.override_file import OverrideFile
from autoscaler.config.load import PolicyFile, load_file
from autoscaler.config.model import Config, ServiceConfig
from autoscaler.config.services import by_labels
from autoscaler.config.settings import Settings
from autoscaler.control.cycle import Cycle
from autoscaler.control.gate import Applied, Gate, Hold, Witness, backing_off, dry_run, paused, settling, standing_by
from autoscaler.control.operations import Operations
from autoscaler.control.overrides import Overrides
from autoscaler.core.memory import Memory
from autoscaler.core.model import Decision
from autoscaler.daemon.active_cycle import ActiveCycle
from autoscaler.daemon.build_observers import Observers, make_observers
from autoscaler.daemon.chores import Fenced, Upkeep, holder, limits, projects
from autoscaler.daemon.reload import Reloader
from autoscaler.ports.fleet import ServiceRef
from autoscaler.ports.observers import Emit
from autoscaler.warmstart.warm_start import WarmStart
from autoscaler.wiring import (
    broadcast,
    make_engine,
    make_history,
    make_source,
    make_target,
    stalled_after_seconds,
)

WARM_START_SECONDS = 30.0  # at most; a loop that must turn sooner gets less


@dataclass(frozen=True, slots=True)
class Daemon:
    """The daemon, built and not yet running."""

    settings: Settings
    observers: Observers
    target: ComposeTarget
    upkeep: Upkeep
    operations: Operations
    overrides: Overrides
    foreign: ForeignChanges
    report: ForeignReport
    watch: Watch
    active_cycle: ActiveCycle
    reloader: Reloader
    reconfigured: list[Callable[[Config], None]]  # told of each configuration that is put in force

    @property
    def warm_start_seconds(self) -> float:
        """How long the warm start may take: /healthz must not take it for a standstill."""
        return min(WARM_START_SECONDS, stalled_after_seconds(self.settings, self.active_cycle.config) / 2)

    def warm_start(self) -> WarmStart:
        """Return what rebuilds the memories."""
        config, seconds = self.active_cycle.config, self.warm_start_seconds
        history = make_history(self.settings, config, self.observers.emit, timeout_seconds=seconds)
        return WarmStart(self.active_cycle.resolved, self.target, history, interval_seconds=config.interval_seconds)


def build(settings: Settings, file: PolicyFile) -> Daemon:
    """Wire adapters, cycle and observers together."""
    observers = make_observers(settings, file.config)
    emit, foreign = observers.emit, ForeignChanges()
    target, report = make_target(settings, emit, foreign), ForeignReport(foreign, emit)
    upkeep = _make_upkeep(settings, file.config, target, emit, lambda: active_cycle.services)
    operations = Operations(Fenced(target, upkeep.leases.leads), emit, at_once=file.config.max_concurrent_operations)
    overrides = Overrides(None if settings.state_dir is None else OverrideFile(settings.state_dir), emit)
    watch = Watch(make_engine(settings, emit), foreign.hear, emit)

    standby = standing_by(upkeep.leases.why_not)
    witness = _witness(upkeep.leases, report, foreign, lambda: active_cycle.config.dry_run)

    def make_cycle(file: PolicyFile, memories: Mapping[str, Memory]) -> Cycle:
        holds: list[Hold] = [paused(overrides), standby, settling(foreign.trouble), backing_off(foreign.crash_backoff)]
        gate = Gate(operations, [dry_run, *holds] if file.config.dry_run else holds, witness=witness, owed=report.owed)
        source = make_source(settings, file.config, emit)
        return Cycle(
            *(by_labels(file), source, target, gate, broadcast([*observers.all, report])),
            max_replicas_total=file.config.max_replicas_total,
            memories=memories,
            overrides=overrides,
            refusal=target.refusal,
        )

    active_cycle = ActiveCycle(make_cycle, file)
    reconfigured: list[Callable[[Config], None]] = [
        lambda config: operations.allow(config.max_concurrent_operations),
        lambda config: observers.status.expect_every(stalled_after_seconds(settings, config)),
    ]
    reloader = Reloader(
        settings.config, lambda: load_file(settings.config, settings), _in_force(active_cycle, reconfigured), emit
    )
    parts = (target, upkeep, operations, overrides, foreign, report, watch)
    return Daemon(settings, observers, *parts, active_cycle, reloader, reconfigured)


def _make_upkeep(
    settings: Settings,
    config: Config,
    target: ComposeTarget,
    emit: Emit,
    services: Callable[[], Mapping[str, ServiceConfig]],
) -> Upkeep:
    """Return what a daemon that acts does beside its cycles."""
    terms = LeaseTiming()
    # A look that takes longer than that is of no use any more.
    timeout_seconds = min(settings.docker_timeout_seconds, terms.confirmed_seconds)
    engine = Engine(settings.docker_url, timeout_seconds=timeout_seconds, emit=emit)
    leases = Leases(LeaseVolumes(engine, holder()), emit, projects=projects(config), terms=terms)
    return Upkeep(leases, target.recovery(emit, limits(services)))


def _witness(leases: Leases, report: ForeignReport, foreign: ForeignChanges, is_dry: Callable[[], bool]) -> Witness:
    """Return what sees every decision: it finds projects to lead, and has told what others do where we act."""
    standby = standing_by(leases.why_not)

    def witness(ref: ServiceRef, decision: Decision, applied: Applied) -> None:
        leases.follow(str(ref.project))
        if is_dry() or standby(ref, decision) is None:
            report.witness(ref, decision, applied)
        else:
            foreign.settled(ref)  # what the leader does is no news to anybody

    return witness


def _in_force(active_cycle: ActiveCycle, reconfigured: list[Callable[[Config], None]]) -> Callable[[PolicyFile], None]:
    """Return what puts a policy file in force."""

    def put(file: PolicyFile) -> None:
        active_cycle.turn(file)
        for told in reconfigured:
            told(file.config)

    return put
