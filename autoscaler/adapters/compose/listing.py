"""The containers of the engine's list call, as replicas."""

from autoscaler.adapters.compose import labels as label
from autoscaler.adapters.compose.replicas import Replica, parse
from autoscaler.adapters.docker.engine import Engine
from autoscaler.adapters.docker.errors import EngineError
from autoscaler.errors import TargetUnavailable
from autoscaler.ports.fleet import ServiceRef


def every(engine: Engine) -> list[Replica]:
    """Return the replicas of all Compose services, in all states.

    Raises:
        TargetUnavailable: the engine does not answer, or refuses the list.
    """
    return _listed(engine, {label.PROJECT: None})


def members(engine: Engine, ref: ServiceRef) -> list[Replica]:
    """Return the replicas of one service; it raises what `every` raises."""
    return _listed(engine, {label.PROJECT: ref.group, label.SERVICE: ref.name})


def _listed(engine: Engine, labels: dict[str, str | None]) -> list[Replica]:
    try:
        return parse(engine.containers(labels))
    except EngineError as error:
        raise TargetUnavailable(f"cannot list the containers: {error}") from error
