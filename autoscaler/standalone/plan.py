"""One evaluation without a daemon; it does not act."""

import time
from collections.abc import Iterable, Mapping

from autoscaler.adapters.prometheus.names import ServiceNames
from autoscaler.adapters.traefik_api import TraefikServices
from autoscaler.config.load import load_file
from autoscaler.config.model import Config, ServiceConfig
from autoscaler.config.services import by_labels, fixed
from autoscaler.config.settings import Settings
from autoscaler.control.cycle import Cycle
from autoscaler.control.gate import Gate, dry_run
from autoscaler.control.operations import Operations
from autoscaler.events import Evaluation, evaluation
from autoscaler.ports.observers import discard
from autoscaler.ports.targets import ReplicaTarget
from autoscaler.standalone.selection import chosen
from autoscaler.warmstart.warm_start import WarmStart, wait_for
from autoscaler.wiring import make_history, make_source, make_target

WARM_START_SECONDS = 10.0  # at most, before a plan


def plan(settings: Settings, names: Iterable[str] = ()) -> list[Evaluation]:
    """Evaluate the named services (all, without names) once; do not act.

    The memories are those of a daemon that starts now; without an answer of Prometheus they are empty.

    Raises:
        ConfigError: the policy file is wrong, or neither it nor a label has such a service.
        TargetUnavailable: the engine does not answer, and its labels may have one.
    """
    file, target = load_file(settings.config, settings), make_target(settings, emit=discard)
    fleet = target.observe()
    resolved = by_labels(file)(fleet)
    wanted = chosen(resolved, names, fleet)
    alone = file.config.max_replicas_total is None
    planner = _planner(settings, file.config, target, wanted if alone else resolved.services)
    finished = planner.run(time.time())
    return [evaluation(finished.services[name], wanted[name].policy, finished.at) for name in wanted]


def _planner(settings: Settings, config: Config, target: ReplicaTarget, services: Mapping[str, ServiceConfig]) -> Cycle:
    """Return a cycle that acts on nothing; what a budget leaves for one service depends on all of them."""
    gate = Gate(Operations(target, discard, at_once=1), [dry_run])
    history = make_history(settings, config, discard, timeout_seconds=WARM_START_SECONDS)
    warm = WarmStart(fixed(services), target, history, interval_seconds=config.interval_seconds)
    memories = {name: each.memory for name, each in wait_for(warm, time.time(), WARM_START_SECONDS).items()}
    names, traefik = ServiceNames(), TraefikServices(lambda: config.traefik_api_url, discard)
    source = make_source(settings, config, discard, names, traefik)
    names.refresh(time.time())
    traefik.refresh()
    return Cycle(
        *(fixed(services), source, target, gate, discard),
        max_replicas_total=config.max_replicas_total,
        memories=memories,
    )
