"""The route to a service through its gateway."""

from dataclasses import dataclass

from autoscaler.loadtest.replicas import KnownReplica
from autoscaler.loadtest.rule import Aim


@dataclass(frozen=True, slots=True)
class Entrance:
    """The route to a service; unknown parts are None."""

    replicas: tuple[KnownReplica, ...]
    ready: int
    cookie: str | None  # the sticky cookie's name
    aim: Aim | None
    rules: tuple[str, ...]  # as in the labels
    gateway: str | None  # such as https://127.0.0.1:443
