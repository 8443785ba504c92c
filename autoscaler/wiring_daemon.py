"""Builds the daemon out of the settings and the policy file."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from autoscaler.adapters.compose.lease.lease import Leases
from autoscaler.adapters.compose.peace.peace import Peace
from autoscaler.adapters.compose.peace.report import Report
from autoscaler.adapters.compose.peace.watch import Watch
from autoscaler.adapters.compose.target import ComposeTarget
from autoscaler.adapters.override_file import OverrideFile
from autoscaler.core.memory import Memory
from autoscaler.core.model import Decision
from autoscaler.cycle import Cycle
from autoscaler.fleet import ServiceRef
from autoscaler.gate import Applied, Gate, Hold, Witness, dry_run, paused, relapsing, settling, standing_by
from autoscaler.operations import Operations
from autoscaler.overrides import Overrides
from autoscaler.policyfile.load import PolicyFile, load_file
from autoscaler.policyfile.model import Config
from autoscaler.policyfile.roster import by_labels
from autoscaler.reload import Reloader
from autoscaler.rotation import Rotation
from autoscaler.settings import Settings
from autoscaler.upkeep import Fenced, Upkeep
from autoscaler.warmstart import WarmStart
from autoscaler.wiring import (
    broadcast,
    make_engine,
    make_history,
    make_source,
    make_target,
    make_upkeep,
    stalled_after_seconds,
)
from autoscaler.wiring_observers import Observers, make_observers

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
    peace: Peace
    report: Report
    watch: Watch
    rotation: Rotation
    reloader: Reloader
    reconfigured: list[Callable[[Config], None]]  # told of each configuration that is put in force

    @property
    def warm_start_seconds(self) -> float:
        """How long the warm start may take: /healthz must not take it for a standstill."""
        return min(WARM_START_SECONDS, stalled_after_seconds(self.settings, self.rotation.config) / 2)

    def warm_start(self) -> WarmStart:
        """Return what rebuilds the memories."""
        config, seconds = self.rotation.config, self.warm_start_seconds
        history = make_history(self.settings, config, self.observers.tell, timeout_seconds=seconds)
        return WarmStart(self.rotation.roster, self.target, history, interval_seconds=config.interval_seconds)


def build(settings: Settings, file: PolicyFile) -> Daemon:
    """Wire adapters, cycle and observers together."""
    observers = make_observers(settings, file.config)
    tell, peace = observers.tell, Peace()
    target, report = make_target(settings, tell, peace), Report(peace, tell)
    upkeep = make_upkeep(settings, file.config, target, tell, lambda: rotation.services)
    operations = Operations(Fenced(target, upkeep.leases.leads), tell, at_once=file.config.max_concurrent_operations)
    overrides = Overrides(None if settings.state_dir is None else OverrideFile(settings.state_dir), tell)
    watch = Watch(make_engine(settings, tell), peace.hear, tell)

    standby = standing_by(upkeep.leases.why_not)
    witness = _witness(upkeep.leases, report, peace, lambda: rotation.config.dry_run)

    def make_cycle(file: PolicyFile, memories: Mapping[str, Memory]) -> Cycle:
        holds: list[Hold] = [paused(overrides), standby, settling(peace.trouble), relapsing(peace.relapse)]
        gate = Gate(operations, [dry_run, *holds] if file.config.dry_run else holds, witness=witness, owed=report.owed)
        source = make_source(settings, file.config, tell)
        return Cycle(
            *(by_labels(file), source, target, gate, broadcast([*observers.all, report])),
            max_replicas_total=file.config.max_replicas_total,
            memories=memories,
            overrides=overrides,
            refusal=target.refusal,
        )

    rotation = Rotation(make_cycle, file)
    reconfigured: list[Callable[[Config], None]] = [
        lambda config: operations.allow(config.max_concurrent_operations),
        lambda config: observers.status.expect_every(stalled_after_seconds(settings, config)),
    ]
    reloader = Reloader(
        settings.config, lambda: load_file(settings.config, settings), _in_force(rotation, reconfigured), tell
    )
    parts = (target, upkeep, operations, overrides, peace, report, watch)
    return Daemon(settings, observers, *parts, rotation, reloader, reconfigured)


def _witness(leases: Leases, report: Report, peace: Peace, is_dry: Callable[[], bool]) -> Witness:
    """Return what sees every decision: it finds projects to lead, and has told what others do where we act."""
    standby = standing_by(leases.why_not)

    def witness(ref: ServiceRef, decision: Decision, applied: Applied) -> None:
        leases.follow(str(ref.project))
        if is_dry() or standby(ref, decision) is None:
            report.witness(ref, decision, applied)
        else:
            peace.settled(ref)  # what the leader does is no news to anybody

    return witness


def _in_force(rotation: Rotation, reconfigured: list[Callable[[Config], None]]) -> Callable[[PolicyFile], None]:
    """Return what puts a policy file in force."""

    def put(file: PolicyFile) -> None:
        rotation.turn(file)
        for told in reconfigured:
            told(file.config)

    return put
