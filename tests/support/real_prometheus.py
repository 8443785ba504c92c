"""Real Prometheus servers with a history in their database."""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from deploy.lab import images
from deploy.lab.ports import free_ports
from deploy.lab.shell import run

FLAGS = [
    "--config.file=/data/prometheus.yaml",
    "--storage.tsdb.path=/data/tsdb",
    "--storage.tsdb.retention.time=36500d",
]


@contextmanager
def running(image: str, history: str, directory: Path) -> Iterator[str]:
    """Run that Prometheus with that history (OpenMetrics text); yield its address."""
    if images.ensure([image, images.PROMETHEUS_OLD]):
        pytest.skip(f"{image} is not to be had here")
    _fill(directory, history)
    (port,) = free_ports(1)
    name = f"autoscaler-test-prometheus-{secrets.token_hex(3)}"
    options = ["--user", "0:0", "--volume", f"{directory}:/data", "--publish", f"127.0.0.1:{port}:9090"]
    run(["docker", "run", "--detach", "--name", name, *options, image, *FLAGS], "start Prometheus")
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_ready(url)
        yield url
    finally:
        run(["docker", "rm", "--force", "--volumes", name], "remove Prometheus")
        run(
            ["docker", "run", "--rm", "--volume", f"{directory}:/data", images.PYTHON, "rm", "-rf", "/data/tsdb"],
            "clean up",
        )


def _fill(directory: Path, history: str) -> None:
    """Write the history, and make blocks of it with the real promtool."""
    (directory / "prometheus.yaml").write_text("global: {}\n", encoding="utf-8")
    (directory / "history.txt").write_text(history, encoding="utf-8")
    command = ["docker", "run", "--rm", "--user", "0:0", "--entrypoint", "promtool", "--volume", f"{directory}:/data"]
    blocks = ["tsdb", "create-blocks-from", "openmetrics", "/data/history.txt", "/data/tsdb"]
    run([*command, images.PROMETHEUS_OLD, *blocks], "make blocks")


def _wait_until_ready(url: str) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/-/ready", timeout=30).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    pytest.fail("Prometheus did not become ready")
