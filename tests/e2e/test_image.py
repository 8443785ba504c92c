"""The image as operators run it: non-root, read-only, no capabilities, stopped at once."""

import json
import secrets
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest

from deploy.lab.ports import free_ports
from deploy.lab.shell import LabError, run
from tests.support.paths import ROOT

pytestmark = pytest.mark.engine

IMAGE = "traefik-autoscaler:test"


@pytest.fixture(scope="module")
def image(engine_url: str) -> str:
    run(["docker", "build", "--quiet", "--tag", IMAGE, "--build-arg", "VERSION=1.2.3", ROOT], "build the image")
    return IMAGE


class Container:
    def __init__(self, image: str) -> None:
        (self.port,) = free_ports(1)
        self.name = f"autoscaler-test-image-{secrets.token_hex(3)}"
        options = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges:true", "--tmpfs", "/tmp"]
        health = ["--health-interval", "1s"]
        policy = ["--volume", f"{ROOT}/config/autoscaler.yaml:/etc/autoscaler/autoscaler.yaml:ro"]
        publish = ["--publish", f"127.0.0.1:{self.port}:9595"]
        run(
            ["docker", "run", "--detach", "--name", self.name, *options, *health, *policy, *publish, image],
            "run the image",
        )

    def inspect(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(run(["docker", "inspect", self.name], "inspect"))[0]
        return found

    def wait_until_healthy(self) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self.inspect()["State"]["Health"]["Status"] == "healthy":
                return
            time.sleep(0.2)
        pytest.fail(run(["docker", "logs", self.name], "logs"))


@pytest.fixture
def container(image: str) -> Iterator[Container]:
    container = Container(image)
    yield container
    run(["docker", "rm", "--force", container.name], "remove the container")


def test_without_engine_and_prometheus_it_runs_and_is_healthy(container: Container) -> None:
    container.wait_until_healthy()
    assert httpx.get(f"http://127.0.0.1:{container.port}/healthz", timeout=5).json()["ok"] is True
    assert httpx.get(f"http://127.0.0.1:{container.port}/readyz", timeout=5).status_code == 503


def test_a_stop_is_answered_at_once(container: Container) -> None:
    container.wait_until_healthy()
    run(["docker", "stop", "--time", "30", container.name], "stop")
    state = container.inspect()["State"]
    assert (state["ExitCode"], state["OOMKilled"]) == (0, False)
    last = run(["docker", "logs", "--tail", "2", container.name], "logs").strip().splitlines()
    stopping, stopped = (json.loads(line) for line in last)
    assert (stopping["event"], stopped["event"]) == ("stopping", "stopped")
    took = datetime.fromisoformat(stopped["timestamp"]) - datetime.fromisoformat(stopping["timestamp"])
    assert took.total_seconds() < 1


def test_it_is_nobody_and_says_what_it_is(image: str) -> None:
    config = json.loads(run(["docker", "image", "inspect", image], "inspect"))[0]["Config"]
    assert config["User"] == "65532:65532"
    assert config["Labels"]["org.opencontainers.image.title"] == "traefik-autoscaler"
    assert config["Labels"]["org.opencontainers.image.version"] == "1.2.3"


def test_the_command_works_in_it(image: str) -> None:
    assert run(["docker", "run", "--rm", image, "--version"], "version").startswith("autoscaler ")
    assert "Usage" in run(["docker", "run", "--rm", image, "--help"], "help")


def test_it_simulates_with_a_chart_in_the_terminal_and_says_what_a_picture_needs(image: str) -> None:
    policy = ["--volume", f"{ROOT}/config/autoscaler.yaml:/policy.yaml:ro"]
    simulate = ["docker", "run", "--rm", "--read-only", *policy, image, "simulate", "/policy.yaml", "--duration", "10m"]
    printed = run([*simulate, "--service", "userservice"], "simulate")
    assert "answers slower than" in printed
    assert "┌" in printed
    with pytest.raises(
        LabError, match=r"exit code 2:\s+error: PNG and HTML charts need matplotlib; install \S+\[charts\]"
    ):
        run([*simulate, "--png", "/tmp/simulate.png"], "draw")


def test_a_new_volume_at_the_state_directory_can_be_written_by_the_daemons_user(image: str) -> None:
    volume = f"autoscaler-test-state-{secrets.token_hex(3)}"
    options = ["--rm", "--read-only", "--cap-drop", "ALL", "--volume", f"{volume}:/var/lib/autoscaler"]
    write = "open('/var/lib/autoscaler/overrides.json', 'x').close()"
    try:
        run(["docker", "run", *options, "--entrypoint", "python", image, "-c", write], "write to the volume")
    finally:
        run(["docker", "volume", "rm", "--force", volume], "remove the volume")
