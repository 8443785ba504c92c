"""Builds the daemon from the settings and the policy file."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from autoscaler.adapters.override_file import OverrideFile
from autoscaler.adapters.prometheus.names import ServiceNames
from autoscaler.adapters.traefik_api import TraefikServices
from autoscaler.config.load import PolicyFile, load_file
from autoscaler.config.model import Config
from autoscaler.config.services import by_labels
from autoscaler.config.settings import Settings
from autoscaler.control.cycle import Cycle
from autoscaler.control.foreign_report import ForeignReport
from autoscaler.control.gate import Applied, Gate, backing_off, dry_run, paused, settling, standing_by
from autoscaler.control.operations import Operations
from autoscaler.control.overrides import Overrides
from autoscaler.core.memory import Memory
from autoscaler.core.model import Decision
from autoscaler.daemon.active_cycle import ActiveCycle
from autoscaler.daemon.build_observers import Observers, make_observers
from autoscaler.daemon.reload import Reloader
from autoscaler.ports.fleet import ServiceRef
from autoscaler.ports.leadership import Leadership
from autoscaler.ports.targets import ReplicaTarget
from autoscaler.warmstart.warm_start import WarmStart
from autoscaler.wiring import (
    broadcast,
    longest_request_seconds,
    make_history,
    make_leadership,
    make_source,
    make_target,
    stalled_after_seconds,
)

WARM_START_SECONDS = 30.0  # at most


@dataclass(frozen=True, slots=True)
class Daemon:
    """The daemon, built and not yet running."""

    settings: Settings
    observers: Observers
    target: ReplicaTarget
    leadership: Leadership
    operations: Operations
    overrides: Overrides
    active_cycle: ActiveCycle
    reloader: Reloader
    names: ServiceNames
    traefik: TraefikServices
    reconfigured: list[Callable[[Config], None]]  # called with each configuration that is put in force

    @property
    def warm_start_seconds(self) -> float:
        """How long the warm start may take, so that /healthz does not fail meanwhile."""
        return min(WARM_START_SECONDS, stalled_after_seconds(self.settings, self.active_cycle.config) / 2)

    def warm_start(self) -> WarmStart:
        config, seconds = self.active_cycle.config, self.warm_start_seconds
        history = make_history(self.settings, config, self.observers.emit, timeout_seconds=seconds)
        return WarmStart(self.active_cycle.resolved, self.target, history, interval_seconds=config.interval_seconds)


def build(settings: Settings, file: PolicyFile) -> Daemon:
    observers = make_observers(settings, file.config)
    emit = observers.emit
    target = make_target(
        settings, emit, lambda service: longest_request_seconds(settings, active_cycle.config, emit, service)
    )
    foreign, report = target.foreign, ForeignReport(target.foreign, emit)
    keys = {each.target.lease_key for each in file.config.services.values() if each.target.group is not None}
    leadership = make_leadership(settings, emit, keys, off=lambda: not active_cycle.config.lease)
    operations = Operations(
        target,
        emit,
        at_once=file.config.max_concurrent_operations,
        may_act=lambda ref: leadership.leads(ref.lease_key),
        may_finish=lambda ref: leadership.may_finish(ref.lease_key),
    )
    overrides = Overrides(None if settings.state_dir is None else OverrideFile(settings.state_dir), emit)

    names = ServiceNames()
    traefik = TraefikServices(lambda: active_cycle.config.traefik_api_url, emit)
    standby = standing_by(leadership.why_not)

    def witness(ref: ServiceRef, decision: Decision, applied: Applied) -> None:
        """Follow the lease of every decision, and report foreign changes where the daemon acts."""
        leadership.follow(ref.lease_key)
        if active_cycle.config.dry_run or standby(ref, decision) is None:
            report.witness(ref, decision, applied)
        else:
            foreign.settled(ref)  # it is the leader's operation

    def make_cycle(file: PolicyFile, memories: Mapping[str, Memory]) -> Cycle:
        lead = [dry_run, paused(overrides)] if file.config.dry_run else [paused(overrides), standby]
        holds = [*lead, settling(foreign.hold_reason), backing_off(foreign.crash_backoff)]
        gate = Gate(operations, holds, witness=witness, count_before_crash=report.count_before_crash)
        source = make_source(settings, file.config, emit, names, traefik)
        return Cycle(
            *(by_labels(file), source, target, gate, broadcast([*observers.all, report])),
            max_replicas_total=file.config.max_replicas_total,
            memories=memories,
            overrides=overrides,
        )

    active_cycle = ActiveCycle(make_cycle, file)
    reconfigured: list[Callable[[Config], None]] = [
        lambda config: operations.allow(config.max_concurrent_operations),
        lambda config: observers.status.expect_every(stalled_after_seconds(settings, config)),
        lambda config: leadership.release() if config.dry_run else None,
    ]

    def put_in_force(file: PolicyFile) -> None:
        active_cycle.replace(file)
        for reconfigure in reconfigured:
            reconfigure(file.config)

    reloader = Reloader(settings.config, lambda: load_file(settings.config, settings), put_in_force, emit)
    return Daemon(
        *(settings, observers, target, leadership, operations, overrides),
        *(active_cycle, reloader, names, traefik, reconfigured),
    )
