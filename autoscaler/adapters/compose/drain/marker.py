"""The marker that makes a replica's healthcheck fail, so that Traefik lets it go: set, and removed again."""

from autoscaler.adapters.compose import labels as label
from autoscaler.adapters.compose.healthcheck import DIRECTORY, MARKER, SHELL
from autoscaler.adapters.compose.replicas import Replica
from autoscaler.adapters.docker.engine import Engine

WRITE_SECONDS = 10.0

_SET = (SHELL, "-c", '[ -d "$1" ] || mkdir -p "$1"; : >"$1/drain"', "drain", DIRECTORY)
_REMOVE = (SHELL, "-c", '[ -e "$1" ] && rm -f "$1"', "drain", MARKER)


def set_marker(engine: Engine, replica: Replica) -> int | None:
    """Set it; return 0 where it is set now, and None without an answer in time."""
    return _run(engine, replica, _SET)


def remove_marker(engine: Engine, replica: Replica) -> int | None:
    """Remove it; return 0 where there was one, and None without an answer in time."""
    return _run(engine, replica, _REMOVE)


def _run(engine: Engine, replica: Replica, command: tuple[str, ...]) -> int | None:
    """Run it in a clone as its own user, elsewhere as root, who may write to any directory."""
    user = "" if label.HEALTHCHECK in replica.labels else "0"
    return engine.exec.run(replica.id, command, user=user, timeout_seconds=WRITE_SECONDS)
