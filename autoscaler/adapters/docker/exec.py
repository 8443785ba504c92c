"""The engine calls into a running container: run a command, send a signal."""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from autoscaler.adapters.docker.answers import Execution, MalformedShape, WithId, checked

POLL_SECONDS = 0.1


class Exec:
    """Part of the engine. `asking` gives a client, times its calls and translates their errors."""

    def __init__(self, asking: Callable[[str], AbstractContextManager[Any]]) -> None:
        self._asking = asking

    def run(self, container: str, command: Sequence[str], *, user: str = "", timeout_seconds: float) -> int | None:
        """Run a command and return its exit code; None if it still runs after the timeout."""
        with self._asking("exec") as client:
            created = client.exec_create(container, list(command), stdout=False, stderr=False, user=user)
            run = checked(WithId, created)["Id"]
            client.exec_start(run, detach=True)
            deadline = time.monotonic() + timeout_seconds
            while (state := checked(Execution, client.exec_inspect(run)))["Running"]:
                if time.monotonic() > deadline:
                    return None
                time.sleep(POLL_SECONDS)
            if state["ExitCode"] is None:
                raise MalformedShape("ExitCode: null of a command that has ended")
            return int(state["ExitCode"])

    def signal(self, container: str, name: str) -> None:
        """Send a signal, e.g. SIGUSR1, to the container's first process."""
        with self._asking("signal") as client:
            client.kill(container, signal=name)
