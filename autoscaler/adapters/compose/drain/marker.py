"""The marker that makes a replica's healthcheck fail, so that Traefik routes no request to it."""

from autoscaler.adapters.compose import labels as label
from autoscaler.adapters.compose.healthcheck import DIRECTORY, MARKER, SHELL
from autoscaler.adapters.compose.replicas import Replica
from autoscaler.adapters.docker.engine import Engine

WRITE_SECONDS = 10.0

_SET = (SHELL, "-c", '[ -d "$1" ] || mkdir -p "$1"; : >"$1/drain"', "drain", DIRECTORY)
_REMOVE = (SHELL, "-c", '[ -e "$1" ] && rm -f "$1"', "drain", MARKER)


def set_marker(engine: Engine, replica: Replica) -> int | None:
    """Set it; return 0 if it is set now, and None without an answer in time."""
    return _run(engine, replica, _SET)


def remove_marker(engine: Engine, replica: Replica) -> int | None:
    """Remove it; return 0 if there was one, and None without an answer in time."""
    return _run(engine, replica, _REMOVE)


def _run(engine: Engine, replica: Replica, command: tuple[str, ...]) -> int | None:
    """Run the command as the user of a clone, elsewhere as root, which may write to any directory."""
    user = "" if label.HEALTHCHECK in replica.labels else "0"
    return engine.exec.run(replica.id, command, user=user, timeout_seconds=WRITE_SECONDS)
