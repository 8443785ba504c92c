"""What a daemon does beside its cycles: it keeps its leases, cleans up, asks for names, and reloads its file."""

import time
from collections.abc import Sequence

from autoscaler.daemon.build import Daemon
from autoscaler.daemon.loop import Chore
from autoscaler.ports.fleet import ServiceRef

RECOVERY_SECONDS = 3.0  # the interval between two recoveries
NAMES_SECONDS = 60.0  # the interval between two questions about the names of services in Prometheus
TRAEFIK_SECONDS = 15.0  # the interval between two questions about the services that Traefik lists
RELOAD_LOOK_SECONDS = 2.0  # the interval between two looks at the policy file


def make_chores(daemon: Daemon) -> Sequence[Chore]:
    """Return the daemon's chores. A dry run holds no lease: it would keep another daemon from acting."""

    def lease() -> None:
        if not daemon.active_cycle.config.dry_run:
            daemon.leadership.look()

    def recovery() -> None:
        if not daemon.active_cycle.config.dry_run:
            daemon.target.recover(lambda ref: daemon.leadership.leads(ref.lease_key), options)

    def options(ref: ServiceRef) -> object:
        services = daemon.active_cycle.services.values()
        return next((each.options for each in services if each.target.names(ref)), None)

    return (
        Chore("lease", lease, daemon.leadership.look_seconds),
        Chore("recovery", recovery, RECOVERY_SECONDS),
        Chore("names", lambda: daemon.names.refresh(time.time()), NAMES_SECONDS),
        Chore("traefik", daemon.traefik.refresh, TRAEFIK_SECONDS),
        Chore("reload", daemon.reloader.look, RELOAD_LOOK_SECONDS),
    )
