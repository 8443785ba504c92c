"""One running copy of the stack for all end-to-end tests, in a project of its own that leaves nothing behind."""

import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.lab.gateway import kept_to
from deploy.lab.stack import Stack, services_not_to_be_had

HERE = Path(__file__).parent / "stack"
TOKEN = "an-api-token-of-the-tests"


class RunningStack:
    """The stack, and what the daemon says about it."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.api = f"http://127.0.0.1:{stack.ports.autoscaler}"
        self.prometheus = f"http://127.0.0.1:{stack.ports.prometheus}"

    @property
    def variables(self) -> dict[str, str]:
        """What commands on this machine must know of the stack."""
        return {
            "AUTOSCALER_URL": self.api,
            "AUTOSCALER_API_TOKEN": TOKEN,
            "AUTOSCALER_COMPOSE_PROJECT": self.stack.project,
            "AUTOSCALER_PROMETHEUS_URL": self.prometheus,
        }

    def autoscaler(self, *arguments: str) -> str:
        """Run a command in the daemon's container, as operators do."""
        return self.stack.run("exec", "--no-tty", "autoscaler", "autoscaler", *arguments)

    def service(self, name: str = "userservice") -> dict[str, Any]:
        """The last evaluation of a service, as the daemon tells it."""
        answer: dict[str, Any] = httpx.get(f"{self.api}/api/v1/services/{name}", timeout=5).json()
        return answer

    def decision(self, name: str = "userservice") -> dict[str, Any]:
        found: dict[str, Any] | None = self.service(name)["decision"]
        return found if found is not None else {"reason": None, "replicas": {"current": None, "ready": None}}

    def ready(self, name: str = "userservice") -> int | None:
        count: int | None = self.decision(name)["replicas"]["ready"]
        return count

    def until(self, what: str, true: Callable[[], bool], *, seconds: float = 90) -> None:
        """Wait for something that must happen; fail with the daemon's last words if it does not."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if true():
                    return
            except (httpx.TransportError, ValueError, KeyError):
                pass
            time.sleep(0.2)
        log = self.stack.run("logs", "--tail", "20", "--no-log-prefix", "autoscaler")
        pytest.fail(f"not within {seconds:g} s: {what}\n{log}")

    def settled(self) -> None:
        """Wait until the daemon sees Traefik, and every service has its two replicas."""
        names = ("userservice", "music-service", "social-service", "notification-service")
        self.until("the stack is quiet", lambda: all(self.quiet(name) for name in names), seconds=180)

    def quiet(self, name: str) -> bool:
        """Whether the daemon sees Traefik, wants two replicas, and is done with every other one."""
        decision = self.decision(name)
        sees = decision.get("winner") or decision["reason"] == "unseen"  # before the first request
        return bool(sees) and decision["replicas"] == {"current": 2, "ready": 2, "requested": None}


@pytest.fixture(scope="package")
def running_stack(compose_command: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """One stack for the tests of this folder; it ends with them, for it keeps half a core busy."""
    without = services_not_to_be_had()
    project = f"autoscaler-test-{secrets.token_hex(3)}"
    directory = tmp_path_factory.mktemp("stack")
    token = directory / "token"
    token.write_text(TOKEN, encoding="utf-8")
    environment = {
        "AUTOSCALER_POLICY_FILE": str(HERE / "policy.yaml"),
        "AUTOSCALER_LOG_LEVEL": "info",
        "AUTOSCALER_API_TOKEN_FILE": str(token),
    }
    overrides = (HERE / "compose.override.yaml", kept_to(project, directory))
    stack = Stack(compose_command, project, environment, without=without, overrides=overrides)
    try:
        stack.build()
        stack.up()
        yield RunningStack(stack)
    finally:
        stack.down()


@pytest.fixture
def stack(running_stack: RunningStack) -> RunningStack:
    """The stack at rest."""
    running_stack.settled()
    return running_stack
